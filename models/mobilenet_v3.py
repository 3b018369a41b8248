"""MobileNetV3, large and small, for clips: networks that a processor without help runs fast."""

import keras
from keras import layers, ops

from models import CHANNELS
from models.blocks import BATCH_NORM_MOMENTUM, NORMALISATION
from models.convolution import SpatialConv, SpatialDepthwiseConv, TemporalDepthwiseConv

# kernel, expanded channels, channels, squeeze-and-excite, activation, stride (tables 1 and 2 of arXiv 1905.02244)
LARGE = [
    (3, 16, 16, False, "relu", 1),
    (3, 64, 24, False, "relu", 2),
    (3, 72, 24, False, "relu", 1),
    (5, 72, 40, True, "relu", 2),
    (5, 120, 40, True, "relu", 1),
    (5, 120, 40, True, "relu", 1),
    (3, 240, 80, False, "hard_swish", 2),
    (3, 200, 80, False, "hard_swish", 1),
    (3, 184, 80, False, "hard_swish", 1),
    (3, 184, 80, False, "hard_swish", 1),
    (3, 480, 112, True, "hard_swish", 1),
    (3, 672, 112, True, "hard_swish", 1),
    (5, 672, 160, True, "hard_swish", 2),
    (5, 960, 160, True, "hard_swish", 1),
    (5, 960, 160, True, "hard_swish", 1),
]
SMALL = [
    (3, 16, 16, True, "relu", 2),
    (3, 72, 24, False, "relu", 2),
    (3, 88, 24, False, "relu", 1),
    (5, 96, 40, True, "hard_swish", 2),
    (5, 240, 40, True, "hard_swish", 1),
    (5, 240, 40, True, "hard_swish", 1),
    (5, 120, 48, True, "hard_swish", 1),
    (5, 144, 48, True, "hard_swish", 1),
    (5, 288, 96, True, "hard_swish", 2),
    (5, 576, 96, True, "hard_swish", 1),
    (5, 576, 96, True, "hard_swish", 1),
]

HALVING = 16  # where height and width have shrunk by this much, every second frame is left out: from 14×14 pixels on lies half of the work

EPSILON = 1e-3  # of batch norms, as in the published weights
DROPOUT = 0.2  # as in the paper


def mobilenet_v3_large(num_class, stream="rgb", frames=16, size=224, temporal_kernel=3):
    """MobileNetV3-Large (Howard et al., arXiv 1905.02244), inflated to 3-D, for one stream.

    Every depthwise convolution looks over time too, each channel by itself: k×k is followed by `temporal_kernel`×1×1, as a
    separable 3-D convolution; see `models.convolution`. Squeeze-and-excite and the last pooling take in all
    frames. From 14×14 pixels on every second frame is left out, after its neighbours have seen it.

    Everything else is the network for pictures, with the layer names of `keras.applications.MobileNetV3Large`: its weights
    load by name as they are. Filters over time start as 1 in the middle and 0 elsewhere, so with such weights a new network
    gives for a clip that stands still what they give for the picture. (Filters that repeat the picture's over time, as
    I3D's do, would not: at both ends of the clip they reach into nothing.)

    Args:
        num_class: number of classes.
        stream: "rgb" or "flow".
        frames: frames of a clip, at least 1.
        size: height and width in pixels, at least 1; 224 in the paper.
        temporal_kernel: frames that each filter over time looks at, odd; 1 = no such filters and no stride of time: the
            network for pictures, averaged over the clip.

    Returns:
        an uncompiled `keras.Model`: {stream: uint8 (B, frames, size, size, 3 or 2)} -> probabilities (B, num_class) float32.
        Layer "logits" holds the scores before softmax. For 400 classes and RGB 4,729,480 parameters and 2.40 G multiply-adds.

    Deviations: batch norm follows its statistics faster.
    """
    return _network("mobilenet_v3_large", LARGE, 1280, num_class, stream, frames, size, temporal_kernel)


def mobilenet_v3_small(num_class, stream="rgb", frames=16, size=224, temporal_kernel=3):
    """MobileNetV3-Small, inflated likewise: arguments, returned value and deviations are those of `mobilenet_v3_large`.

    For 400 classes and RGB 1,935,224 parameters and 0.598 G multiply-adds.
    """
    return _network("mobilenet_v3_small", SMALL, 1024, num_class, stream, frames, size, temporal_kernel)


def _network(name, blocks, last, num_class, stream, frames, size, temporal_kernel):
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    scale, offset = NORMALISATION[stream]
    x = layers.Rescaling(scale, offset, name="normalise")(clip)
    x = SpatialConv(16, 3, 2, padding="same", use_bias=False, kernel_initializer="he_normal", name="conv")(x)
    x, shrunk = _activate(x, "conv", "hard_swish"), 2
    for i, block in enumerate(blocks):
        shrunk *= block[-1]
        halve = shrunk == HALVING and block[-1] == 2
        x = _block(x, temporal_kernel, f"expanded_conv_{i}" if i else "expanded_conv", halve, *block)
    x = _activate(_pointwise(x, blocks[-1][1], "conv_1"), "conv_1", "hard_swish")
    x = _mean(x)
    x = SpatialConv(last, 1, activation="hard_swish", name="conv_2")(x)
    x = layers.Dropout(DROPOUT, name="dropout")(layers.Flatten(name="flatten")(x))
    x = layers.Dense(num_class, dtype="float32", name="logits")(x)
    return keras.Model({stream: clip}, layers.Softmax(name="probabilities", dtype="float32")(x), name=name)


def _block(x, temporal_kernel, name, halve, kernel, expanded, channels, attend, activation, stride):
    shortcut, y = x, x
    if name != "expanded_conv":  # the first block's input is wide enough
        y = _activate(_pointwise(y, expanded, f"{name}_expand"), f"{name}_expand", activation)
    y = SpatialDepthwiseConv(kernel, stride, name=f"{name}_depthwise")(y)
    if temporal_kernel > 1:
        y = TemporalDepthwiseConv(temporal_kernel, 2 if halve else 1, name=f"{name}_depthwise_temporal")(y)
    y = _activate(y, f"{name}_depthwise", activation)
    y = _squeeze_excite(y, f"{name}_squeeze_excite") if attend else y
    y = _batch_norm(_pointwise(y, channels, f"{name}_project"), f"{name}_project")
    return layers.Add(name=f"{name}_add")([shortcut, y]) if y.shape == x.shape and stride == 1 else y


def _pointwise(x, filters, name):
    return SpatialConv(filters, 1, use_bias=False, kernel_initializer="he_normal", name=name)(x)


def _batch_norm(x, name):
    return layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=EPSILON, name=f"{name}_bn")(x)


def _activate(x, name, activation):
    return layers.Activation(activation, name=f"{name}_{activation}")(_batch_norm(x, name))


def _squeeze_excite(x, name):
    channels = x.shape[-1]
    gate = SpatialConv(_rounded(channels / 4), 1, activation="relu", name=f"{name}_conv")(_mean(x))
    gate = SpatialConv(channels, 1, activation="hard_sigmoid", name=f"{name}_conv_1")(gate)
    return layers.Multiply(name=f"{name}_mul")([x, gate])


def _mean(x):
    """Mean over time, height and width, (B, T, H, W, C) -> (B, 1, 1, 1, C)."""
    return ops.mean(x, axis=(1, 2, 3), keepdims=True)


def _rounded(channels):
    """The multiple of 8 nearest to `channels`, and at most a tenth less than them."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near
