"""What training adds to a network: optimizer, loss and class weights by name, and a decision threshold afterwards."""

import keras
import numpy as np

from models import losses
from models.optimizers import Lookahead, RectifiedAdam
from models.transfer import leaves

OPTIMIZERS = {
    "radam_lookahead": lambda rate: Lookahead(RectifiedAdam(rate)),
    "radam": RectifiedAdam,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "rmsprop": keras.optimizers.RMSprop,
}


def compile(model, optimizer, learning_rate, loss):
    """Compile `model` with a key of `OPTIMIZERS`, a learning rate (number or Keras schedule) and a key of `models.losses.LOSSES`.

    Under the policy mixed_float16 Keras scales the loss by itself. Under mixed_bfloat16 a few layers stay in float32,
    see `_spare_short_convolutions`.
    """
    _spare_short_convolutions(model)
    model.compile(OPTIMIZERS[optimizer](learning_rate), losses.get(loss), metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")])
    model.optimizer.build(model.trainable_variables)
    # On JAX and PyTorch, Keras would take a batch out of the queue to make loss and metrics from, and then hand out the
    # rest of the queue before the first batch.
    sample = {"x": None, "y": np.eye(model.output_shape[-1], dtype=np.float32)}
    model.compute_metrics(**sample, y_pred=sample["y"])
    model.compute_loss(**sample, y_pred=sample["y"])
    model.reset_metrics()


def _spare_short_convolutions(model):
    """Take 3-D convolutions whose kernel is longer than the clip out of bfloat16.

    TensorFlow 2.21 (oneDNN) computes wrong gradients for their weights on processors with bfloat16, now and then not even
    numbers: kernel 3 over 2 frames, 5 over 2 to 4, and so on. One frame is right, and so are all other layers. I3D has such
    layers at 9 to 16 frames; they hold 4 % of its work.
    """
    if keras.backend.backend() != "tensorflow":
        return
    for layer in leaves(model).values():
        if isinstance(layer, keras.layers.Conv3D) and layer.compute_dtype == "bfloat16" and 1 < layer.input.shape[1] < layer.kernel_size[0]:
            layer.dtype_policy = "float32"


def balanced_weights(labels, num_class):
    """Weight of each class that gives all of them the same share in the loss: {class: N / (classes present · its clips)}."""
    counts = np.bincount(labels, minlength=num_class)
    return {i: len(labels) / (np.count_nonzero(counts) * count) for i, count in enumerate(counts.tolist()) if count}


def best_threshold(scores, positive):
    """The threshold with the highest balanced accuracy, (true positive rate + true negative rate) / 2.

    Of equally good thresholds the one nearest to 0.5 is taken; each lies half-way between two neighbouring scores.

    Args:
        scores: (N,) float, 0 to 1. `positive`: (N,) bool, the truth.

    Returns:
        (threshold, balanced accuracy); a score counts as positive from the threshold on. (None, None) where one of the
        two classes is absent.
    """
    if positive.all() or not positive.any():
        return None, None
    steps, where = np.unique(scores, return_inverse=True)
    thresholds = np.concatenate([[steps[0] / 2], (steps[:-1] + steps[1:]) / 2, [(steps[-1] + 1) / 2]])
    missed, rejected = (np.concatenate([[0], np.bincount(where, side).cumsum()]) for side in (positive, ~positive))  # below each threshold
    balanced = (1 - missed / positive.sum() + rejected / (~positive).sum()) / 2
    best = np.flatnonzero(np.isclose(balanced, balanced.max()))
    chosen = best[np.abs(thresholds[best] - 0.5).argmin()]
    return float(thresholds[chosen]), float(balanced[chosen])
