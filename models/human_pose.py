"""Joints of one person in a picture: an Inception-ResNet whose coarse features are scored and spread out into heat maps."""

import re
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from common.errors import InputError
from common.files import write_json, writing
from common.pose_layouts import LAYOUTS
from models.blocks import BATCH_NORM_MOMENTUM, NORMALISATION
from models.transfer import load_keras

SIZE = 299  # pixels of the published network
MIN_SIZE = 43  # smaller, nothing is left after the last reduction
FEATURES = 32
UPSAMPLING = 17  # pixels of a heat map per place: 289 for 17
DISC = 15  # pixels of a heat map across, which the network learns to mark about a joint
DROPOUT = 0.3
BLOCKS = (10, 20)  # repeats of the blocks at 35×35 and at 17×17

# Inception's branches: (name, filters, kernel) of the convolutions in a row. All names are those of tf-slim's inception_resnet_v2.
STEM = (("Conv2d_1a_3x3", 32, 3, 2, "valid"), ("Conv2d_2a_3x3", 32, 3, 1, "valid"), ("Conv2d_2b_3x3", 64, 3))
STEM_2 = (("Conv2d_3b_1x1", 80, 1), ("Conv2d_4a_3x3", 192, 3, 1, "valid"))
MIXED_5B = (
    (("Conv2d_1x1", 96, 1),),
    (("Conv2d_0a_1x1", 48, 1), ("Conv2d_0b_5x5", 64, 5)),
    (("Conv2d_0a_1x1", 64, 1), ("Conv2d_0b_3x3", 96, 3), ("Conv2d_0c_3x3", 96, 3)),
)
BLOCK_35 = (
    (("Conv2d_1x1", 32, 1),),
    (("Conv2d_0a_1x1", 32, 1), ("Conv2d_0b_3x3", 32, 3)),
    (("Conv2d_0a_1x1", 32, 1), ("Conv2d_0b_3x3", 48, 3), ("Conv2d_0c_3x3", 64, 3)),
)
MIXED_6A = (
    (("Conv2d_1a_3x3", 384, 3, 2, "valid"),),
    (("Conv2d_0a_1x1", 256, 1), ("Conv2d_0b_3x3", 256, 3), ("Conv2d_1a_3x3", 384, 3, 2, "valid")),
)
BLOCK_17 = (
    (("Conv2d_1x1", 192, 1),),
    (("Conv2d_0a_1x1", 128, 1), ("Conv2d_0b_1x7", 160, (1, 7)), ("Conv2d_0c_7x1", 192, (7, 1))),
)
HEAD = (("AuxLogits-Conv2d_1b_1x1", 128, 1), ("AuxLogits-Conv2d_2a_5x5", 768, 5))


def human_pose(size=SIZE, layout="mpii16", shrink=1):
    """The pose network of github.com/marian-margeta/gait-recognition, as its program computes it.

    Inception-ResNet-v2 (Szegedy et al., arXiv 1602.07261) up to the last of its 17×17 blocks, with its auxiliary tower kept at
    17×17; 32 features per place; a transposed convolution of 17×17 pixels as a detector of each joint (after Bulat & Tzimiropoulos, arXiv
    1609.01743), whose answer is smoothed. The place of a joint is the highest of its heat map, smoothed once more.

    Args:
        size: height and width in pixels, at least `MIN_SIZE`; 299 gives 17×17 places and heat maps of 289×289.
        layout: which joints, a key of `common.pose_layouts.LAYOUTS`; the published weights know "mpii16".
        shrink: 1, 2, 4, 8 or 16: the filters of all layers up to the features are divided by it.

    Returns:
        an uncompiled `keras.Model`: {"pictures": uint8 (B, size, size, 3) RGB, of a person each} -> float32 (B, K, 3): x and y of
        each joint as shares of the width and height, and the highest value of its heat map, 0 to 1. Layer "trunk" gives the features
        (B, 17, 17, 32), "logits" the heat maps (B, 289, 289, K) before the sigmoid, "heatmaps" after it. 29,663,504 weights.

    Deviations: none of the answer. A place is the middle of its pixel, where the published program names the pixel.
    Batch norms' statistics follow faster in training.

    Raises:
        InputError: a smaller size.
    """
    count = len(LAYOUTS[layout].names)
    pictures = keras.Input((size, size, 3), dtype="uint8", name="pictures")
    x = trunk(size, shrink)(pictures)
    x = layers.Conv2DTranspose(count, UPSAMPLING, UPSAMPLING, dtype="float32", name="Upsampling_layer")(x)  # (B, 289, 289, K)
    x = Smooth(21, 1.0, 0.2, dtype="float32", name="logits")(x)
    maps = layers.Activation("sigmoid", dtype="float32", name="heatmaps")(x)
    return keras.Model({"pictures": pictures}, _highest(maps), name="human_pose")


def trunk(size=SIZE, shrink=1):
    """What `human_pose` sees at each place: uint8 pictures (B, size, size, 3) RGB -> float32 features (B, 17, 17, 32) of 299 pixels.

    A `keras.Model` named "trunk". Arguments and InputError as in `human_pose`.
    """
    if size < MIN_SIZE:
        raise InputError(f"--size {size} is too small for the pose network; it needs {MIN_SIZE} pixels")
    pictures = keras.Input((size, size, 3), dtype="uint8", name="pictures")
    x = layers.Rescaling(*NORMALISATION["rgb"], name="normalise")(pictures)
    x = _row(x, STEM, shrink)
    x = _row(layers.MaxPooling2D(3, 2, name="MaxPool_3a_3x3")(x), STEM_2, shrink)
    x = layers.MaxPooling2D(3, 2, name="MaxPool_5a_3x3")(x)  # (B, 35, 35, 192)
    pooled = layers.AveragePooling2D(3, 1, "same", name="Mixed_5b-AvgPool_0a_3x3")(x)
    last = _row(pooled, (("Conv2d_0b_1x1", 64, 1),), shrink, "Mixed_5b-Branch_3-")
    x = layers.Concatenate(name="Mixed_5b")([*_branches(x, MIXED_5B, shrink, "Mixed_5b"), last])
    for i in range(BLOCKS[0]):
        x = _residual(x, BLOCK_35, 0.17, shrink, f"Repeat-block35_{i + 1}")
    pooled = layers.MaxPooling2D(3, 2, name="Mixed_6a-MaxPool_1a_3x3")(x)
    x = layers.Concatenate(name="Mixed_6a")([*_branches(x, MIXED_6A, shrink, "Mixed_6a"), pooled])  # (B, 17, 17, 1088)
    for i in range(BLOCKS[1]):
        x = _residual(x, BLOCK_17, 0.1, shrink, f"Repeat_1-block17_{i + 1}")
    x = layers.AveragePooling2D(5, 1, "same", name="AuxLogits-AvgPool_1a_5x5")(x)
    x = layers.Dropout(DROPOUT, name="dropout")(_row(x, HEAD, shrink))
    x = layers.Conv2D(FEATURES, 1, dtype="float32", name="Scoring_layer")(x)
    return keras.Model(pictures, x, name="trunk")


def part_detector_loss(joints, logits):
    """Binary cross entropy of each pixel, inside or outside a disc of `DISC` pixels about the joint: that of the published network,
    after arXiv 1609.01743; the mean over pixels and the joints that are known.

    Args:
        joints: (B, K, 3) x and y as shares of the width and height, and whether the joint is known, 0 or 1.
        logits: (B, h, w, K), what layer "logits" of `human_pose` gives.

    Returns:
        a number.
    """
    joints, logits = ops.cast(joints, "float32"), ops.cast(logits, "float32")
    height, width = logits.shape[1:3]
    rows, columns = (ops.arange(side, dtype="float32") + 0.5 for side in (height, width))
    down = rows[None, :, None] - joints[:, None, :, 1] * height  # (B, h, K)
    across = columns[None, :, None] - joints[:, None, :, 0] * width
    inside = ops.cast(down[:, :, None] ** 2 + across[:, None] ** 2 <= (DISC / 2) ** 2, "float32")  # (B, h, w, K)
    each = ops.mean(ops.softplus(logits) - inside * logits, axis=(1, 2))  # (B, K)
    known = joints[..., 2]
    return ops.sum(each * known) / ops.maximum(ops.sum(known), 1)


def load(path):
    """The `human_pose` in a .keras file. Raises InputError where it cannot be read."""
    return load_keras(path)


def save(model, path, layout):
    """Write a `human_pose` as a .keras file and the JSON file beside it that describes it to `video.pose`."""
    with writing(path) as partial:
        model.save(partial)
    write_json(Path(path).with_suffix(".json"), {"size": model.inputs[0].shape[1], "layout": layout, "x_first": True})


def start_from_application(network, application):
    """Give the trunk of a `human_pose` the weights of `keras.applications.InceptionResNetV2` without classifier, up to the last 17×17
    block. That one numbers its layers as it makes them, in this order; only the last of each block has a name."""
    theirs = {kind: _by_number(application, kind) for kind in (layers.Conv2D, layers.BatchNormalization)}
    ours = network.get_layer("trunk")
    for i, name in enumerate(_units()):
        for kind, end in ((layers.Conv2D, ""), (layers.BatchNormalization, "-BatchNorm")):
            ours.get_layer(name + end).set_weights(theirs[kind][i].get_weights())
    for scope, block, count in zip(("Repeat", "Repeat_1"), ("block35", "block17"), BLOCKS, strict=True):
        for i in range(1, count + 1):
            ours.get_layer(f"{scope}-{block}_{i}-Conv2d_1x1").set_weights(application.get_layer(f"{block}_{i}_conv").get_weights())


@keras.saving.register_keras_serializable(package="action")
class Smooth(layers.Layer):
    """Each channel of maps (B, h, w, C) convolved with a Gaussian; nothing to learn.

    Args:
        side: pixels of the kernel, which spans -2 to 2.
        deviation: standard deviation, in the units of that span.
        total: sum of the kernel's values.
    """

    def __init__(self, side, deviation, total=1.0, **options):
        super().__init__(**options)
        self.side, self.deviation, self.total = side, deviation, total
        line = np.exp(-0.5 * (np.linspace(-2, 2, side) / deviation) ** 2)
        self._line = (line / line.sum() * total**0.5).astype(np.float32)

    def get_config(self):
        return super().get_config() | {"side": self.side, "deviation": self.deviation, "total": self.total}

    def call(self, maps):
        for shape in ((1, self.side, 1, 1), (self.side, 1, 1, 1)):
            kernel = np.repeat(self._line.reshape(shape), maps.shape[-1], axis=2)
            maps = ops.depthwise_conv(maps, ops.convert_to_tensor(kernel, dtype=maps.dtype), padding="same")
        return maps


def _highest(maps):
    """(B, h, w, K) -> (B, K, 3): x and y of each map's highest place, smoothed, as shares; the highest value before that."""
    smooth = Smooth(15, 0.7, dtype="float32", name="smooth")(maps)
    places = []
    for other, side in ((1, maps.shape[2]), (2, maps.shape[1])):
        line = ops.transpose(ops.max(smooth, axis=other), (0, 2, 1))  # (B, K, side)
        best = ops.top_k(line, 1)[1][..., 0]  # OpenVINO does not convert what Keras makes of argmax
        places.append((ops.cast(best, "float32") + 0.5) / side)
    return ops.stack([*places, ops.max(maps, axis=(1, 2))], axis=-1)


def _row(x, convolutions, shrink, prefix=""):
    for name, filters, kernel, *more in convolutions:
        stride, padding = more or (1, "same")
        x = layers.Conv2D(filters // shrink, kernel, stride, padding, use_bias=False, name=prefix + name)(x)
        norm = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=1e-3, scale=False, name=f"{prefix}{name}-BatchNorm")
        x = layers.ReLU(name=f"{prefix}{name}-relu")(norm(x))
    return x


def _branches(x, branches, shrink, name):
    return [_row(x, branch, shrink, f"{name}-Branch_{i}-") for i, branch in enumerate(branches)]


def _residual(x, branches, scale, shrink, name):
    """x plus `scale` times what the branches and a linear layer on them say of it."""
    mixed = layers.Concatenate(name=name)(_branches(x, branches, shrink, name))
    up = layers.Conv2D(x.shape[-1], 1, name=f"{name}-Conv2d_1x1")(mixed)
    return layers.ReLU(name=f"{name}-relu")(x + scale * up)


def _units():
    """Names of the convolutions with batch norm up to the last 17×17 block, in the order in which they are made."""
    names = [name for name, *_ in (*STEM, *STEM_2)] + _unit_names(MIXED_5B, "Mixed_5b") + ["Mixed_5b-Branch_3-Conv2d_0b_1x1"]
    for i in range(BLOCKS[0]):
        names += _unit_names(BLOCK_35, f"Repeat-block35_{i + 1}")
    names += _unit_names(MIXED_6A, "Mixed_6a")
    for i in range(BLOCKS[1]):
        names += _unit_names(BLOCK_17, f"Repeat_1-block17_{i + 1}")
    return names


def _unit_names(branches, name):
    return [f"{name}-Branch_{i}-{one}" for i, branch in enumerate(branches) for one, *_ in branch]


def _by_number(application, kind):
    numbers = {layer: re.fullmatch(r"(?:conv2d|batch_normalization)(?:_([0-9]+))?", layer.name) for layer in application.layers}
    numbered = [layer for layer in application.layers if isinstance(layer, kind) and numbers[layer]]
    return sorted(numbered, key=lambda layer: int(numbers[layer][1] or 0))
