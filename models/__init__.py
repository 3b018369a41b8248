"""Networks that name an action, and what they share.

Importing this package imports no Keras; building or loading a network does.
"""

import importlib
from dataclasses import dataclass, field
from typing import NamedTuple

from common.pose_layouts import LAYOUTS
from common.quiet import import_keras

MODES = {"RGB": ("rgb",), "Flow": ("flow",), "Fuse": ("rgb", "flow"), "Pose": ("pose",), "Features": ("features",)}
MODES |= {"RGB+Pose": ("rgb", "pose"), "Flow+Pose": ("flow", "pose")}
"""What `--mode` means: the inputs a recogniser eats."""

CLIP_MODES = ("RGB", "Flow", "Fuse", "RGB+Pose", "Flow+Pose")
"""Those of a recogniser that eats pictures, alone or together with `POSE_RECOGNISER`."""

POSE_RECOGNISER = "pose_gru"

STREAM_TITLES = {"rgb": "spatial", "flow": "motion", "pose": "pose"}
"""What the streams of a network of two are called where their scores are shown."""

CHANNELS = {"rgb": 3, "flow": 2}
"""Channels of pictures, uint8: rgb is R, G, B; flow is x, y with 128 = no motion and ±20 pixels over the range."""


class Option(NamedTuple):
    """Something about a network that can be chosen when it is built; train.py makes a flag of it.

    `default` (its type is the flag's), `help` in words, and `choices` where not everything of the type will do.
    """

    default: object
    help: str
    choices: tuple | None = None


@dataclass(frozen=True)
class Recogniser:
    """A network that names an action, with the clip it was made for.

    Attributes:
        module: where its builder lives; imported only when a network is built or loaded.
        builder: name of the function ``(num_class, stream, frames, size, **options) -> keras.Model`` for one stream.
        frames: frames of a clip.
        size: height and width of a frame in pixels; of features, how many there are; for poses, of the crops that they are found in.
        fps: frames per second of the footage the paper used.
        modes: what it can see, keys of `MODES`.
        sampling_rate: the frames of a clip are every Nth of footage at `fps`, to which all footage is brought first; 1 = consecutive
            frames, as recorded.
        options: {name: `Option`}, further arguments of the builder. A run's meta.json keeps what was chosen.
        frozen: name of a layer up to which the network does not learn (unless `options` say so), so that what it gives for a video,
            frame by frame or place by place, can be computed once; None where everything learns.
        over: name of the recogniser that it is built on, two runs of which, in RGB and Flow, it takes its streams from. Its builder makes
            the network for both streams at once: ``(num_class, frames, size, **options)``, with an option "positions": its clip are so
            many stacks, each as long as a clip of those runs. None for a network of its own.
    """

    module: str
    builder: str
    frames: int
    size: int
    fps: float
    modes: tuple = CLIP_MODES
    sampling_rate: int = 1
    options: dict = field(default_factory=dict)
    frozen: str | None = None
    over: str | None = None

    def load(self):
        """The builder function. Importing its module registers the network's own layers, if any, for loading."""
        import_keras()
        return getattr(importlib.import_module(self.module), self.builder)


BACKBONES = ("ResNet152", "ResNet50", "VGG19", "Xception", "MobileNet", "MobileNetV2", "MobileNetV3Small", "EfficientNetV2B0", "Small")
"""Image networks that `models.backbones` knows: those of keras.applications, and a small one that learns from few clips."""

LRCN_OPTIONS = {
    "backbone": Option("ResNet152", "image network, of keras.applications or Small", BACKBONES),
    "latent_dim": Option(512, "width of the linear layer on it"),
    "lstm_layers": Option(2, "LSTM layers"),
    "hidden_size": Option(256, "units of a recurrent layer, in each direction"),
    "bidirectional": Option(True, "whether LSTMs read the clip backwards too"),
    "train_backbone": Option(False, "whether the image network learns too"),
}

TWO_STREAM_OPTIONS = {"backbone": Option("Xception", "image network, of keras.applications or Small", BACKBONES)}

RECURRENT_OPTIONS = TWO_STREAM_OPTIONS | {
    "positions": Option(19, "places of a video that it looks at"),
    "hidden_size": Option(128, LRCN_OPTIONS["hidden_size"].help),
    "attention": Option(True, "whether all places count, each as it says itself, or only what is remembered at the last"),
}

POSE_OPTIONS = {
    "recurrent_unit": Option("gru", "kind of the recurrent layers", ("gru", "lstm")),
    "recurrent_layers": Option(1, "one or two", (1, 2)),
}

FUSE_OPTIONS = {"fusion": Option((1.0, 1.0), "how much the logits of each stream count")}
"""Those of every network of two streams, see `fuse`."""

GAIT_OPTIONS = POSE_OPTIONS | {"shrink": Option(1, "divides the filters of the pose network, as in train_pose.py", (1, 2, 4, 8, 16))}

QUERY = "query"
VATN_OPTIONS = {QUERY: Option("centre", "who is asked about: whoever is in the middle, or each tracked person's box", ("centre", "box"))}

RECOGNISERS = {
    "i3d": Recogniser("models.i3d", "i3d", frames=64, size=224, fps=25.0),
    "i3d_se": Recogniser("models.i3d", "i3d_se", frames=64, size=224, fps=25.0),
    "mobilenet_v3_large": Recogniser("models.mobilenet_v3", "mobilenet_v3_large", frames=16, size=224, fps=6.25),
    "mobilenet_v3_small": Recogniser("models.mobilenet_v3", "mobilenet_v3_small", frames=16, size=224, fps=6.25),
    "shufflenet_v2_0_5": Recogniser("models.shufflenet_v2", "shufflenet_v2_0_5", frames=16, size=224, fps=6.25),
    "shufflenet_v2_1_0": Recogniser("models.shufflenet_v2", "shufflenet_v2_1_0", frames=16, size=224, fps=6.25),
    "shufflenet_v2_1_5": Recogniser("models.shufflenet_v2", "shufflenet_v2_1_5", frames=16, size=224, fps=6.25),
    "shufflenet_v2_2_0": Recogniser("models.shufflenet_v2", "shufflenet_v2_2_0", frames=16, size=224, fps=6.25),
    "x3d_s": Recogniser("models.x3d", "x3d_s", frames=13, size=160, fps=5.0),
    "x3d_m": Recogniser("models.x3d", "x3d_m", frames=16, size=224, fps=6.0),
    "slowfast_8x8": Recogniser("models.slowfast", "slowfast_8x8", frames=32, size=224, fps=15.0),
    "slowfast_4x16": Recogniser("models.slowfast", "slowfast_4x16", frames=32, size=224, fps=15.0),
    "vatn": Recogniser("models.vatn", "vatn", frames=64, size=224, fps=25.0, options=VATN_OPTIONS),
    "lrcn": Recogniser(
        "models.lrcn", "lrcn", frames=5, size=224, fps=25.0, modes=("RGB",), sampling_rate=10, options=LRCN_OPTIONS, frozen="embedding"
    ),
    "two_stream": Recogniser(
        "models.two_stream", "two_stream", frames=10, size=224, fps=25.0, modes=("RGB", "Flow", "Fuse"), options=TWO_STREAM_OPTIONS
    ),
    "recurrent_fusion": Recogniser(
        "models.recurrent_fusion",
        "recurrent_fusion",
        frames=190,
        size=224,
        fps=25.0,
        modes=("Fuse",),
        options=RECURRENT_OPTIONS,
        frozen="embedding",
        over="two_stream",
    ),
    "gait": Recogniser("models.gait", "gait", frames=32, size=299, fps=25.0, modes=("RGB",), options=GAIT_OPTIONS, frozen="features"),
    "motion": Recogniser("models.motion", "motion", frames=20, size=96, fps=10.0, modes=("Flow", "Flow+Pose")),
    "pose_gru": Recogniser("models.pose_gru", "pose_gru", frames=32, size=192, fps=25.0, modes=("Pose",), options=POSE_OPTIONS),
    "pose_logistic": Recogniser("models.pose_logistic", "pose_logistic", frames=1, size=512, fps=25.0, modes=("Features",)),
}


def options_of(name, mode):
    """{name: `Option`} of a recogniser in `mode`, with those of the pose stream where it has one, and of fusion."""
    pose = RECOGNISERS[POSE_RECOGNISER].options if "pose" in MODES[mode] else {}
    return RECOGNISERS[name].options | pose | (FUSE_OPTIONS if len(MODES[mode]) > 1 else {})


def sees_boxes(options):
    """Whether a network with these options, {name: value}, eats the "box" of a person beside the pictures."""
    return options.get(QUERY) == "box"


def input_shapes(mode, frames, size, layout="coco17", boxes=False):
    """{input name: shape without the batch} of a recogniser in `mode`.

    "pose" has the joints of a key of `common.pose_layouts.LAYOUTS`, each as x, y and confidence; "features" are those of a whole clip,
    `size` of them. With `boxes` there is a "box" too: left, top, right, bottom, from 0 to 1.
    """
    shapes = {name: (frames, size, size, channels) for name, channels in CHANNELS.items()}
    shapes |= {"pose": (frames, len(LAYOUTS[layout].names), 3), "features": (size,), "box": (4,)}
    return {name: shapes[name] for name in (*MODES[mode], *(["box"] if boxes else []))}


def build(name, num_class, mode="RGB", frames=None, size=None, options=None, layout="coco17"):
    """A new network with random weights.

    Args:
        name: a key of `RECOGNISERS`.
        num_class: number of classes, at least 2.
        mode: one of the recogniser's `modes`.
        frames: frames of a clip; None = what the network was made for.
        size: height and width in pixels; None = likewise.
        options: {name: value} of `options_of` that are not to have their default.
        layout: which joints a pose has, a key of `common.pose_layouts.LAYOUTS`.

    Returns:
        an uncompiled `keras.Model`: dict of uint8 clips, "rgb" (B, frames, size, size, 3) and/or "flow"
        (B, frames, size, size, 2), or float32 "pose" (B, frames, K, 3) or "features" (B, size) -> probabilities (B, num_class) float32.
        With the option "query" at "box" also float32 "box" (B, 4).
    """
    recogniser = RECOGNISERS[name]
    frames, size = frames or recogniser.frames, size or recogniser.size
    if recogniser.over:
        defaults = {key: option.default for key, option in options_of(name, mode).items()}
        return recogniser.load()(num_class, frames, size, **defaults | (options or {}))
    streams = []
    for stream in MODES[mode]:
        one = RECOGNISERS[POSE_RECOGNISER] if stream == "pose" else recogniser
        chosen = {key: (options or {}).get(key, option.default) for key, option in one.options.items()}
        chosen |= {"layout": layout} if stream == "pose" else {}
        streams.append(one.load()(num_class, stream, frames, size, **chosen))
    fusion = (options or {}).get("fusion", FUSE_OPTIONS["fusion"].default)
    return fuse(*streams, fusion) if len(streams) > 1 else streams[0]


def fuse(first, second, weights=(1.0, 1.0)):
    """Two single-stream networks as one: softmax of the mean of their logits.

    Each stream stays whole, as a nested model named "rgb_stream", "flow_stream" or "pose_stream": its layers keep their names, and
    ``model.get_layer("rgb_stream").get_layer(…)`` finds them. The weights are shared with the given models, not copied.

    Args:
        first, second: models from `build` in different modes of one stream, with equally many classes.
        weights: how much each counts in the mean, numbers above 0.

    Returns:
        an uncompiled `keras.Model`, as `build` in a mode of both streams returns.
    """
    import keras

    inputs, logits = {}, []
    for model, weight in zip((first, second), weights, strict=True):
        (stream,) = model.input.keys() - {"box"}
        body = keras.Model(model.input, model.get_layer("logits").output, name=f"{stream}_stream")
        for name in model.input.keys() - inputs.keys():
            inputs[name] = keras.Input(model.input[name].shape[1:], dtype=model.input[name].dtype, name=name)
        share = 2 * weight / sum(weights)
        scores = body({name: inputs[name] for name in model.input})
        logits.append(scores if share == 1 else keras.layers.Rescaling(share, name=f"{stream}_share", dtype="float32")(scores))
    mean = keras.layers.Average(name="logits", dtype="float32")(logits)
    probabilities = keras.layers.Softmax(name="probabilities", dtype="float32")(mean)
    return keras.Model(inputs, probabilities, name=f"{first.name}_fuse")


def by_stream(model):
    """A network from `fuse` that also says what each stream says alone.

    Args:
        model: the `keras.Model`.

    Returns:
        an uncompiled `keras.Model` with the same inputs -> (B, 3, C) float32, the probabilities of the first stream, of the second, and
        of both together. It shares the weights of `model`.
    """
    import keras

    names = [layer.name for layer in model.layers]
    inputs = {name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name) for name, tensor in model.input.items()}
    streams = {name: model.get_layer(f"{name}_stream") for name in inputs if name != "box"}
    logits = {name: stream({key: inputs[key] for key in stream.input}) for name, stream in streams.items()}
    shares = [model.get_layer(f"{name}_share")(scores) if f"{name}_share" in names else scores for name, scores in logits.items()]
    alone = [keras.layers.Softmax(name=f"{name}_probabilities", dtype="float32")(scores) for name, scores in logits.items()]
    together = model.get_layer("probabilities")(model.get_layer("logits")(shares))
    return keras.Model(inputs, keras.ops.stack([*alone, together], axis=1), name=model.name)
