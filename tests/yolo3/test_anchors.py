"""Anchors by k-means over box sizes."""

import numpy as np

from yolo3 import anchors


def test_anchors_are_the_middles_of_clear_groups():
    rng = np.random.default_rng(0)
    middles = np.float32([[10, 20], [30, 90], [120, 60]])
    sizes = np.concatenate([middle * rng.uniform(0.9, 1.1, (50, 2)) for middle in middles])
    found = anchors.fit(rng.permutation(sizes), 3)
    assert np.abs(found / middles[np.argsort(middles.prod(axis=1))] - 1).max() < 0.05


def test_sizes_count_by_overlap_not_by_pixels():
    """Two small sizes far apart in proportion get an anchor each, although 400 and 500 pixels are farther apart in pixels."""
    sizes = np.repeat(np.float32([[10, 10], [10, 40], [400, 400], [500, 500]]), 20, axis=0)
    found = anchors.fit(sizes, 3)
    assert {tuple(anchor) for anchor in found[:2].tolist()} == {(10, 10), (10, 40)}
    assert 400 <= found[2, 0] <= 500


def test_overlap_of_centred_boxes():
    found = anchors.overlap(np.array([[10, 20]]), np.array([[10, 20], [20, 10], [5, 10]]))
    assert found.tolist() == [[1.0, 1 / 3, 0.25]]


def test_fewer_boxes_than_anchors():
    found = anchors.fit(np.float32([[10, 20]]), 4)
    assert found.shape == (4, 2) and [10, 20] in found.tolist()
