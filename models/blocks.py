"""What several 3-D networks are made of."""

import keras
import numpy as np
from keras import layers, ops

# What the first layer does to uint8 to reach -1 to 1; 128 in flow is no motion.
NORMALISATION = {"rgb": (1 / 127.5, -1.0), "flow": (1 / 127, -128 / 127)}

# Keras' 0.99 needs some hundred steps until the statistics used in validation follow those of training; runs on a few
# hundred clips have fewer steps than that in their first epochs.
BATCH_NORM_MOMENTUM = 0.9


def fold(x):
    """Time into the batch, (B, T, H, W, C) -> (B·T, H, W, C), for what looks at one frame at a time.

    So a network for pictures stays what it is, weights included, and its depthwise convolutions are ones that every backend has.
    """
    return ops.reshape(x, (-1, *x.shape[2:]))


def unfold(x, frames):
    """Time out of the batch again, (B·T, H, W, C) -> (B, T, H, W, C)."""
    return ops.reshape(x, (-1, frames, *x.shape[1:]))


def depthwise(x, kernel, stride, padding, name):
    """A kernel×kernel filter for each channel by itself, without bias, (B, H, W, C) -> (B, h, w, C).

    It starts as in He et al. (arXiv 1502.01852) by the kernel² numbers it takes in; Keras would count all channels.
    """
    start = keras.initializers.RandomNormal(stddev=2**0.5 / kernel)
    return layers.DepthwiseConv2D(kernel, stride, padding, use_bias=False, depthwise_initializer=start, name=name)(x)


def temporal_depthwise(x, frames, kernel, name, stride=1):
    """A filter over time for each channel by itself.

    It is a 2-D depthwise convolution over time and pixels. After one over height and width it makes a separable 3-D depthwise
    convolution. A whole one, `Conv3D(groups=C)`, takes TensorFlow 500 times as long on a processor: forward 8 s, and a training
    step 18 s, for clips (4, 16, 28, 28, 96). The filter starts as 1 in the middle and 0 elsewhere: a new one changes nothing.

    Args:
        x: frames (B·T, H, W, C).
        frames: T.
        kernel: frames that it looks at, odd.
        name: of the layer.
        stride: of time; the frames 0, stride, … stay.

    Returns:
        (frames (B·t, H, W, C), t) with t = ⌈T / stride⌉.
    """
    _, height, width, channels = x.shape
    layer = layers.DepthwiseConv2D((kernel, 1), padding="same", use_bias=False, name=name)
    x = layer(ops.reshape(x, (-1, frames, height * width, channels)))
    layer.set_weights([np.eye(kernel, dtype=np.float32)[kernel // 2].reshape(-1, 1, 1, 1).repeat(channels, 2)])
    x = x[:, ::stride] if stride > 1 else x
    return ops.reshape(x, (-1, height, width, channels)), x.shape[1]


@keras.saving.register_keras_serializable(package="action")
class DepthwiseConv3D(layers.Layer):
    """A 3-D filter for each channel by itself, (B, T, H, W, C) -> (B, T, h, w, C), zeros around as in PyTorch: ⌊k/2⌋ on each side.

    The sum over the kernel's frames of 2-D depthwise convolutions, shifted in time; see `temporal_depthwise` for why.

    Args:
        kernel_size: frames, height and width of the filter, all odd. The weight "kernel" is (*kernel_size, C, 1).
        strides: of height and width; time has none.

    Attributes:
        whole: of the class: whether it runs as one grouped convolution. `models.runtime` says so while it converts to OpenVINO,
            where a clip of X3D-S then takes a quarter of the time (126 ms and not 465, at best, on a busy machine).
    """

    whole = False

    def __init__(self, kernel_size, strides=1, **kwargs):
        super().__init__(**kwargs)
        self.kernel_size, self.strides = tuple(kernel_size), strides

    def build(self, shape):
        self.kernel = self.add_weight(shape=(*self.kernel_size, shape[-1], 1), initializer="he_normal", name="kernel")

    def compute_output_shape(self, shape):
        batch, frames, height, width, channels = shape
        return batch, frames, -(-height // self.strides), -(-width // self.strides), channels

    def call(self, x):
        frames, (length, rows, columns) = x.shape[1], self.kernel_size
        if self.whole:
            x = ops.pad(x, ((0, 0), *((side // 2, side // 2) for side in self.kernel_size), (0, 0)))
            return ops.conv(x, ops.swapaxes(self.kernel, -1, -2), (1, self.strides, self.strides), "valid")
        x = ops.pad(fold(x), ((0, 0), (rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0)))
        return sum(self._shifted(x, frames, i, i - length // 2) for i in range(length) if abs(i - length // 2) < frames)

    def _shifted(self, x, frames, i, shift):
        x = unfold(ops.depthwise_conv(x, self.kernel[i], strides=self.strides, padding="valid"), frames)
        if shift:  # not by indexing, whose gradient took TensorFlow a third of X3D's training step on a processor
            x = ops.split(x, [shift % frames], axis=1)[shift > 0]
        return ops.pad(x, ((0, 0), (max(-shift, 0), max(shift, 0)), (0, 0), (0, 0), (0, 0)))

    def get_config(self):
        return super().get_config() | {"kernel_size": self.kernel_size, "strides": self.strides}
