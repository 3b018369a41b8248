"""One recipe for every network: what it learns from nothing of a few clips."""

from functools import cached_property

import keras

import models
from models import training
from video.dataset import ClipDataset
from video.samples import Sampler

FRAMES, SIZE, FPS = 16, 48, 12.5  # 1.3 seconds
BATCH, RATE = 4, 2e-3


class Learner:
    """A network of `models.RECOGNISERS` that learns from clips of optical flow, and starts anew whenever it is called.

    It trains for `epochs`; flow is kept in the folder `cache`.
    """

    def __init__(self, name, num_class, epochs, cache):
        self._name, self._num_class, self._epochs = name, num_class, epochs
        self._sampler = Sampler(FRAMES, FRAMES, SIZE, "Flow", fps=FPS, augment=("flip", "crop", "time"), cache=cache)

    def __call__(self, train, test, seed):
        """Train on the `video.lists.Example`s of `train`; returns how many of `test` are named right. `seed` decides all that is random."""
        batches = ClipDataset(train, self._sampler, self._num_class, BATCH, training=True, seed=seed, workers=1)
        self._start_anew(batches, seed)
        guide = keras.callbacks.LambdaCallback(on_epoch_begin=batches.start_epoch)
        self._model.fit(batches, epochs=self._epochs, callbacks=[guide], shuffle=False, verbose=0)
        scores = self._model.predict(ClipDataset(test, self._sampler, self._num_class, BATCH), verbose=0)
        return int((scores.argmax(1) == [example.label for example in test]).sum())

    def _start_anew(self, batches, seed):
        keras.utils.set_random_seed(seed)
        weights = self._build().get_weights()
        self._model.set_weights(weights)
        if not self._model.compiled:
            rate = keras.optimizers.schedules.CosineDecay(RATE, self._epochs * len(batches))
            training.compile(self._model, "adamw", rate, "cross_entropy")
        for variable in self._model.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))

    @cached_property
    def _model(self):
        return self._build()

    def _build(self):
        return models.build(self._name, self._num_class, "Flow", FRAMES, SIZE)
