"""What SlowFast and X3D are made of: convolutions, batch norms and bottlenecks as PyTorchVideo computes and names them."""

import keras
from keras import layers

# What the first layer does to uint8. rgb: as PyTorchVideo's published networks were trained, 0 to 1, then mean 0.45 and standard
# deviation 0.225 in every channel; flow: -1 to 1, where 128 is no motion.
NORMALISATION = {"rgb": (1 / 255 / 0.225, -0.45 / 0.225), "flow": (1 / 127, -128 / 127)}

# PyTorchVideo's momentum is the same; its name for it is 0.1.
BATCH_NORM_MOMENTUM = 0.9
BATCH_NORM_EPSILON = 1e-5

DROPOUT = 0.5  # before the classifier, in both papers


def normalise(clip, stream):
    """uint8 (B, T, H, W, C) -> float of the range that the networks were made for."""
    scale, offset = NORMALISATION[stream]
    return layers.Rescaling(scale, offset, name="normalise")(clip)


def convolution(x, filters, kernel, name, strides=(1, 1, 1), use_bias=False):
    """A convolution with ⌊k/2⌋ zeros on each side, as PyTorch pads; Keras' "same" puts an odd one behind where strides are 2."""
    if max(strides) > 1 and max(kernel) > 1:
        x, padding = layers.ZeroPadding3D([k // 2 for k in kernel], name=f"{name}-pad")(x), "valid"
    else:
        padding = "same"
    initializer = keras.initializers.HeNormal()
    return layers.Conv3D(filters, kernel, strides, padding=padding, use_bias=use_bias, kernel_initializer=initializer, name=name)(x)


def batch_norm(x, name, activation=None, gamma="ones"):
    """A batch norm, and the activation after it where there is one."""
    x = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, gamma_initializer=gamma, name=name)(x)
    return layers.Activation(activation, name=f"{name}-{activation}")(x) if activation else x


def residual(x, branch, name, strides=(1, 1, 1), normalised=True):
    """The sum of `branch` and its input, then ReLU.

    Args:
        x: activations (B, T, H, W, C).
        branch: what was made of them, (B, t, h, w, filters).
        name: of the block.
        strides: between the two; where they are not all 1, or the channels differ, the input goes through a convolution.
        normalised: whether a batch norm follows that convolution.
    """
    filters = branch.shape[-1]
    if max(strides) > 1 or x.shape[-1] != filters:
        x = convolution(x, filters, (1, 1, 1), f"{name}-branch1_conv", strides)
        x = batch_norm(x, f"{name}-branch1_norm") if normalised else x
    return layers.Activation("relu", name=f"{name}-relu")(layers.Add(name=f"{name}-add")([x, branch]))


def classify(x, num_class):
    """Features (B, D) -> probabilities (B, num_class), through the layers "dropout", "logits" and "probabilities"."""
    x = layers.Dropout(DROPOUT, name="dropout")(x)
    initializer = keras.initializers.RandomNormal(stddev=0.01)
    x = layers.Dense(num_class, dtype="float32", kernel_initializer=initializer, name="logits")(x)
    return layers.Softmax(name="probabilities", dtype="float32")(x)
