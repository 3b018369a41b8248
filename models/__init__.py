"""Networks that name an action, and what they share.

Importing this package imports no Keras; building or loading a network does.
"""

import importlib
from dataclasses import dataclass, field
from typing import NamedTuple

from common.quiet import import_keras

MODES = {"RGB": ("rgb",), "Flow": ("flow",), "Fuse": ("rgb", "flow")}
"""What `--mode` means: the inputs a recogniser eats."""

CHANNELS = {"rgb": 3, "flow": 2}
"""Channels of each input, uint8: rgb is R, G, B; flow is x, y with 128 = no motion and ±20 pixels over the range."""


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
        size: height and width of a frame in pixels.
        fps: frames per second of the footage the paper used.
        modes: what it can see, keys of `MODES`.
        sampling_rate: the frames of a clip are every Nth of footage at `fps`, to which all footage is brought first; 1 = consecutive
            frames, as recorded.
        options: {name: `Option`}, further arguments of the builder. A run's meta.json keeps what was chosen.
        frozen: name of a layer up to which the network does not learn (unless `options` say so), so that what it gives for a video,
            frame by frame, can be computed once; None where everything learns.
    """

    module: str
    builder: str
    frames: int
    size: int
    fps: float
    modes: tuple = tuple(MODES)
    sampling_rate: int = 1
    options: dict = field(default_factory=dict)
    frozen: str | None = None

    def load(self):
        """The builder function. Importing its module registers the network's own layers, if any, for loading."""
        import_keras()
        return getattr(importlib.import_module(self.module), self.builder)


BACKBONES = ("ResNet152", "ResNet50", "VGG19", "Xception", "MobileNet", "MobileNetV2", "MobileNetV3Small", "EfficientNetV2B0")
"""Image networks of keras.applications that `models.backbones` knows."""

LRCN_OPTIONS = {
    "backbone": Option("ResNet152", "image network of keras.applications", BACKBONES),
    "latent_dim": Option(512, "width of the linear layer on it"),
    "lstm_layers": Option(2, "LSTM layers"),
    "hidden_size": Option(256, "units of an LSTM in each direction"),
    "bidirectional": Option(True, "whether LSTMs read the clip backwards too"),
    "train_backbone": Option(False, "whether the image network learns too"),
}

RECOGNISERS = {
    "i3d": Recogniser("models.i3d", "i3d", frames=64, size=224, fps=25.0),
    "i3d_se": Recogniser("models.i3d", "i3d_se", frames=64, size=224, fps=25.0),
    "lrcn": Recogniser(
        "models.lrcn", "lrcn", frames=5, size=224, fps=25.0, modes=("RGB",), sampling_rate=10, options=LRCN_OPTIONS, frozen="embedding"
    ),
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
    "vatn": Recogniser("models.vatn", "vatn", frames=64, size=224, fps=25.0),
    "motion": Recogniser("models.motion", "motion", frames=20, size=96, fps=10.0, modes=("Flow",)),
}


def build(name, num_class, mode="RGB", frames=None, size=None, options=None):
    """A new network with random weights.

    Args:
        name: a key of `RECOGNISERS`.
        num_class: number of classes, at least 2.
        mode: one of the recogniser's `modes`.
        frames: frames of a clip; None = what the network was made for.
        size: height and width in pixels; None = likewise.
        options: {name: value} of the recogniser's options that are not to have their default.

    Returns:
        an uncompiled `keras.Model`: dict of uint8 clips, "rgb" (B, frames, size, size, 3) and/or "flow"
        (B, frames, size, size, 2) -> probabilities (B, num_class) float32.
    """
    recogniser = RECOGNISERS[name]
    builder = recogniser.load()
    frames, size = frames or recogniser.frames, size or recogniser.size
    options = {key: option.default for key, option in recogniser.options.items()} | (options or {})
    streams = [builder(num_class, stream, frames, size, **options) for stream in MODES[mode]]
    return fuse(*streams) if mode == "Fuse" else streams[0]


def fuse(rgb_model, flow_model):
    """Two single-stream networks as one: softmax of the mean of their logits.

    Each stream stays whole, as a nested model named "rgb_stream" or "flow_stream": its layers keep their names, and
    ``model.get_layer("rgb_stream").get_layer(…)`` finds them. The weights are shared with the given models, not copied.

    Args:
        rgb_model, flow_model: models from `build` in mode RGB and Flow, with equally many classes.

    Returns:
        an uncompiled `keras.Model`, as `build` in mode Fuse returns.
    """
    import keras

    inputs, logits = {}, []
    for stream, model in (("rgb", rgb_model), ("flow", flow_model)):
        body = keras.Model(model.input, model.get_layer("logits").output, name=f"{stream}_stream")
        inputs[stream] = keras.Input(model.input[stream].shape[1:], dtype="uint8", name=stream)
        logits.append(body({stream: inputs[stream]}))
    mean = keras.layers.Average(name="logits", dtype="float32")(logits)
    probabilities = keras.layers.Softmax(name="probabilities", dtype="float32")(mean)
    return keras.Model(inputs, probabilities, name=f"{rgb_model.name}_fuse")
