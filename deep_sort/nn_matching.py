"""Appearance: how a person looked lately, and how far a detection is from that."""

import numpy as np

_TRACKS_AT_ONCE = 32  # bounds the memory where everybody is near everybody


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

    def mean(self):
        """(D,) float32, the direction of the mean of what it remembers; must not be empty."""
        total = self._rows[: len(self)].sum(axis=0)
        return total / max(np.linalg.norm(total), 1e-12)

    def compare(self, features, cosines):
        """Write the cosines of unit features (N, D) to the remembered ones into the first columns of `cosines` (N, ≥ len)."""
        count = len(self)
        np.matmul(features, self._rows[:count].T, out=cosines[:, :count])


def appearance_cost(galleries, features, candidates):
    """Cosine distances, 0 to 2, of detections to the nearest feature of each track; infinite where not asked for.

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
    for start in range(0, len(galleries), _TRACKS_AT_ONCE):
        block = slice(start, start + _TRACKS_AT_ONCE)
        rows, columns = candidates[block].nonzero()
        if len(rows):
            counts = np.bincount(rows, minlength=len(galleries[block]))
            cost[block][rows, columns] = 1 - _nearest(galleries[block], features[columns], counts.tolist())
    return cost


def mean_appearance_cost(galleries, features, candidates):
    """`appearance_cost`, but to the mean of each track's features.

    One picture of somebody else among a hundred is the nearest one when that person comes by again; the mean hardly notices it.
    """
    cost = np.full(candidates.shape, np.inf)
    rows = candidates.any(axis=1).nonzero()[0]
    if len(rows):
        means = np.stack([galleries[row].mean() for row in rows])
        cost[rows] = np.where(candidates[rows], 1 - means @ features.T, np.inf)
    return cost


def _nearest(galleries, features, counts):
    """(M,) largest cosine of features (M, D) to their gallery; the first counts[0] belong to the first, and so on."""
    cosines = np.full((len(features), max(map(len, galleries))), -1, np.float32)
    end = 0
    for gallery, count in zip(galleries, counts, strict=True):
        if count:
            start, end = end, end + count
            gallery.compare(features[start:end], cosines[start:end])
    return cosines.max(axis=1)
