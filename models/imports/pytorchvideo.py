"""PyTorchVideo's published X3D and SlowFast: `models.x3d` and `models.slowfast` have the names of their state dicts,
with dashes for dots."""

import numpy as np
from keras import layers

from models import CHANNELS
from models.convolution import DepthwiseConv3D
from models.imports import Weight
from models.imports.layouts import batch_norm, convolution, dense, is_counter
from models.transfer import leaves

CLASSIFIERS = {"x3d": "blocks.5.proj", "slowfast": "blocks.6.proj"}  # what our layer "logits" is there
FIRST = ("blocks.0.conv.conv_t.weight", "blocks.0.multipathway_blocks.0.conv.weight")  # of X3D, of SlowFast: they see the clip


def plan(model, tensors):
    """Plan for the state dict of PyTorchVideo's network of the same name; `tensors` may hold another's, which `fill` then finds out."""
    classifier = CLASSIFIERS[model.name.split("_")[0]]
    return {name: _plan_of(layer, classifier if name == "logits" else name.replace("-", ".")) for name, layer in leaves(model).items()}


def mode_of(tensors):
    """ "Flow" where the first convolution takes two channels, else "RGB"."""
    first = [tensors[name].shape[1:2] for name in FIRST if name in tensors]
    return "Flow" if first == [(CHANNELS["flow"],)] else "RGB"


def is_ignored(name):
    """Counters of batches."""
    return is_counter(name)


def _plan_of(layer, name):
    if isinstance(layer, layers.BatchNormalization):
        return batch_norm(layer, name)
    if isinstance(layer, layers.Dense):
        return dense(layer, name)
    if isinstance(layer, DepthwiseConv3D):
        *window, channels, one = layer.kernel.shape
        return [Weight({f"{name}.weight": (channels, one, *window)}, _to_depthwise_kernel)]
    return convolution(layer, name)


def _to_depthwise_kernel(tensor):
    """PyTorch's (C, 1, t, h, w) as (t, h, w, C, 1)."""
    return np.moveaxis(tensor, (0, 1), (-2, -1))
