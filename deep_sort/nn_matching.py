"""Appearance: how a person looked lately, and how far a detection is from that."""

import numpy as np


class Gallery:
    """The last `budget` features of one track, oldest overwritten first.

    Room grows with use, doubling up to the budget, so that the many tracks that live for a few frames stay small:
    a full gallery of 100 features of length 512 takes 200 kB.
    """

    def __init__(self, budget):
        self._budget = budget
        self._rows = None  # (room, D) float32
        self._added = 0

    def __len__(self):
        return min(self._added, self._budget)

    def add(self, feature):
        """Remember a feature, (D,) float32 of unit length."""
        if self._rows is None:
            self._rows = np.empty((min(4, self._budget), len(feature)), np.float32)
        elif self._added == len(self._rows) < self._budget:
            room = min(2 * self._added, self._budget)
            self._rows = np.concatenate([self._rows, np.empty((room - self._added, len(feature)), np.float32)])
        self._rows[self._added % self._budget] = feature
        self._added += 1

    def similarity(self, features):
        """(N,) largest cosine between unit features (N, D) and any remembered one."""
        return (self._rows[: len(self)] @ features.T).max(axis=0)


def appearance_cost(galleries, features, candidates):
    """Cosine distances, 0 to 2, of tracks to detections; infinite where they are not asked for.

    Parameters
    ----------
    galleries : list of T Gallery
    features : (N, D) float32, unit rows
    candidates : (T, N) bool
        The pairs to compare; with a gate in place they are few, and comparing only them is what keeps
        a crowd of 100 affordable. Must be false for empty galleries.

    Returns
    -------
    (T, N) float64
    """
    cost = np.full(candidates.shape, np.inf)
    rows, columns = candidates.nonzero()
    similarity = np.empty(len(rows))
    ends = np.cumsum(np.bincount(rows, minlength=len(galleries))).tolist()
    start = 0
    for gallery, end in zip(galleries, ends, strict=True):
        if end > start:
            similarity[start:end] = gallery.similarity(features[columns[start:end]])
        start = end
    cost[rows, columns] = 1 - similarity
    return cost
