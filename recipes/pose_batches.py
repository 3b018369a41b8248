"""Pose sequences in batches, for Keras."""

import numpy as np

from common.batches import Batches
from common.pose_layouts import LAYOUTS
from video.pose_changes import change, resample


class PoseBatches(Batches):
    """The training sequences of a `recipes.pose_data.PoseSet`, shuffled and changed at random anew in every epoch.

    Batches are ({"pose": (B, frames, K, D + 1) float32}, (B, C) float32 one-hot); a last one that would not be full is left out.
    """

    def __init__(self, pose_set, frames, batch_size, seed):
        super().__init__()
        self._set, self._frames, self._size, self._seed, self._epoch = pose_set, frames, batch_size, seed, -1
        self.on_epoch_end()

    def __len__(self):
        return len(self._set.train.poses) // self._size

    def batch(self, index):
        chosen = self._order[index * self._size : (index + 1) * self._size]
        poses = np.stack([self._sample(i) for i in chosen])
        return {"pose": poses}, np.eye(len(self._set.classes), dtype=np.float32)[self._set.train.labels[chosen]]

    def on_epoch_end(self):
        self._epoch += 1
        self._order = np.random.default_rng([self._seed, self._epoch]).permutation(len(self._set.train.poses))

    def _sample(self, i):
        rng = np.random.default_rng([self._seed, self._epoch, i])
        return change(resample(self._set.train.poses[i], self._frames, rng), LAYOUTS[self._set.layout], rng, self._set.mirror)
