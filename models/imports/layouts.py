"""PyTorch's tensors in the layouts of Keras layers: plans for single layers."""

import numpy as np

from models.imports import Weight


def convolution(layer, name):
    """Plan of a Keras convolution from the PyTorch one called `name`, 2-D or 3-D, grouped or not.

    PyTorch keeps (out, in, …, height, width), Keras (…, height, width, in, out); a bias is as it is.
    """
    *window, channels, filters = layer.kernel.shape
    weights = [Weight({f"{name}.weight": (filters, channels, *window)}, to_kernel)]
    return [*weights, Weight({f"{name}.bias": (filters,)})] if layer.use_bias else weights


def dense(layer, name):
    """Plan of a Keras dense layer from PyTorch's linear one, which keeps (out, in); `name` as in the state dict."""
    channels, units = layer.kernel.shape
    weights = [Weight({f"{name}.weight": (units, channels)}, np.transpose)]
    return [*weights, Weight({f"{name}.bias": (units,)})] if layer.use_bias else weights


def batch_norm(layer, name):
    """Plan of a Keras batch norm with scale and offset from the PyTorch one called `name`."""
    parts = ("weight", "bias", "running_mean", "running_var")  # Keras: gamma, beta, moving mean, moving variance
    return [Weight({f"{name}.{part}": tuple(layer.moving_mean.shape)}) for part in parts]


def convolution_and_norm(convolution_layer, norm_layer, name, norm_name):
    """Plans (convolution's, batch norm's) where PyTorch's batch norm has a scale and ours has none (``scale=False``).

    The scale g moves into the convolution, which has no bias: g·(w∗x − mean)/√(variance + ε) + beta is
    ((g·w)∗x − g·mean)/√(variance + ε) + beta for every g, so kernel and moving mean take it and the rest stays.
    """
    *window, channels, filters = convolution_layer.kernel.shape
    scale = {f"{norm_name}.weight": (filters,)}
    kernel = Weight({f"{name}.weight": (filters, channels, *window), **scale}, lambda tensor, gamma: to_kernel(tensor) * gamma)
    mean = Weight({f"{norm_name}.running_mean": (filters,), **scale}, np.multiply)
    beta, variance = (Weight({f"{norm_name}.{part}": (filters,)}) for part in ("bias", "running_var"))
    return [kernel], [beta, mean, variance]


def to_kernel(tensor):
    """A PyTorch convolution's (out, in, …) as Keras keeps it, (…, in, out)."""
    return np.moveaxis(tensor, (0, 1), (-1, -2))


def is_counter(name):
    """Whether a tensor only counts batches (PyTorch's batch norms); no network needs it."""
    return name.endswith(".num_batches_tracked")
