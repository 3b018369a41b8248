"""I3D's three published forms: which of their tensors our `models.i3d` is made of.

All three are DeepMind's network: convolutions without bias, batch norms without scale (PyTorch's port has one, of ones), "same"
padding as TensorFlow means it, and a classifier with bias whose logits are averaged over time.
"""

import re

from models import CHANNELS
from models.imports import Weight
from models.imports.layouts import convolution, convolution_and_norm, is_counter
from models.transfer import leaves

STEM = ("Conv3d_1a_7x7", "Conv3d_2b_1x1", "Conv3d_2c_3x3")
CLASSIFIER = "Conv3d_6a_1x1_conv"
SCOPES = {CHANNELS["rgb"]: "RGB/inception_i3d/", CHANNELS["flow"]: "Flow/inception_i3d/"}

OPTIMIZER_STATE = re.compile(r"/(w|b|beta|moving_mean|moving_variance)/[^/]+$")  # such as …/conv_3d/w/Momentum

# The end of our layers' names in an Inception block: where DeepMind has the convolution, and PyTorch's port.
BRANCHES = {
    "0a_1x1": ("Branch_0/Conv3d_0a_1x1", "b0"),
    "1a_1x1": ("Branch_1/Conv3d_0a_1x1", "b1a"),
    "1b_3x3": ("Branch_1/Conv3d_0b_3x3", "b1b"),
    "2a_1x1": ("Branch_2/Conv3d_0a_1x1", "b2a"),
    "2b_3x3": ("Branch_2/Conv3d_0b_3x3", "b2b"),
    "3b_1x1": ("Branch_3/Conv3d_0b_1x1", "b3b"),
}


def keras(model, tensors):
    """Plan for the files of the Keras port, whose layers have our names."""
    return {
        name: [Weight({f"{name}/{weight.name}": tuple(weight.shape)}) for weight in layer.weights] for name, layer in leaves(model).items()
    }


def deepmind(model, tensors):
    """Plan for DeepMind's checkpoints; Sonnet keeps a batch norm's values as (1, 1, 1, 1, channels).

    That of Kinetics-600 lacks the scope before the names.
    """
    layers, plan = leaves(model), {}
    scope = SCOPES[model.inputs[0].shape[-1]] if any("inception_i3d/" in name for name in tensors) else ""
    for unit in _units(layers):
        source = scope + _deepmind_name(unit)
        plan[f"{unit}_conv"] = [Weight({f"{source}/conv_3d/w": tuple(layers[f"{unit}_conv"].kernel.shape)})]
        row = (1, 1, 1, 1, layers[f"{unit}_bn"].moving_mean.shape[0])
        parts = ("beta", "moving_mean", "moving_variance")
        plan[f"{unit}_bn"] = [Weight({f"{source}/batch_norm/{part}": row}, lambda tensor: tensor[0, 0, 0, 0]) for part in parts]
    kernel, source = layers[CLASSIFIER].kernel, f"{scope}Logits/Conv3d_0c_1x1/conv_3d"
    plan[CLASSIFIER] = [Weight({f"{source}/w": tuple(kernel.shape)}), Weight({f"{source}/b": (kernel.shape[-1],)})]
    return plan


def pytorch(model, tensors):
    """Plan for the files of pytorch-i3d. The scale that its batch norms have moves into the convolutions, exactly."""
    layers, plan = leaves(model), {}
    for unit in _units(layers):
        convolution_layer, norm, source = layers[f"{unit}_conv"], layers[f"{unit}_bn"], _pytorch_name(unit)
        plan[f"{unit}_conv"], plan[f"{unit}_bn"] = convolution_and_norm(convolution_layer, norm, f"{source}.conv3d", f"{source}.bn")
    plan[CLASSIFIER] = convolution(layers[CLASSIFIER], "logits.conv3d")
    return plan


def mode_of(tensors):
    """ "Flow" where the first convolution takes two channels, else "RGB"."""
    first = [array.shape for name, array in tensors.items() if STEM[0] in name and array.ndim == 5 and array.shape.count(7) == 3]
    return "Flow" if first and CHANNELS["flow"] in first[0] else "RGB"


def is_ignored(name):
    """What training leaves behind: counters of steps and batches, and what TensorFlow's optimizers keep below a variable's name."""
    return is_counter(name) or name == "global_step" or bool(OPTIMIZER_STATE.search(name))


def _units(layers):
    return [name.removesuffix("_bn") for name in layers if name.endswith("_bn")]


def _deepmind_name(unit):
    if unit in STEM:
        return unit
    block, branch = unit.removeprefix("Conv3d_").split("_", 1)
    path = BRANCHES[branch][0]
    if (block, branch) == ("5b", "2b_3x3"):  # named unlike its siblings there
        path = "Branch_2/Conv3d_0a_3x3"
    return f"Mixed_{block}/{path}"


def _pytorch_name(unit):
    if unit in STEM:
        return unit
    block, branch = unit.removeprefix("Conv3d_").split("_", 1)
    return f"Mixed_{block}.{BRANCHES[branch][1]}"
