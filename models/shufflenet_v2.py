"""ShuffleNetV2 for clips: networks that a processor without help runs fast."""

import keras
from keras import layers, ops

from models import CHANNELS
from models.blocks import BATCH_NORM_MOMENTUM, NORMALISATION, depthwise, fold, temporal_depthwise, unfold

# channels of the three stages and of the last convolution (table 5 of arXiv 1807.11164)
WIDTHS = {0.5: (48, 96, 192, 1024), 1.0: (116, 232, 464, 1024), 1.5: (176, 352, 704, 1024), 2.0: (244, 488, 976, 2048)}
STEM, UNITS = 24, (4, 8, 4)  # channels of the stem, units of the stages

HALVING = "stage3"  # begins by leaving out every second frame: from 14×14 pixels on lies most of the work


def shufflenet_v2(width, num_class, stream="rgb", frames=16, size=224, temporal_kernel=3):
    """ShuffleNetV2 (Ma et al., arXiv 1807.11164), inflated to 3-D, for one stream.

    Every depthwise convolution looks over time too, each channel by itself: 3×3 is followed by `temporal_kernel`×1×1, as a
    separable 3-D convolution; see `models.blocks.temporal_depthwise`. From 14×14 pixels on every second frame is left out,
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
    x = fold(layers.Rescaling(scale, offset, name="normalise")(clip))
    x = _padded(x)
    x = layers.Conv2D(STEM, 3, 2, use_bias=False, kernel_initializer="he_normal", name="stem_conv")(x)
    x = _padded(layers.Activation("relu", name="stem")(_batch_norm(x, "stem")))  # zeros are as good as none after ReLU
    x = layers.MaxPooling2D(3, 2, name="stem_pool")(x)
    *stages, last = WIDTHS[width]
    for stage, (channels, units) in enumerate(zip(stages, UNITS, strict=True), 2):
        x, frames = _shrinking_unit(x, frames, temporal_kernel, channels, f"stage{stage}")
        for unit in range(1, units):
            x = _unit(x, frames, temporal_kernel, f"stage{stage}_{unit}")
    x = _pointwise(x, last, "last")
    x = layers.GlobalAveragePooling3D(name="pool")(unfold(x, frames))
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


def _unit(x, frames, temporal_kernel, name):
    """Half of the channels pass, half are transformed, and both are shuffled."""
    passing, x = ops.split(x, 2, axis=-1)
    return _shuffle(passing, _branch(x, frames, temporal_kernel, x.shape[-1], name)[0])


def _shrinking_unit(x, frames, temporal_kernel, channels, name):
    """Both branches see all channels, and halve height and width."""
    half = channels // 2
    short, _ = _depthwise(x, frames, temporal_kernel, f"{name}_0_short_depthwise", name)
    short = _pointwise(short, half, f"{name}_0_short")
    x, frames = _branch(x, frames, temporal_kernel, half, f"{name}_0", shrink=name)
    return _shuffle(short, x), frames


def _branch(x, frames, temporal_kernel, channels, name, shrink=None):
    x = _pointwise(x, channels, f"{name}_in")
    x, frames = _depthwise(x, frames, temporal_kernel, f"{name}_depthwise", shrink)
    return _pointwise(x, channels, f"{name}_out"), frames


def _depthwise(x, frames, temporal_kernel, name, shrink=None):
    """3×3 for each channel by itself, then over time; `shrink` names the stage that begins by halving, if it does."""
    padding = "valid" if shrink else "same"
    x = _padded(x) if shrink else x
    x = depthwise(x, 3, 2 if shrink else 1, padding, f"{name}_conv")
    x, frames = _over_time(x, frames, temporal_kernel, name, shrink)
    return _batch_norm(x, name), frames


def _over_time(x, frames, kernel, name, place):
    if kernel == 1:
        return x, frames
    return temporal_depthwise(x, frames, kernel, f"{name}_temporal", 2 if place == HALVING else 1)


def _padded(x):
    """A pixel of zeros on each side, as the authors' PyTorch has it; "same" with a stride of 2 would put it on two sides only."""
    return ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def _shuffle(passing, x):
    """The channels of two halves in turn, a0 b0 a1 b1 …: by a transpose, as OpenVINO interleaves a stack by single numbers."""
    _, height, width, channels = x.shape
    x = ops.reshape(ops.concatenate([passing, x], axis=-1), (-1, height, width, 2, channels))
    return ops.reshape(ops.transpose(x, (0, 1, 2, 4, 3)), (-1, height, width, 2 * channels))


def _pointwise(x, filters, name):
    x = layers.Conv2D(filters, 1, use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    return layers.Activation("relu", name=name)(_batch_norm(x, name))


def _batch_norm(x, name):
    return layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=1e-5, name=f"{name}_bn")(x)
