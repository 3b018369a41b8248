"""One recipe for every network: what it learns from nothing of a few clips."""

import keras
import numpy as np
import openvino

import models
from models import training
from video.dataset import ClipDataset

BATCH, RATE, WARM_UP = 8, 2e-3, 0.1
PORTION = 50  # clips that are tested at a time

# On processors with bfloat16 I3D and SlowFast take a third less time in it, and VATN is mostly I3D; X3D and MobileNetV3 take twice as long,
# as TensorFlow has no quick gradient of depthwise convolutions in it, and ShuffleNetV2 is made of these too. On others I3D takes
# twice as long in it and SlowFast 1.6 times.
BFLOAT16 = ("vatn", "i3d", "i3d_se", "slowfast_4x16", "slowfast_8x8")


class Learner:
    """A network of `models.RECOGNISERS` that learns from clips of optical flow, and starts anew whenever it is called.

    It trains for `epochs` on what `sampler`, a `video.samples.Sampler`, takes of the clips, always from the same random weights.
    """

    def __init__(self, name, num_class, epochs, sampler):
        self._name, self._num_class, self._epochs, self._sampler = name, num_class, epochs, sampler
        self._model = self._start = None

    def __call__(self, train, test, seed):
        """Train on the `video.lists.Example`s of `train`; returns how many of `test` are named right.

        `seed` decides order, changes and dropout. What is left after an epoch's last whole batch is left out: every shape that a
        network sees has to be compiled.
        """
        batches = ClipDataset(train, self._sampler, self._num_class, BATCH, training=True, seed=seed)
        steps = len(train) // BATCH
        self._start_anew(seed)
        for epoch in range(self._epochs):
            batches.start_epoch(epoch)
            for step in range(steps):
                self._model.optimizer.learning_rate = rate((epoch * steps + step) / (self._epochs * steps))
                self._model.train_on_batch(*batches[step])
        return self._count_right(test)

    def _start_anew(self, seed):
        if self._model is None:
            keras.utils.set_random_seed(0)
            keras.config.set_dtype_policy("mixed_bfloat16" if self._name in BFLOAT16 and has_bfloat16() else "float32")
            self._model = models.build(self._name, self._num_class, self._sampler.mode, self._sampler.frames, self._sampler.size)
            self._start = self._model.get_weights()
            training.compile(self._model, "adamw", RATE, "cross_entropy")
        keras.utils.set_random_seed(seed)
        self._model.set_weights(self._start)
        for variable in self._model.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))

    def _count_right(self, test):
        """Operation by operation, as compiling the network once more would take longer."""
        batches, right = ClipDataset(test, self._sampler, self._num_class, PORTION), 0
        for clips, labels in map(batches.__getitem__, range(len(batches))):
            scores = keras.ops.convert_to_numpy(self._model(clips, training=False))
            right += int((scores.argmax(1) == labels.argmax(1)).sum())
        return right


def has_bfloat16():
    """Whether the processor computes in bfloat16 by itself."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def rate(done):
    """Learning rate after a share `done` of all steps: up to `RATE` in a tenth of them, then down to 0 as a cosine."""
    return RATE * (done / WARM_UP if done < WARM_UP else 0.5 + 0.5 * np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP)))
