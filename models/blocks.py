"""What several 3-D networks are made of."""

from keras import ops

# What the first layer does to uint8 to reach -1 to 1; 128 in flow is no motion.
NORMALISATION = {"rgb": (1 / 127.5, -1.0), "flow": (1 / 127, -128 / 127)}

# Keras' 0.99 needs some hundred steps until the statistics used in validation follow those of training; runs on a few
# hundred clips have fewer steps than that in their first epochs.
BATCH_NORM_MOMENTUM = 0.9


def fold(x):
    """Time into the batch, (B, T, H, W, C) -> (B·T, H, W, C), for what looks at one frame at a time."""
    return ops.reshape(x, (-1, *x.shape[2:]))


def unfold(x, frames):
    """Time out of the batch again, (B·T, H, W, C) -> (B, T, H, W, C)."""
    return ops.reshape(x, (-1, frames, *x.shape[1:]))
