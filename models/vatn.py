"""Video Action Transformer Network: a person asks the clip around them what they are doing."""

import keras
import numpy as np
from keras import layers, ops

from models import CHANNELS
from models.i3d import trunk

PERSON = (0.29, 0.08, 0.71, 0.92)
"""Where the person is in a crop: left, top, right, bottom, from 0 to 1. A crop is 1.2 times as high as a standing person's box
(`video.crops.CONTEXT`), so the box takes up the central 1 / 1.2 of its height; it is taken to be half as wide as high, a little more
than a person who stands with the arms down."""

CELLS = 7  # each way, that the person's features are pooled to
WIDTH, HEADS, UNITS = 128, 2, 3  # of the Transformer units, as a public reimplementation has them; not checked against the paper's text
FEED_FORWARD = 512  # four times the width, as in arXiv 1706.03762
PLACE = 8  # numbers that a place, and a moment, are embedded in; our choice
DROPOUT = 0.3


def vatn(num_class, stream="rgb", frames=64, size=224, query="centre"):
    """Video Action Transformer Network (Girdhar et al., arXiv 1812.02707), its head with high-resolution query, for one stream.

    I3D up to Mixed_4f gives features; a place's distance from the middle of the picture, and a moment's from that of the clip, are
    embedded and appended to them. The person's features at the middle of the clip become the query, which goes through
    three Transformer units of two heads; each lets it gather from the features of all places and moments.

    The layers of the trunk are those of `models.i3d.i3d`, so its weights load by name.

    Args:
        num_class: number of classes.
        stream: "rgb" or "flow".
        frames: frames of a clip, at least 1; 64 in the paper.
        size: height and width in pixels, at least 1; 400 in the paper, whose pictures are whole ones.
        query: "centre": the person stands at `PERSON` of every clip, as in the crops of region person; "box": where the second
            input says, as in whole pictures.

    Returns:
        an uncompiled `keras.Model`: {stream: uint8 (B, frames, size, size, 3 or 2)} -> probabilities (B, num_class)
        float32; with query "box" also {"box": float32 (B, 4)}, the person's left, top, right and bottom in the frame `frames` // 2,
        as shares of the picture from 0 to 1. Layer "logits" holds the scores before softmax. For 400 classes and RGB
        9,634,440 parameters and 111 G multiply-adds.

    Deviations: somebody else finds the persons, so there are no proposals and no regression of boxes; softmax instead of a sigmoid
    per class, as a person has one action; the person's features are bilinear samples at the centres of 7×7 cells (RoI align with
    one sample) instead of maxima; dropout 0.3.
    """
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    inputs = {stream: clip} | ({"box": keras.Input((4,), dtype="float32", name="box")} if query == "box" else {})
    x = Location(PLACE, name="location")(trunk(clip, stream, last="4f"))  # (B, t, h, w, C)
    query = _query(x[:, x.shape[1] // 2], inputs.get("box"))  # (B, 1, WIDTH)
    memory = ops.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3], x.shape[4]))
    for unit in range(UNITS):
        query = _unit(query, memory, f"unit_{unit}")
    x = layers.Flatten(name="flatten")(query)
    x = layers.Dense(num_class, dtype="float32", name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="probabilities", dtype="float32")(x), name="vatn")


def _query(picture, box):
    """Features (B, h, w, C) at the box (B, 4), or at `PERSON`, as one vector (B, 1, WIDTH) that still tells where what is."""
    x = RoiAlign(PERSON, CELLS, name="person")(picture, box)
    x = layers.Conv2D(WIDTH, 1, activation="relu", name="query_reduce")(x)
    return layers.Dense(WIDTH, name="query")(ops.reshape(x, (-1, 1, CELLS * CELLS * WIDTH)))


def _unit(query, memory, name):
    """What the query finds in the memory is added to it, normalised, and thought over."""
    found = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"{name}_attention")(query, memory)
    query = layers.Add(name=f"{name}_add")([query, layers.Dropout(DROPOUT, name=f"{name}_found_dropout")(found)])
    query = layers.LayerNormalization(name=f"{name}_norm")(query)
    x = layers.Dense(FEED_FORWARD, activation="relu", name=f"{name}_expand")(query)
    x = layers.Dropout(DROPOUT, name=f"{name}_dropout")(layers.Dense(WIDTH, name=f"{name}_reduce")(x))
    return layers.LayerNormalization(name=f"{name}_out_norm")(layers.Add(name=f"{name}_out_add")([query, x]))


@keras.saving.register_keras_serializable(package="action")
class Location(layers.Layer):
    """Append to features (B, t, h, w, C) where and when they are: (B, t, h, w, C + 2·numbers).

    Distances from the middle of the picture, and of the clip, run from -1 to 1 and go through two layers each.
    """

    def __init__(self, numbers, **kwargs):
        super().__init__(**kwargs)
        self.numbers = numbers
        self.place, self.moment = ([layers.Dense(numbers, activation="relu"), layers.Dense(numbers)] for _ in range(2))

    def build(self, shape):
        for (first, second), axes in ((self.place, 2), (self.moment, 1)):
            first.build((None, axes))
            second.build((None, self.numbers))

    def call(self, x):
        _, frames, height, width, _ = x.shape
        down, across = (np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in (height, width))
        places = np.stack(np.meshgrid(down, across, indexing="ij"), axis=-1).reshape(1, 1, height, width, 2)
        moments = (np.linspace(-1, 1, frames) if frames > 1 else np.zeros(1)).reshape(1, frames, 1, 1, 1)
        parts = [self._embed(*pair) for pair in ((self.place, places), (self.moment, moments))]
        shape = (ops.shape(x)[0], frames, height, width, self.numbers)
        return ops.concatenate([x, *(ops.broadcast_to(part, shape) for part in parts)], axis=-1)

    def _embed(self, pair, positions):
        x = ops.convert_to_tensor(positions, dtype=self.compute_dtype)
        for layer in pair:
            x = layer(x)
        return x

    def get_config(self):
        return super().get_config() | {"numbers": self.numbers}


@keras.saving.register_keras_serializable(package="action")
class RoiAlign(layers.Layer):
    """Features at a box, sampled at the centres of cells×cells, (B, h, w, C) -> (B, cells, cells, C).

    Samples are bilinear (RoI align of arXiv 1703.06870 with one sample a cell), computed as two matrix products: every backend
    has them. Boxes are left, top, right, bottom, from 0 to 1; what lies beyond the outermost pixels' centres counts as those.

    Args:
        box: the box of all pictures, where the call brings none of their own, (B, 4).
        cells: how many each way.
    """

    def __init__(self, box, cells, **kwargs):
        super().__init__(autocast=False, **kwargs)  # bfloat16 would know a place in a picture to 1/256 only
        self.box, self.cells = tuple(box), cells

    def call(self, x, box=None):
        _, height, width, channels = x.shape
        box = ops.convert_to_tensor([self.box] if box is None else box, dtype="float32")
        rows, columns = (ops.cast(self._weights(box, *axis), x.dtype) for axis in ((1, height), (0, width)))
        x = ops.matmul(rows, ops.reshape(x, (-1, height, width * channels)))
        return ops.matmul(ops.expand_dims(columns, 1), ops.reshape(x, (-1, self.cells, width, channels)))

    def _weights(self, box, axis, pixels):
        """(B, cells, pixels), each row the shares of the two pixels next to a cell's centre."""
        start, end = box[:, axis : axis + 1], box[:, axis + 2 : axis + 3]
        centres = start + (end - start) * (ops.arange(self.cells, dtype="float32") + 0.5) / self.cells
        places = ops.clip(centres * pixels - 0.5, 0, pixels - 1)
        return ops.relu(1 - ops.abs(ops.expand_dims(places, -1) - ops.arange(pixels, dtype="float32")))

    def get_config(self):
        return super().get_config() | {"box": self.box, "cells": self.cells}
