"""Squeeze-and-Excite gates for clips: over channels (arXiv 1709.01507) and over time."""

from keras import layers, ops

REDUCTION = 16
"""The bottleneck is this many times narrower than the channels, as in the paper."""

TEMPORAL_KERNEL = 3
"""Frames that the temporal gate compares: each frame with its two neighbours, twice."""


def squeeze_excite(x, name):
    """Weigh the channels and the frames of a clip by what it shows.

    Height and width are squeezed by their mean, (B, T, H, W, C) -> (B, T, 1, 1, C). From that come two gates:

    - one per channel: mean over time, dense C/16, ReLU, dense C -> (B, 1, 1, 1, C);
    - one per frame: convolution over three frames to C/16, ReLU, convolution over three frames to 1 -> (B, T, 1, 1, 1).
      Convolutions make the same weights fit any number of frames, fixed or free; a dense layer over T would not.

    A gate is twice a sigmoid of how far it is above or below the mean of all channels, or all frames. The last layer starts at zero, so
    a new gate is exactly 1: a network with fresh gates computes what it computed without them, and published weights keep working.
    (The paper's sigmoid starts near 1/2, and is not relative. Gates that are not can all close together: while the classifier still
    guesses, smaller features mean a smaller loss, and nothing opens a closed gate again. At a rate of 0.002 those after the last
    Inception block were at 0.0005 after 288 steps, and the network had learned nothing.)

    Args:
        x: activations (B, T, H, W, C); T, H and W may be free.
        name: prefix of the layers' names.

    Returns:
        activations of the same shape.
    """
    squeezed = ops.mean(x, axis=(2, 3), keepdims=True)  # (B, T, 1, 1, C)
    gates = layers.Multiply(name=f"{name}_gates")([_channel_gate(squeezed, name), _temporal_gate(squeezed, name)])
    return layers.Multiply(name=f"{name}_excite")([x, gates])


def _channel_gate(squeezed, name):
    channels = squeezed.shape[-1]
    gate = ops.mean(squeezed, axis=1, keepdims=True)  # (B, 1, 1, 1, C)
    gate = layers.Dense(channels // REDUCTION, activation="relu", name=f"{name}_channel_reduce")(gate)
    gate = layers.Dense(channels, kernel_initializer="zeros", name=f"{name}_channel_gate")(gate)
    return _relative(gate, -1, f"{name}_channel")


def _temporal_gate(squeezed, name):
    kernel, narrow = (TEMPORAL_KERNEL, 1, 1), squeezed.shape[-1] // REDUCTION
    gate = layers.Conv3D(narrow, kernel, padding="same", activation="relu", name=f"{name}_temporal_reduce")(squeezed)
    gate = layers.Conv3D(1, kernel, padding="same", use_bias=False, kernel_initializer="zeros", name=f"{name}_temporal_gate")(gate)
    return _relative(gate, 1, f"{name}_temporal")  # (B, T, 1, 1, 1)


def _relative(gate, axis, name):
    """Gates between 0 and 2 from what they are of `gate` above or below its mean over `axis`."""
    gate = layers.Activation("sigmoid", name=f"{name}_sigmoid")(gate - ops.mean(gate, axis=axis, keepdims=True))
    return layers.Rescaling(2.0, name=f"{name}_scale")(gate)
