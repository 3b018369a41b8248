"""Training of pose_gru from weak labels: as `recipes.weak_labels` does it for numbers about motion, for joints."""

import keras
import numpy as np
from keras import ops

from common.batches import Batches
from common.pose_layouts import LAYOUTS
from models.pose_gru import pose_gru
from recipes.weak_labels import PEOPLE, against_all, middle
from video.pose_changes import change

EPOCHS, BATCH, RATE, DECAY = 10, 8, 1e-3, 0.05  # of AdamW; the rate falls to 0 along a cosine; batches of clips
LIMIT = 30.0  # logits are cut off there before they are exponentials


class WeakBatches(Batches):
    """`recipes.weak_labels.Bags` of poses, shuffled and changed at random anew in every epoch.

    Batches are ({"pose": (N, T, K, 3) float32}, (N, C + 3) float32) of the N windows of `BATCH` bags: one-hot action, share of the
    window in its bag (they sum to 1), fight, number of the bag.
    """

    def __init__(self, bags, layout, seed):
        super().__init__()
        self._bags, self._layout, self._seed, self._epoch = bags, LAYOUTS[layout], seed, -1
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self._order) // BATCH)

    def batch(self, index):
        chosen, bags = self._order[index * BATCH : (index + 1) * BATCH], self._bags
        rng = np.random.default_rng([self._seed, self._epoch, index])
        number, window = np.nonzero(bags.weight[chosen])
        poses = np.stack([change(clip, self._layout, rng) for clip in bags.descriptors[chosen][number, window]])
        weight = bags.weight[chosen]
        share = (weight / weight.sum(axis=1, keepdims=True))[number, window]
        facts = np.stack([share, bags.fight[chosen][number], number], axis=-1)
        return {"pose": poses}, np.concatenate([bags.action[chosen][number, window], facts], axis=-1).astype(np.float32)

    def on_epoch_end(self):
        self._epoch += 1
        self._order = np.random.default_rng([self._seed, self._epoch]).permutation(len(self._bags.fight))


def train(bags, layout, seed, epochs=EPOCHS):
    """A `pose_gru` fitted to bags of poses (B, P, T, K, 3); losses and the middle of Fighting are those of `recipes.weak_labels.train`."""
    keras.utils.set_random_seed(seed)
    model = pose_gru(bags.action.shape[-1], frames=bags.descriptors.shape[2], layout=layout)
    learner = keras.Model(model.input, model.get_layer("logits").output)
    batches = WeakBatches(bags, layout, seed)
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * len(batches))
    learner.compile(keras.optimizers.AdamW(rate, weight_decay=DECAY), _loss, jit_compile=False)
    learner.fit(batches, epochs=epochs, shuffle=False, verbose=0)
    number, window = np.nonzero(bags.weight)
    answers = np.full(bags.weight.shape, -np.inf)
    answers[number, window] = against_all(learner.predict({"pose": bags.descriptors[number, window]}, batch_size=128, verbose=0))
    kernel, bias = model.get_layer("scores").get_weights()
    bias[0] -= middle(answers.max(axis=1), bags.fight)
    model.get_layer("scores").set_weights([kernel, bias])
    return model


def _loss(truth, logits):
    """() from what `WeakBatches` gives, and logits (N, C)."""
    action, share, fight, number = truth[:, :-3], truth[:, -3], truth[:, -2], ops.cast(truth[:, -1], "int32")

    def over_bags(values):
        return ops.segment_sum(values, number, num_segments=BATCH)

    clip = ops.log(over_bags(share * ops.exp(ops.clip(against_all(logits), -LIMIT, LIMIT))) + 1e-9)
    fight, told = over_bags(share * fight), over_bags(share * ops.cast(fight >= 0, share.dtype))
    weak = told * (ops.softplus(clip) - fight * clip)
    known = -ops.sum(action * ops.log_softmax(logits, axis=-1)) / PEOPLE
    return (ops.sum(weak) + known) / BATCH
