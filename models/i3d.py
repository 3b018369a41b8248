"""Inflated 3-D Inception (I3D), plain and with Squeeze-and-Excite."""

import keras
from keras import layers

from models import CHANNELS
from models.blocks import BATCH_NORM_MOMENTUM, NORMALISATION
from models.se import squeeze_excite

# name: filters of the four branches: 1×1 | 1×1, 3×3 | 1×1, 3×3 | 1×1 after pooling (table 1 of arXiv 1409.4842)
INCEPTION = {
    "3b": (64, (96, 128), (16, 32), 32),
    "3c": (128, (128, 192), (32, 96), 64),
    "4b": (192, (96, 208), (16, 48), 64),
    "4c": (160, (112, 224), (24, 64), 64),
    "4d": (128, (128, 256), (24, 64), 64),
    "4e": (112, (144, 288), (32, 64), 64),
    "4f": (256, (160, 320), (32, 128), 128),
    "5b": (256, (160, 320), (32, 128), 128),
    "5c": (384, (192, 384), (48, 128), 128),
}

BATCH_NORM_EPSILON = 1e-3

# The paper drops none of its Kinetics features; with few clips the classifier needs it.
DROPOUT = 0.5


def i3d(num_class, stream="rgb", frames=64, size=224):
    """Inflated 3-D Inception-v1 (Carreira and Zisserman, arXiv 1705.07750) for one stream.

    Layers are named as in the well-known Keras port (``Conv3d_1a_7x7_conv``, ``Conv3d_1a_7x7_bn`` …), so that its
    weights load by name. Convolutions have no bias and batch norms no scale, as there.

    Args:
        num_class: number of classes.
        stream: "rgb" or "flow".
        frames: frames of a clip, at least 1; 64 in the paper.
        size: height and width in pixels, at least 1; 224 in the paper.

    Returns:
        an uncompiled `keras.Model`: {stream: uint8 (B, frames, size, size, 3 or 2)} -> probabilities (B, num_class)
        float32. Layer "logits" holds the scores before softmax. 12,294,544 weights for RGB, batch-norm statistics
        included, without the classifier's 1,025 per class. For 400 classes 12,689,984 parameters (without those statistics)
        and 111 G multiply-adds.

    Deviations: the last pooling covers whatever height and width are left, and up to two frames, so that other sizes
    than 224×224 fit (for 224 it is the paper's 2×7×7); dropout 0.5 before the classifier; batch norm follows its
    statistics faster.
    """
    return _network("i3d", num_class, stream, frames, size, lambda x, name: x)


def i3d_se(num_class, stream="rgb", frames=64, size=224):
    """`i3d` with attention over channels (arXiv 1709.01507) and over time after every Inception block.

    See `models.se.squeeze_excite` for the two gates; new ones change nothing, so weights of `i3d` work in it unchanged.
    For 400 classes and RGB 13,882,867 parameters and 111 G multiply-adds. Arguments and returned value are those of `i3d`.
    """
    return _network("i3d_se", num_class, stream, frames, size, squeeze_excite)


def _network(name, num_class, stream, frames, size, attend):
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    return keras.Model({stream: clip}, _classifier(trunk(clip, stream, attend), num_class), name=name)


def trunk(clip, stream, attend=lambda x, name: x, last="5c"):
    """I3D's features of a clip.

    Args:
        clip: uint8 (B, T, H, W, C).
        stream: "rgb" or "flow".
        attend: function from the features after an Inception block and a name to features of the same shape.
        last: the block to end with, a key of `INCEPTION`.

    Returns:
        features (B, t, h, w, C): a fourth of the frames and a sixteenth of the pixels each way and 832 channels for "4f", half of
        that and 1024 for "5c".
    """
    scale, offset = NORMALISATION[stream]
    x = layers.Rescaling(scale, offset, name="normalise")(clip)
    x = _conv(x, 64, 7, "Conv3d_1a_7x7", strides=2)
    x = _max_pool(x, (1, 3, 3), (1, 2, 2), "MaxPool2d_2a_3x3")
    x = _conv(x, 64, 1, "Conv3d_2b_1x1")
    x = _conv(x, 192, 3, "Conv3d_2c_3x3")
    x = _max_pool(x, (1, 3, 3), (1, 2, 2), "MaxPool2d_3a_3x3")
    blocks = list(INCEPTION)
    for block in blocks[: blocks.index(last) + 1]:
        if block == "4b":
            x = _max_pool(x, 3, 2, "MaxPool2d_4a_3x3")
        if block == "5b":
            x = _max_pool(x, 2, 2, "MaxPool2d_5a_2x2")
        x = attend(_inception(x, block, *INCEPTION[block]), f"Mixed_{block}_se")
    return x


def _inception(x, block, single, middle, narrow, pooled):
    name = f"Conv3d_{block}"
    branches = [
        _conv(x, single, 1, f"{name}_0a_1x1"),
        _conv(_conv(x, middle[0], 1, f"{name}_1a_1x1"), middle[1], 3, f"{name}_1b_3x3"),
        _conv(_conv(x, narrow[0], 1, f"{name}_2a_1x1"), narrow[1], 3, f"{name}_2b_3x3"),
        _conv(_max_pool(x, 3, 1, f"MaxPool2d_{block}_3a_3x3"), pooled, 1, f"{name}_3b_1x1"),
    ]
    return layers.Concatenate(name=f"Mixed_{block}")(branches)


def _conv(x, filters, kernel, name, strides=1):
    x = layers.Conv3D(filters, kernel, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(scale=False, momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=f"{name}_bn")(x)
    return layers.Activation("relu", name=name)(x)


def _max_pool(x, size, strides, name):
    # "same" as TensorFlow means it: an odd pixel of padding goes after the picture. Published weights rely on it.
    return layers.MaxPooling3D(size, strides, padding="same", name=name)(x)


def _classifier(x, num_class):
    _, frames, height, width, _ = x.shape
    x = layers.AveragePooling3D((min(2, frames), height, width), 1, name="global_avg_pool")(x)  # (B, t, 1, 1, 1024)
    x = layers.Dropout(DROPOUT, name="dropout")(x)
    x = layers.Conv3D(num_class, 1, name="Conv3d_6a_1x1_conv")(x)  # (B, t, 1, 1, num_class)
    # The mean over time and softmax stay float32 whatever the precision policy.
    x = layers.GlobalAveragePooling3D(name="logits", dtype="float32")(x)
    return layers.Softmax(name="probabilities", dtype="float32")(x)
