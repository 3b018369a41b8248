"""Learning to see as a teacher sees: what its heads say of every cell of a picture, not only the boxes that come of it.

Few recordings hold few boxes, and a network would rather learn their backgrounds by heart. A teacher has something to say about every
cell of every picture, also of one that was changed at random a moment ago: what it would be of some 80 kinds, and how large.
To say the same the student has to look for the same (function matching, https://arxiv.org/abs/2106.05237).
"""

import tempfile
import threading
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from common.errors import InputError
from models import runtime
from yolo3 import adapt, network
from yolo3 import cfg as cfgs
from yolo3 import weights as files

WEIGHT = 5.0  # of this loss beside that of the boxes: both then begin at about 5
LARGEST = 5.0  # standard deviations; a teacher's rare extremes say no more


class Teacher:
    """What the heads of a Darknet network say of pictures, cell by cell, in standard deviations of each channel.

    Args:
        cfg, weights: Darknet's files.

    Attributes:
        strides: pixels of the input per cell, head by head.
        channels: numbers per cell.

    Raises:
        InputError: the files cannot be used, or the heads differ in their number of anchors.
    """

    def __init__(self, cfg, weights):
        self._path, self._weights, self._networks, self._lock = Path(cfg), weights, {}, threading.Lock()
        self._cfg = cfgs.read(cfg)
        files.check(weights, self._cfg)
        counts = {len(head.anchors) for head in self._cfg.heads}
        if len(counts) > 1:
            raise InputError(f"{cfg}: the heads have different numbers of anchors, so this network cannot be imitated")
        self.strides = [self._cfg.width // head.shape[1] for head in self._cfg.heads]
        self.channels = counts.pop() * (5 + self._cfg.classes)
        self._mean = self._deviation = None

    def __call__(self, pictures):
        """(B, H, W, 3) uint8 RGB -> (B, cells, channels) float32, head after head, cells by rows."""
        with self._lock:  # an OpenVINO network is for one thread at a time
            size = pictures.shape[2], pictures.shape[1]
            if size not in self._networks:
                self._networks[size] = runtime.compile(lambda: self._at(size), "openvino")
            maps = self._networks[size]({"rgb": pictures})
            if self._mean is None:  # the first batch tells how large these numbers are; only their order of magnitude matters
                self._mean, self._deviation = maps.mean(axis=(0, 1)), maps.std(axis=(0, 1)) + 1e-3
        return np.clip((maps - self._mean) / self._deviation, -LARGEST, LARGEST)

    def _at(self, size):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / self._path.name
            path.write_text(adapt.adapted(self._path, size=size), encoding="latin-1")
            return network.build_maps(cfgs.read(path), files.read(self._weights, self._cfg))


def student(model, cfg, teacher):
    """A `yolo3.network.build_trainable` model with a second output: its guess of what `teacher` says, (B, cells, channels).

    The guess is a 1×1 convolution of what the head of the same stride looks at. It is dropped after training.

    Raises:
        InputError: no head of the network has the stride of one of the teacher's.
    """
    taps = {cfg.width // head.shape[1]: model.get_layer(f"convolutional_{head.sources[0]}").input for head in cfg.heads}
    guesses = []
    for stride in teacher.strides:
        if stride not in taps:
            raise InputError(f"{cfg.path} has no head with cells of {stride} pixels, as the teacher has, so it cannot imitate it")
        guess = layers.Conv2D(teacher.channels, 1, name=f"imitation_{stride}")(taps[stride])
        guesses.append(layers.Reshape((-1, teacher.channels), dtype="float32")(guess))
    joined = layers.Concatenate(axis=1, dtype="float32")(guesses) if len(guesses) > 1 else guesses[0]
    return keras.Model(model.input, [model.output, joined], name="student")


def loss(said, guessed):
    """Mean squared error of the guesses, times `WEIGHT`; per picture (B,)."""
    return WEIGHT * ops.mean(ops.square(said - guessed), axis=(1, 2))
