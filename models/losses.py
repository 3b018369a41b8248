"""The losses that training offers, over one-hot labels (B, num_class) and probabilities (B, num_class)."""

import keras

LOSSES = {
    "cross_entropy": keras.losses.CategoricalCrossentropy,
    "focal": keras.losses.CategoricalFocalCrossentropy,
}


def get(name, **options):
    """The loss called `name`: "cross_entropy", or "focal" (arXiv 1708.02002; alpha 0.25 and gamma 2 unless `options` differ)."""
    return LOSSES[name](**options)
