"""Convolutions of clips that frameworks and OpenVINO compute each in their own quickest way.

TensorFlow, JAX and PyTorch have quick kernels for pictures, and none on a processor for a depthwise convolution in 3-D: time goes
into the batch, or is summed over. OpenVINO has kernels for all of it in 3-D, and pays for every change of shape with a copy.
"""

from contextlib import contextmanager

import keras
import numpy as np
from keras import layers, ops

from models.blocks import fold, unfold


class ClipLayer(layers.Layer):
    """A layer (B, T, H, W, C) -> (B, t, h, w, c).

    Attributes:
        whole: of the class: whether it runs as one 3-D convolution; see `whole_clips`.
    """

    whole = False


class SpatialLayer(ClipLayer):
    """One that is a layer of Keras for pictures, to be named as a second base, to every frame."""

    def compute_output_shape(self, shape):
        return *shape[:2], *super().compute_output_shape((shape[0], *shape[2:]))[1:]


@contextmanager
def whole_clips():
    """Within it all layers of this file run as one 3-D convolution, which is what OpenVINO is to see of them.

    A clip of X3D-S then takes a quarter of the time (126 ms and not 465, at best, on a busy machine), one of MobileNetV3-Large half
    (11 ms and not 20).
    """
    ClipLayer.whole = True
    try:
        yield
    finally:
        ClipLayer.whole = False


@keras.saving.register_keras_serializable(package="action")
class SpatialConv(SpatialLayer, layers.Conv2D):
    """A 2-D convolution of every frame, with the arguments, dilation aside, and weights of `keras.layers.Conv2D`.

    So an inflated network takes the weights of the one for pictures as they are.

    Args:
        order: for each channel of the input, which one of the kernel's it is; None where they come in the kernel's order.
    """

    def __init__(self, *args, order=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.order = order

    def call(self, x):
        kernel = self.kernel if self.order is None else ops.take(self.kernel, self.order, axis=2)
        if self.whole:
            x = ops.conv(x, kernel[None], (1, *self.strides), self.padding)
        else:
            x = unfold(ops.conv(fold(x), kernel, self.strides, self.padding), x.shape[1])
        x = x + self.bias if self.use_bias else x
        return self.activation(x)

    def get_config(self):
        return super().get_config() | {"order": self.order}


@keras.saving.register_keras_serializable(package="action")
class SpatialDepthwiseConv(SpatialLayer, layers.DepthwiseConv2D):
    """A k×k filter for each channel by itself, without bias, over every frame; the weight is that of `keras.layers.DepthwiseConv2D`.

    It starts as in He et al. (arXiv 1502.01852) by the k² numbers it takes in; Keras would count all channels.

    Args:
        kernel_size: k.
        strides: of height and width.
        padding: "same" or "valid".
    """

    def __init__(self, kernel_size, strides=1, padding="same", **kwargs):
        start = keras.initializers.RandomNormal(stddev=2**0.5 / np.max(kernel_size))
        super().__init__(kernel_size, strides, padding, **{"use_bias": False, "depthwise_initializer": start} | kwargs)

    def call(self, x):
        if self.whole:
            return ops.conv(x, ops.swapaxes(self.kernel, -1, -2)[None], (1, *self.strides), self.padding)
        return unfold(ops.depthwise_conv(fold(x), self.kernel, self.strides, self.padding), x.shape[1])


@keras.saving.register_keras_serializable(package="action")
class SpatialMaxPool(SpatialLayer, layers.MaxPooling2D):
    """A 2-D max pooling of every frame, with the arguments of `keras.layers.MaxPooling2D`."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.input_spec = keras.InputSpec(ndim=5)

    def call(self, x):
        if self.whole:
            return ops.max_pool(x, (1, *self.pool_size), (1, *self.strides), self.padding)
        return unfold(ops.max_pool(fold(x), self.pool_size, self.strides, self.padding), x.shape[1])


@keras.saving.register_keras_serializable(package="action")
class TemporalDepthwiseConv(ClipLayer):
    """A filter over time for each channel by itself, without bias, ⌊k/2⌋ zeros before and after.

    After a `SpatialDepthwiseConv` it makes a separable 3-D depthwise convolution. A whole one, `Conv3D(groups=C)`, takes TensorFlow
    500 times as long on a processor: forward 8 s, and a training step 18 s, for clips (4, 16, 28, 28, 96). Frameworks see a 2-D one
    over time and pixels. The filter starts as 1 in the middle and 0 elsewhere: a new one changes nothing.

    Args:
        kernel_size: frames that it looks at, odd. The weight "kernel" is (kernel_size, 1, C, 1).
        strides: of time; the frames 0, strides, … stay.
    """

    def __init__(self, kernel_size, strides=1, **kwargs):
        super().__init__(**kwargs)
        self.kernel_size, self.strides = kernel_size, strides

    def build(self, shape):
        self.kernel = self.add_weight(shape=(self.kernel_size, 1, shape[-1], 1), initializer=_middle, name="kernel")

    def compute_output_shape(self, shape):
        return shape[0], -(-shape[1] // self.strides), *shape[2:]

    def call(self, x):
        _, frames, height, width, channels = x.shape
        if self.whole:
            around = self.kernel_size // 2
            x = ops.pad(x, ((0, 0), (around, around), (0, 0), (0, 0), (0, 0)))
            return ops.conv(x, ops.swapaxes(self.kernel, -1, -2)[:, None], (self.strides, 1, 1), "valid")
        x = ops.depthwise_conv(ops.reshape(x, (-1, frames, height * width, channels)), self.kernel, padding="same")
        x = x[:, :: self.strides] if self.strides > 1 else x
        return ops.reshape(x, (-1, x.shape[1], height, width, channels))

    def get_config(self):
        return super().get_config() | {"kernel_size": self.kernel_size, "strides": self.strides}


@keras.saving.register_keras_serializable(package="action")
class DepthwiseConv3D(ClipLayer):
    """A 3-D filter for each channel by itself, (B, T, H, W, C) -> (B, T, h, w, C), zeros around as in PyTorch: ⌊k/2⌋ on each side.

    Frameworks sum over the kernel's frames 2-D depthwise convolutions, shifted in time; see `TemporalDepthwiseConv` for why.

    Args:
        kernel_size: frames, height and width of the filter, all odd. The weight "kernel" is (*kernel_size, C, 1).
        strides: of height and width; time has none.
    """

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


def _middle(shape, dtype=None):
    """Initial weights of a filter over time: 1 in the middle."""
    return ops.cast(np.eye(shape[0])[shape[0] // 2].reshape(-1, 1, 1, 1).repeat(shape[2], 2), dtype)
