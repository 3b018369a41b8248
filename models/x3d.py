"""X3D, networks for video grown from a tiny one for pictures: few multiplications, so the first choice for a processor."""

import keras
from keras import layers

from models import CHANNELS
from models.convolution import DepthwiseConv3D
from models.residual import batch_norm, classify, convolution, normalise, residual

STEM = 24

# block: residual units, channels between them, channels within, channels of the squeeze (0.0625 of those, to the nearest 8).
# Table 1 of the paper after all expansions up to X3D-M; S and M differ in their clips alone.
STAGES = {
    "blocks-1": (3, 24, 54, 8),
    "blocks-2": (5, 48, 108, 8),
    "blocks-3": (11, 96, 216, 16),
    "blocks-4": (7, 192, 432, 32),
}
FEATURES = 2048


def x3d_s(num_class, stream="rgb", frames=13, size=160):
    """X3D-S (Feichtenhofer, arXiv 2004.04730) for one stream, as PyTorchVideo builds it.

    Layers have the names of PyTorchVideo's state dict, with dashes for dots, which Keras on PyTorch does not allow: the layer
    "blocks-1-res_blocks-0-branch2-conv_a" holds "blocks.1.res_blocks.0.branch2.conv_a.weight". Only the classifier is called "logits" and
    not "blocks.5.proj".

    Args:
        num_class: number of classes.
        stream: "rgb" or "flow".
        frames: frames of a clip, at least 1; 13 in the paper, at 5 per second.
        size: height and width in pixels, at least 1; 160 in the paper's training, 182 in its test.

    Returns:
        an uncompiled `keras.Model`: {stream: uint8 (B, frames, size, size, 3 or 2)} -> probabilities (B, num_class)
        float32. Layer "logits" holds the scores before softmax. For 400 classes and RGB 3,794,274 parameters and 1.96 G
        multiply-adds; 2.72 G for 182×182, where PyTorchVideo states 2.96: it counts 5 for each number that a batch norm
        takes, and classifies 4 places.

    Deviations: features are averaged over all places, whatever the size (PyTorchVideo slides a 5×5 window over a larger
    picture; for 160×160 it is the same); convolutions start as in He et al. (arXiv 1502.01852) by what they take in.
    """
    return _network("x3d_s", num_class, stream, frames, size)


def x3d_m(num_class, stream="rgb", frames=16, size=224):
    """X3D-M: `x3d_s` with larger clips, by default 16 frames, 6 per second, of 224×224 pixels; 256×256 in the paper's test.

    For 400 classes and RGB 3,794,274 parameters and 4.73 G multiply-adds; 6.18 G for 256×256, where PyTorchVideo states 6.72.
    Arguments and returned value are those of `x3d_s`.
    """
    return _network("x3d_m", num_class, stream, frames, size)


def _network(name, num_class, stream, frames, size):
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    x = convolution(normalise(clip, stream), STEM, (1, 3, 3), "blocks-0-conv-conv_t", (1, 2, 2))
    x = DepthwiseConv3D((5, 1, 1), name="blocks-0-conv-conv_xy")(x)  # PyTorchVideo's two names are the wrong way round
    x = batch_norm(x, "blocks-0-norm", "relu")
    for block, (units, *channels) in STAGES.items():
        for i in range(units):
            x = _unit(x, f"{block}-res_blocks-{i}", *channels, strides=1 if i else 2, attentive=i % 2 == 0)
    x = _head(x, STAGES["blocks-4"][2])
    return keras.Model({stream: clip}, classify(x, num_class), name=name)


def _unit(x, name, filters, inner, squeeze, strides, attentive):
    """Widen, filter each channel over space and time, narrow, and add the input; every other unit weighs its channels."""
    y = convolution(x, inner, (1, 1, 1), f"{name}-branch2-conv_a")
    y = batch_norm(y, f"{name}-branch2-norm_a", "relu")
    y = DepthwiseConv3D((3, 3, 3), strides, name=f"{name}-branch2-conv_b")(y)
    y = batch_norm(y, f"{name}-branch2-norm_b-0")
    y = _squeeze_excite(y, squeeze, f"{name}-branch2-norm_b-1") if attentive else y
    # Swish in two layers: Keras' own has its own gradient in TensorFlow, and then OpenVINO makes an output of each and fuses nothing.
    y = layers.Multiply(name=f"{name}-branch2-swish")([y, layers.Activation("sigmoid", name=f"{name}-branch2-sigmoid")(y)])
    y = convolution(y, filters, (1, 1, 1), f"{name}-branch2-conv_c")
    y = batch_norm(y, f"{name}-branch2-norm_c", gamma="zeros")  # so a new unit changes nothing
    return residual(x, y, name, (1, strides, strides), normalised=x.shape[-1] != filters)


def _squeeze_excite(x, squeeze, name):
    """arXiv 1709.01507 over the whole clip. Not `models.se`: that has a gate over time too, which the published weights lack."""
    gate = layers.GlobalAveragePooling3D(keepdims=True, name=f"{name}-mean")(x)  # (B, 1, 1, 1, C)
    gate = layers.Conv3D(squeeze, 1, activation="relu", name=f"{name}-block-0")(gate)
    gate = layers.Conv3D(x.shape[-1], 1, activation="sigmoid", name=f"{name}-block-2")(gate)
    return layers.Multiply(name=f"{name}-excite")([x, gate])


def _head(x, inner):
    x = convolution(x, inner, (1, 1, 1), "blocks-5-pool-pre_conv")
    x = batch_norm(x, "blocks-5-pool-pre_norm", "relu")
    x = layers.GlobalAveragePooling3D(keepdims=True, name="blocks-5-pool-pool")(x)
    x = convolution(x, FEATURES, (1, 1, 1), "blocks-5-pool-post_conv")
    return layers.Flatten(name="features")(layers.Activation("relu", name="blocks-5-pool-post_act")(x))
