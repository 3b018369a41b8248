"""Networks that name an action, and what they share.

Importing this package imports no Keras; building or loading a network does.
"""

import importlib
from dataclasses import dataclass

from common.quiet import import_keras

MODES = {"RGB": ("rgb",), "Flow": ("flow",), "Fuse": ("rgb", "flow")}
"""What `--mode` means: the inputs a recogniser eats."""

CHANNELS = {"rgb": 3, "flow": 2}
"""Channels of each input, uint8: rgb is R, G, B; flow is x, y with 128 = no motion and ±20 pixels over the range."""


@dataclass(frozen=True)
class Recogniser:
    """A network that names an action, with the clip it was made for.

    Attributes:
        module: where its builder lives; imported only when a network is built or loaded.
        builder: name of the function ``(num_class, stream, frames, size) -> keras.Model`` for one stream.
        frames: frames of a clip.
        size: height and width of a frame in pixels.
        fps: frames per second of the footage the paper used.
        modes: what it can see, keys of `MODES`.
        sampling_rate: the frames of a clip are every Nth of footage at `fps`, to which all footage is brought first; 1 = consecutive
            frames, as recorded.
    """

    module: str
    builder: str
    frames: int
    size: int
    fps: float
    modes: tuple = tuple(MODES)
    sampling_rate: int = 1

    def load(self):
        """The builder function. Importing its module registers the network's own layers, if any, for loading."""
        import_keras()
        return getattr(importlib.import_module(self.module), self.builder)


RECOGNISERS = {
    "i3d": Recogniser("models.i3d", "i3d", frames=64, size=224, fps=25.0),
    "i3d_se": Recogniser("models.i3d", "i3d_se", frames=64, size=224, fps=25.0),
    "motion": Recogniser("models.motion", "motion", frames=20, size=96, fps=10.0, modes=("Flow",)),
}


def build(name, num_class, mode="RGB", frames=None, size=None):
    """A new network with random weights.

    Args:
        name: a key of `RECOGNISERS`.
        num_class: number of classes, at least 2.
        mode: one of the recogniser's `modes`.
        frames: frames of a clip; None = what the network was made for.
        size: height and width in pixels; None = likewise.

    Returns:
        an uncompiled `keras.Model`: dict of uint8 clips, "rgb" (B, frames, size, size, 3) and/or "flow"
        (B, frames, size, size, 2) -> probabilities (B, num_class) float32.
    """
    recogniser = RECOGNISERS[name]
    builder = recogniser.load()
    frames, size = frames or recogniser.frames, size or recogniser.size
    streams = [builder(num_class, stream, frames, size) for stream in MODES[mode]]
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
