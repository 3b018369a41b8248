"""Anchors, the box sizes that a detector's heads start from, fitted to the boxes it shall find."""

import numpy as np

STARTS = 12  # k-means ends where its start leads it; the best of several is kept
ROUNDS = 100  # of k-means; it stands still long before
MOST = 20_000  # boxes looked at; more would not move an anchor by a pixel
LEAST_SIDE = 4.0  # pixels of the network's input: smaller boxes would not be found anyway


def fit(sizes, count, seed=0):
    """k-means over box sizes with 1 − IoU as the distance (YOLO9000, https://arxiv.org/abs/1612.08242, section 2).

    Euclidean distance would let large boxes decide; the overlap of two boxes with one centre counts all sizes alike.

    Args:
        sizes: (N, 2) float, width and height in pixels of the network's input; N ≥ 1.
        count: number of anchors.

    Returns:
        (count, 2) float32, smallest area first.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.permutation(np.maximum(np.asarray(sizes, float), LEAST_SIDE))[:MOST]
    trials = [_improve(sizes, sizes[rng.choice(len(sizes), count, replace=len(sizes) < count)]) for _ in range(STARTS)]
    anchors = max(trials, key=lambda trial: overlap(sizes, trial).max(axis=1).mean())
    return anchors[np.argsort(anchors.prod(axis=1))].astype(np.float32)


def _improve(sizes, anchors):
    for _ in range(ROUNDS):
        nearest = overlap(sizes, anchors).argmax(axis=1)
        moved = [np.median(sizes[nearest == i], axis=0) if (nearest == i).any() else anchors[i] for i in range(len(anchors))]
        if np.allclose(moved, anchors):
            break
        anchors = np.array(moved)
    return anchors


def overlap(sizes, anchors):
    """IoU (N, K) of boxes with one common centre: sizes (N, 2) with anchors (K, 2)."""
    common = np.minimum(sizes[:, None], anchors).prod(axis=2)
    return common / (sizes.prod(axis=1)[:, None] + anchors.prod(axis=1) - common)
