"""Training from weak labels: of a clip it is known whether there is a fight in it, not whose."""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops

from models.motion import DROPOUT, EPSILON, HIDDEN, LIMIT, NOISE

HEADS = 8
EPOCHS, BATCH, RATE, DECAY = 80, 32, 3e-3, 0.05
PEOPLE = 12  # windows of a bag that training looks at: the surest sightings


class Bags(NamedTuple):
    """Windows by clip, padded to `PEOPLE` a clip.

    `descriptors` (B, P, D) float32. `weight` (B, P): how sure it is that a window shows a person who might be the one, 0 for
    padding. `fight` (B,): 1, 0, or -1 where the clip says nothing. `action` (B, P, 3) one-hot, zeros where nothing is known of
    the window.
    """

    descriptors: np.ndarray
    weight: np.ndarray
    fight: np.ndarray
    action: np.ndarray


def make_bags(clips):
    """`Bags` from (descriptors (n, D), weight (n,), fight, action (n, 3)) of each clip; one without a window gives none.

    Of a fight with more than `PEOPLE` windows the surest count. Any other clip is cut into several bags then: each part of
    it is without a fight too.
    """
    parts = [part for clip in clips for part in _parts(*clip)]
    descriptors, weight, action = (np.zeros((len(parts), PEOPLE, *parts[0][i].shape[1:]), np.float32) for i in (0, 1, 3))
    for row, part in enumerate(parts):
        for array, values in ((descriptors, part[0]), (weight, part[1]), (action, part[3])):
            array[row, : len(values)] = values
    return Bags(descriptors, weight, np.array([part[2] for part in parts], np.float32), action)


def _parts(descriptors, weight, fight, action):
    order = np.argsort(-weight, kind="stable")[:PEOPLE] if fight == 1 else np.arange(len(weight))
    for start in range(0, len(order), PEOPLE):
        chosen = order[start : start + PEOPLE]
        yield descriptors[chosen], weight[chosen], fight, action[chosen]


def train(bags, seed, epochs=EPOCHS):
    """Weights for the layers of `models.motion.head`: {layer name: list of arrays}.

    `HEADS` small networks learn side by side, each with its own loss, and become one: the mean of their logits is again a
    layer on a layer. A clip's logit for Fighting is the log of the weighted mean of its windows' exponentials (a smooth
    maximum). Windows whose action is known also count by cross-entropy, rare actions as much as frequent ones. Last, the bias
    of Fighting is moved so that half of the clips, fight or not in equal shares, get 0.5 or more.
    """
    keras.utils.set_random_seed(seed)
    seen = bags.descriptors[bags.weight > 0]
    mean, variance = seen.mean(axis=0), seen.var(axis=0)
    scaled = np.clip((bags.descriptors - mean) / np.sqrt(variance + EPSILON), -LIMIT, LIMIT)
    model = _heads(scaled.shape[1:], bags.action.shape[-1])
    fight = np.broadcast_to(bags.fight[:, None, None], (*bags.weight.shape, 1))
    known = bags.action.sum(axis=(0, 1))
    action = bags.action * known.sum() / (len(known) * np.maximum(known, 1))
    truth = np.concatenate([action, bags.weight[..., None], fight], axis=-1).astype(np.float32)
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * -(-len(truth) // BATCH))
    optimizer = keras.optimizers.AdamW(rate, DECAY)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, _loss, jit_compile=False)
    model.fit(scaled, truth, batch_size=BATCH, epochs=epochs, verbose=0)
    hidden, logits = model.get_layer("hidden").get_weights(), model.get_layer("logits").get_weights()
    kernel, bias = logits[0].reshape(HIDDEN, -1) / HEADS, logits[1].mean(axis=0)
    answers = against_all(np.tanh(scaled @ hidden[0] + hidden[1]) @ kernel + bias)
    bias[0] -= middle(np.where(bags.weight > 0, np.asarray(answers), -np.inf).max(axis=1), bags.fight)
    return {"scale": [mean, variance], "hidden": hidden, "logits": [kernel, bias]}


def _heads(shape, num_class):
    x = inputs = keras.Input(shape)
    x = layers.Dropout(DROPOUT)(layers.GaussianNoise(NOISE)(x))
    x = layers.Dense(HIDDEN, activation="tanh", name="hidden")(x)
    x = layers.Reshape((shape[0], HEADS, HIDDEN // HEADS))(x)
    x = layers.EinsumDense("bpkh,khc->bpkc", (shape[0], HEADS, num_class), bias_axes="kc", name="logits")(x)
    return keras.Model(inputs, x)


def against_all(logits):
    """The logit of class 0 alone, from logits (…, C): that of its probability."""
    return logits[..., 0] - ops.logsumexp(logits[..., 1:], axis=-1)


def _loss(truth, logits):
    """(B,) from truth (B, P, C + 2): one-hot action, weight, fight, and logits (B, P, K, C)."""
    action, weight, fight = truth[..., :-2], truth[..., -2], truth[:, 0, -1]
    portions = ops.log(weight / ops.maximum(ops.sum(weight, axis=1, keepdims=True), 1e-9) + 1e-9)
    clip = ops.logsumexp(against_all(logits) + portions[..., None], axis=1)  # (B, K)
    weak = ops.mean(ops.softplus(clip) - ops.maximum(fight, 0)[:, None] * clip, axis=-1)
    known = -ops.mean(ops.sum(action[:, :, None] * ops.log_softmax(logits, axis=-1), axis=-1), axis=-1)  # (B, P)
    return ops.where(fight >= 0, weak, 0.0) + ops.mean(known, axis=1)


def middle(highest, fight):
    """The median of the clips' highest logits (B,) for Fighting, those with `fight` (B,) 1 and 0 in equal shares."""
    sides = [np.sort(highest[fight == side]) for side in (0, 1)]
    places = np.linspace(0, 1, 201)
    return float(np.median(np.concatenate([np.quantile(side, places) for side in sides])))
