"""Motion descriptors of a fixed square around a person, and a small network on them: for few clips and weak labels."""

import math

import keras
import numpy as np
from keras import layers, ops

from common.errors import InputError
from models import CHANNELS

SIZE = 96
"""Pixels that all constants below are meant in; with a crop of twice the person's height a person is 48 of them high."""

GRID = 48  # the flow is read at about so many points each way; DIS itself gives one vector per 4 pixels
CELLS = 4  # the picture is also looked at in 4×4 cells
CENTRE = 6  # the view of the centre leaves out a sixth of the picture on each side
RECENT = 0.55  # share of the fields in the view of the last moments; of 20 frames at 10 per second the last 1.0 seconds
LEVELS = (0.25, 1.0, 4.0)
"""Pixels per frame at which magnitudes are cut off before they are averaged; at 10 frames per second and 48 pixels to a
person's height these are 0.05, 0.2 and 0.8 of their heights per second: sway, gestures, walking and blows."""

MIN_FRAMES = 4  # a change of motion needs three fields, and the first one is a copy
MIN_SIZE = 12  # pixels
HIDDEN = 256
NOISE, DROPOUT = 0.2, 0.2  # of descriptors with unit variance, in training only
LIMIT = 3.0  # standard deviations that a descriptor counts up to
EPSILON = 1e-6
FLOW_SCALE = 20 / 127  # pixels per step of the uint8 encoding, see `models.CHANNELS`


def motion(num_class, stream="flow", frames=20, size=SIZE):
    """Descriptors of optical flow in a fixed square around a person, under one hidden layer.

    No picture is learned, so a few hundred clips suffice where a 3-D convolutional network learns nothing; neither
    colours nor resolution are seen. The descriptors are this project's own: magnitudes, accelerations and spatial
    changes of the flow, cut off at several levels; how much of it lies in one place, cancels out, reverses or runs one way;
    and its spectrum over time. Left and right are not told apart. See `MotionDescriptors`.

    Args:
        num_class: number of classes.
        stream: "flow"; there is none for rgb.
        frames: fields of a clip, at least 4. The first is taken for a copy of the second and left out.
        size: height and width in pixels, at least 12. Motion is measured in shares of it.

    Returns:
        an uncompiled `keras.Model`: {"flow": uint8 (B, frames, size, size, 2)} -> probabilities (B, num_class) float32.
        Layer "descriptors" gives (B, 428), "scale" brings them to mean 0 and variance 1 by the statistics of the training data,
        "logits" holds the scores before softmax. 111,451 weights for three classes; for 400 classes 212,624 parameters and
        0.24 M multiply-adds; of the descriptors these hold the spectrum only, the rest being made number by number.

    Raises:
        InputError: fewer frames or pixels than that.
    """
    if frames < MIN_FRAMES or size < MIN_SIZE:
        raise InputError(f"motion needs {MIN_FRAMES} frames of {MIN_SIZE} pixels or more, not {frames} of {size}")
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    x = MotionDescriptors(name="descriptors", dtype="float32")(clip)
    return keras.Model({stream: clip}, head(x, num_class), name="motion")


def head(x, num_class):
    """Probabilities (B, num_class) from descriptors (B, D): scaled, through one hidden layer of `HIDDEN` units."""
    x = layers.BatchNormalization(center=False, scale=False, momentum=0.9, epsilon=EPSILON, dtype="float32", name="scale")(x)
    x = ops.clip(x, -LIMIT, LIMIT)
    x = layers.Dropout(DROPOUT, name="dropout")(layers.GaussianNoise(NOISE, name="noise")(x))
    x = layers.Dense(HIDDEN, activation="tanh", name="hidden")(x)
    x = layers.Dense(num_class, dtype="float32", name="logits")(x)
    return layers.Softmax(name="probabilities", dtype="float32")(x)


@keras.saving.register_keras_serializable(package="action")
class MotionDescriptors(layers.Layer):
    """Flow (B, T, size, size, 2) uint8 -> descriptors (B, 428) float32; nothing to learn.

    The motion of the crop's border, a robust mean over its four sides, is taken for that of the camera and subtracted. The
    same 107 numbers then describe four views: the whole crop and its centre, over all the window and over its last half. Each is
    log(1 + 4·value).
    """

    def call(self, clip):
        size = clip.shape[2]
        step = max(size // GRID, 1)
        field = (ops.cast(clip[:, 1:, ::step, ::step], self.compute_dtype) - 128) * (FLOW_SCALE * SIZE / size)
        field = _without_camera(field)  # (B, T - 1, n, n, 2) pixels of a crop of 96
        views = [part for times in (field, field[:, -_recent(field.shape[1]) :]) for part in (times, _centre(times))]
        return ops.log1p(4 * ops.concatenate([numbers for view in views for numbers in _describe(view)], axis=-1))


def _recent(fields):
    return max(round(RECENT * fields), MIN_FRAMES - 1)


def _centre(field):
    margin = field.shape[2] // CENTRE
    return field[:, :, margin:-margin, margin:-margin]


def _without_camera(field):
    """Subtract each frame's border motion: the geometric median, by four of Weiszfeld's steps."""
    frames, side = field.shape[1:3]
    edge = max(side // 12, 1)
    strips = (field[:, :, :edge], field[:, :, -edge:], field[:, :, :, :edge], field[:, :, :, -edge:])
    border = ops.concatenate([ops.reshape(strip, (-1, frames, side * edge, 2)) for strip in strips], axis=2)
    centre = ops.mean(border, axis=2, keepdims=True)
    for _ in range(4):
        weight = 1 / (_length(border - centre)[..., None] + 0.05)
        centre = ops.sum(weight * border, axis=2, keepdims=True) / ops.sum(weight, axis=2, keepdims=True)
    return field - centre[:, :, None]


def _describe(field):
    """What (B, T, n, n, 2) pixels of motion are like: a list of (B, k) float, all of them at least 0."""
    speed = _length(field)  # (B, T, n, n)
    across, down = field[:, :, :, 1:] - field[:, :, :, :-1], field[:, :, 1:] - field[:, :, :-1]
    shear = ops.sum(ops.abs(across[:, :, 1:]), axis=-1) + ops.sum(ops.abs(down[:, :, :, 1:]), axis=-1)
    change = _length(field[:, 1:] - field[:, :-1])
    magnitudes = [numbers for values in (speed, change, shear) for numbers in _magnitudes(values)]
    cells = [_in_cells(values) for values in (speed, field[..., 0], field[..., 1])]  # each (B, T, 4, 4)
    return [*magnitudes, _concentration(*cells), _reversals(*cells[1:]), _unevenness(speed), _spectrum(*cells[1:]), _directions(field)]


def _magnitudes(values):
    """Yield six (B, 5): of magnitudes (B, T, h, w), all and those in the middle, the mean, maximum and spread in time of five measures.

    The measures are averages cut off at each of `LEVELS`, and the power means of exponents 2 and 4.
    """
    margin = values.shape[2] // 5
    for part in (values, values[:, :, margin:-margin, margin:-margin]):
        measures = [ops.mean(ops.minimum(part, level), axis=(2, 3)) / level for level in LEVELS]
        measures.append(ops.sqrt(ops.mean(ops.square(part), axis=(2, 3))))
        measures.append(4 * ops.sqrt(ops.sqrt(ops.mean(ops.square(ops.square(part / 4)), axis=(2, 3)))))
        measures = ops.stack(measures, axis=-1)  # (B, T, 5)
        yield from (ops.mean(measures, axis=1), ops.max(measures, axis=1), ops.std(measures, axis=1))


def _in_cells(values):
    """Means (B, T, 4, 4) over the cells of (B, T, n, n)."""
    frames, side = values.shape[1], values.shape[2] // CELLS
    values = values[:, :, : CELLS * side, : CELLS * side]
    return ops.mean(ops.reshape(values, (-1, frames, CELLS, side, CELLS, side)), axis=(3, 5))


def _concentration(speed, x, y):
    """Share of the strongest cell, evenness over cells, agreement within cells, and net way over way gone: (B, 4)."""
    where = ops.reshape(ops.mean(speed, axis=1), (-1, CELLS**2))
    total = ops.sum(where, axis=-1) + 0.1
    agreement = ops.sqrt(x * x + y * y + EPSILON) / (speed + 0.1)
    net = ops.sqrt(ops.square(ops.mean(x, axis=1)) + ops.square(ops.mean(y, axis=1)) + EPSILON)
    everything = ops.sum(speed, axis=(1, 2, 3)) + 0.1
    shares = [ops.max(where, axis=-1), ops.sqrt(ops.sum(where * where, axis=-1)), ops.sum(net, axis=(1, 2))]
    return ops.stack([*(share / total for share in shares), ops.sum(agreement * speed, axis=(1, 2, 3)) / everything], axis=-1)


def _reversals(x, y):
    """How much neighbouring cells move against each other, and each against itself a frame later: (B, 4)."""
    products = (x[:, :, :, 1:] * x[:, :, :, :-1], y[:, :, 1:] * y[:, :, :-1], x[:, 1:] * x[:, :-1], y[:, 1:] * y[:, :-1])
    return ops.stack([ops.sqrt(ops.mean(ops.relu(-product), axis=(1, 2, 3)) + EPSILON) for product in products], axis=-1)


def _unevenness(speed):
    """Spread of a frame's motion in time over its mean, and its maximum: (B, 2)."""
    energy = ops.mean(speed, axis=(2, 3))
    return ops.stack([ops.std(energy, axis=1) / (ops.mean(energy, axis=1) + 0.05), ops.max(energy, axis=1)], axis=-1)


def _spectrum(x, y):
    """Amplitudes of the cells' motion over time in three bands; for 20 frames at 10 per second up to 1.3, 2.9 and 5 Hz: (B, 3)."""
    frames = x.shape[1]
    motion = ops.concatenate([ops.reshape(ops.transpose(cells, (0, 2, 3, 1)), (-1, CELLS**2, frames)) for cells in (x, y)], axis=1)
    angles = 2 * np.pi * np.outer(np.arange(frames), np.arange(frames // 2 + 1)) / frames
    real, imaginary = (ops.matmul(motion, ops.convert_to_tensor(wave(angles), dtype=motion.dtype)) for wave in (np.cos, np.sin))
    amplitude = ops.mean(ops.sqrt(real * real + imaginary * imaginary + EPSILON), axis=1)
    return ops.stack([ops.sum(band, axis=-1) for band in (amplitude[:, :3], amplitude[:, 3:6], amplitude[:, 6:])], axis=-1)


def _directions(field):
    """Over eight directions: entropy of the motion, its share along each axis, and that of the strongest: (B, 4)."""
    x, y = field[..., 0], field[..., 1]
    parts = [ops.mean(ops.relu(x * math.cos(angle) + y * math.sin(angle)), axis=(1, 2, 3)) for angle in np.arange(8) * (math.pi / 4)]
    parts = ops.stack(parts, axis=-1)
    share = parts / (ops.sum(parts, axis=-1, keepdims=True) + 0.1)
    entropy = -ops.sum(share * ops.log(share + EPSILON), axis=-1)
    return ops.stack([entropy, share[:, 0] + share[:, 4], share[:, 2] + share[:, 6], ops.max(share, axis=-1)], axis=-1)


def _length(vectors):
    return ops.sqrt(ops.sum(ops.square(vectors), axis=-1) + EPSILON)
