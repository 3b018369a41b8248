"""Random weights and clips that any program makes alike: each array follows from its name, so that no file of them is kept."""

import hashlib

import numpy as np

CHANNELS = {"rgb": 3, "flow": 2}


def generator(name):
    """NumPy's frozen generator (its stream never changes), seeded by a name."""
    return np.random.RandomState(int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little"))


def kernel(name, shape, inputs):
    """A convolution's float32 weights, scaled so that ReLU keeps the size of what goes through; `inputs` per output."""
    return (generator(name).standard_normal(shape) * np.sqrt(2 / inputs)).astype(np.float32)


def values(name, shape):
    """A batch norm's or a bias' float32 values: variances and scales in 0.5 … 1.5, others around 0."""
    if "var" in name or name.endswith((".weight", "gamma")):
        return generator(name).uniform(0.5, 1.5, shape).astype(np.float32)
    return (generator(name).standard_normal(shape) * 0.1).astype(np.float32)


def clip(stream, frames, size):
    """A uint8 clip (1, frames, size, size, channels) of the stream "rgb" or "flow"."""
    return generator(stream).randint(0, 256, (1, frames, size, size, CHANNELS[stream])).astype(np.uint8)
