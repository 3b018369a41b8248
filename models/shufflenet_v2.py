"""ShuffleNetV2 for clips: networks that a processor without help runs fast."""

from bisect import bisect_left

import keras
import numpy as np
from keras import layers, ops

from models import CHANNELS
from models.blocks import BATCH_NORM_MOMENTUM, NORMALISATION
from models.convolution import SpatialConv, SpatialDepthwiseConv, SpatialMaxPool, TemporalDepthwiseConv

# channels of the three stages and of the last convolution (table 5 of arXiv 1807.11164)
WIDTHS = {0.5: (48, 96, 192, 1024), 1.0: (116, 232, 464, 1024), 1.5: (176, 352, 704, 1024), 2.0: (244, 488, 976, 2048)}
STEM, UNITS = 24, (4, 8, 4)  # channels of the stem, units of the stages

HALVING = "stage3"  # begins by leaving out every second frame: from 14×14 pixels on lies most of the work


def shufflenet_v2(width, num_class, stream="rgb", frames=16, size=224, temporal_kernel=3):
    """ShuffleNetV2 (Ma et al., arXiv 1807.11164), inflated to 3-D, for one stream.

    Every depthwise convolution looks over time too, each channel by itself: 3×3 is followed by `temporal_kernel`×1×1, as a
    separable 3-D convolution; see `models.convolution`. From 14×14 pixels on every second frame is left out,
    after its neighbours have seen it; the last pooling takes in all frames. Everything else is the network for pictures.
    Filters over time start as 1 in the middle and 0 elsewhere, so a new network gives for a clip that stands still what that
    one gives for the picture.

    Args:
        width: 0.5, 1.0, 1.5 or 2.0, the paper's 0.5×, 1×, 1.5× and 2×.
        num_class: number of classes.
        stream: "rgb" or "flow".
        frames: frames of a clip, at least 1.
        size: height and width in pixels, at least 1; 224 in the paper.
        temporal_kernel: frames that each filter over time looks at, odd; 1 = no such filters and no stride of time: the
            network for pictures, averaged over the clip.

    Returns:
        an uncompiled `keras.Model`: {stream: uint8 (B, frames, size, size, 3 or 2)} -> probabilities (B, num_class) float32.
        Layer "logits" holds the scores before softmax. For parameters and work see `shufflenet_v2_0_5` and the others.

    Deviations: none but inflation; batch norm follows its statistics faster.
    """
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    scale, offset = NORMALISATION[stream]
    x = _padded(layers.Rescaling(scale, offset, name="normalise")(clip))
    x = SpatialConv(STEM, 3, 2, use_bias=False, kernel_initializer="he_normal", name="stem_conv")(x)
    x = _padded(layers.Activation("relu", name="stem")(_batch_norm(x, "stem")))  # zeros are as good as none after ReLU
    x = SpatialMaxPool(3, 2, name="stem_pool")(x)
    pieces = [(x, range(STEM))]
    *stages, last = WIDTHS[width]
    for stage, (channels, units) in enumerate(zip(stages, UNITS, strict=True), 2):
        pieces = _shrinking_unit(pieces, temporal_kernel, channels, f"stage{stage}")
        for unit in range(1, units):
            pieces = _unit(pieces, temporal_kernel, channels, f"stage{stage}_{unit}")
    x = _pointwise_of(pieces, last, "last")
    x = layers.GlobalAveragePooling3D(name="pool")(x)
    x = layers.Dense(num_class, dtype="float32", name="logits")(x)
    x = layers.Softmax(name="probabilities", dtype="float32")(x)
    return keras.Model({stream: clip}, x, name=f"shufflenet_v2_{width:.1f}".replace(".", "_"))


def shufflenet_v2_0_5(num_class, stream="rgb", frames=16, size=224, temporal_kernel=3):
    """`shufflenet_v2` of width 0.5×: for 400 classes and RGB 754,888 parameters and 0.455 G multiply-adds."""
    return shufflenet_v2(0.5, num_class, stream, frames, size, temporal_kernel)


def shufflenet_v2_1_0(num_class, stream="rgb", frames=16, size=224, temporal_kernel=3):
    """`shufflenet_v2` of width 1×: for 400 classes and RGB 1,670,984 parameters and 1.53 G multiply-adds."""
    return shufflenet_v2(1.0, num_class, stream, frames, size, temporal_kernel)


def shufflenet_v2_1_5(num_class, stream="rgb", frames=16, size=224, temporal_kernel=3):
    """`shufflenet_v2` of width 1.5×: for 400 classes and RGB 2,899,784 parameters and 3.08 G multiply-adds."""
    return shufflenet_v2(1.5, num_class, stream, frames, size, temporal_kernel)


def shufflenet_v2_2_0(num_class, stream="rgb", frames=16, size=224, temporal_kernel=3):
    """`shufflenet_v2` of width 2×: for 400 classes and RGB 6,180,040 parameters and 5.90 G multiply-adds."""
    return shufflenet_v2(2.0, num_class, stream, frames, size, temporal_kernel)


def _shrinking_unit(pieces, temporal_kernel, channels, name):
    """Both branches see all channels, and halve height and width; pieces -> pieces."""
    short = _depthwise(_in_order(pieces), temporal_kernel, f"{name}_0_short_depthwise", name)
    short = _pointwise(short, channels // 2, f"{name}_0_short")
    x = _branch(pieces, temporal_kernel, channels // 2, f"{name}_0", shrink=name)
    return _shuffled([(short, range(channels // 2))], x)


def _unit(pieces, temporal_kernel, channels, name):
    """Half of the channels pass, half are transformed, and both are shuffled."""
    passing, seen = _halves(pieces, channels // 2)
    return _shuffled(passing, _branch(seen, temporal_kernel, channels // 2, name))


def _branch(pieces, temporal_kernel, channels, name, shrink=None):
    x = _pointwise_of(pieces, channels, f"{name}_in")
    x = _depthwise(x, temporal_kernel, f"{name}_depthwise", shrink)
    return _pointwise(x, channels, f"{name}_out")


# A shuffle takes the channels of two halves in turn, a0 b0 a1 b1 …, and moves every number of a clip by itself: it took OpenVINO a
# third of a clip's time. Here nothing moves. Channels stay in pieces, [(piece (B, T, H, W, c), the numbers that its c channels would
# have, ascending)], and a pointwise convolution that sees some of them takes its filters in their order.


def _shuffled(passing, x):
    """The pieces of both halves after a shuffle."""
    return [(piece, [2 * number for number in numbers]) for piece, numbers in passing] + [(x, range(1, 2 * x.shape[-1], 2))]


def _halves(pieces, half):
    """The pieces of the channels below `half`, and those of the others, which are numbered from 0 again."""
    below, others = [], []
    for piece, numbers in pieces:
        cut = bisect_left(numbers, half)
        first, second = ops.split(piece, [cut], axis=-1) if 0 < cut < len(numbers) else (piece, piece)
        below += [(first, numbers[:cut])] if cut else []
        others += [(second, [number - half for number in numbers[cut:]])] if cut < len(numbers) else []
    return below, others


def _in_order(pieces):
    """All channels in one, as they are numbered.

    Taken half by half: OpenVINO 2026.4 would put one step that orders them all into the filters of the next convolution, the wrong way
    round (it is meant for R, G, B and B, G, R, where both ways are the same).
    """
    if len(pieces) == 1:
        return _together(pieces)
    x = _together(pieces)
    halves = np.split(np.argsort(_numbers(pieces)), 2)
    return ops.concatenate([ops.take(x, half.tolist(), axis=-1) for half in halves], axis=-1)


def _pointwise_of(pieces, filters, name):
    return _pointwise(_together(pieces), filters, name, _numbers(pieces) if len(pieces) > 1 else None)


def _together(pieces):
    return ops.concatenate([piece for piece, _ in pieces], axis=-1) if len(pieces) > 1 else pieces[0][0]


def _numbers(pieces):
    return [number for _, numbers in pieces for number in numbers]


def _depthwise(x, temporal_kernel, name, shrink=None):
    """3×3 for each channel by itself, then over time; `shrink` names the stage that begins by halving, if it does."""
    x, stride, padding = (_padded(x), 2, "valid") if shrink else (x, 1, "same")
    x = SpatialDepthwiseConv(3, stride, padding, name=f"{name}_conv")(x)
    if temporal_kernel > 1:
        x = TemporalDepthwiseConv(temporal_kernel, 2 if shrink == HALVING else 1, name=f"{name}_temporal")(x)
    return _batch_norm(x, name)


def _padded(x):
    """A pixel of zeros on each side, as the authors' PyTorch has it; "same" with a stride of 2 would put it on two sides only."""
    return ops.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)))


def _pointwise(x, filters, name, order=None):
    x = SpatialConv(filters, 1, use_bias=False, kernel_initializer="he_normal", order=order, name=f"{name}_conv")(x)
    return layers.Activation("relu", name=name)(_batch_norm(x, name))


def _batch_norm(x, name):
    return layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=1e-5, name=f"{name}_bn")(x)
