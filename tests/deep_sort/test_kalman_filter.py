"""The decoupled filter against the paper's eight-dimensional one, run by filterpy."""

import filterpy.kalman
import numpy as np
import pytest
from scipy.stats import chi2

from deep_sort.kalman_filter import GATE, KalmanFilter


def spread(height, weight, aspect):
    return np.array([weight * height, weight * height, aspect, weight * height])


def filterpy_filter(xyah):
    one = filterpy.kalman.KalmanFilter(8, 4)
    one.F, one.H = np.eye(8) + np.eye(8, k=4), np.eye(4, 8)
    one.x[:4, 0] = xyah
    height = xyah[3]
    one.P = np.diag(np.concatenate([spread(height, 2 / 20, 1e-2), spread(height, 10 / 160, 1e-5)]) ** 2)
    return one


def filterpy_predict(one):
    height = one.x[3, 0]
    one.predict(Q=np.diag(np.concatenate([spread(height, 1 / 20, 1e-2), spread(height, 1 / 160, 1e-5)]) ** 2))


def filterpy_measurement_noise(one):
    return np.diag(spread(one.x[3, 0], 1 / 20, 1e-1) ** 2)


@pytest.fixture
def walkers():
    """(60, 5, 4) xyah of five walkers, with noise."""
    rng = np.random.default_rng(0)
    start = np.column_stack([rng.uniform(0, 600, (5, 2)), rng.uniform(0.3, 0.6, 5), rng.uniform(60, 300, 5)])
    speed = rng.normal(0, [5, 2, 0.001, 1], (5, 4))
    return start + speed * np.arange(60)[:, None, None] + rng.normal(0, [3, 3, 0.02, 4], (60, 5, 4))


def test_equals_filterpy_over_sixty_frames_with_misses(walkers):
    ours, theirs = KalmanFilter(), [filterpy_filter(xyah) for xyah in walkers[0]]
    ours.append(walkers[0])
    rng = np.random.default_rng(1)
    for boxes in walkers[1:]:
        ours.predict()
        for one in theirs:
            filterpy_predict(one)
        seen = np.flatnonzero(rng.random(5) > 0.3)
        distance = ours.distance(boxes)
        ours.update(seen, boxes[seen])
        for row in seen:
            theirs[row].update(boxes[row], R=filterpy_measurement_noise(theirs[row]))
            assert distance[row, row] == pytest.approx(theirs[row].mahalanobis ** 2, rel=1e-9)
        for row, one in enumerate(theirs):
            np.testing.assert_allclose(np.concatenate([ours.xyah[row], ours.velocity[row]]), one.x[:, 0], rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(ours.covariance(row), one.P, rtol=1e-9, atol=1e-9)


def test_gate_is_the_chi_square_quantile():
    assert pytest.approx(chi2.ppf(0.95, 4), abs=5e-5) == GATE


def test_a_new_track_is_at_rest_and_uncertain_in_proportion_to_its_height():
    ours = KalmanFilter()
    ours.append(np.array([[50.0, 60, 0.5, 160]]))
    assert ours.velocity.tolist() == [[0, 0, 0, 0]]
    np.testing.assert_allclose(np.sqrt(np.diag(ours.covariance(0))), [16, 16, 1e-2, 16, 10, 10, 1e-5, 10])


def test_keep_closes_up_and_handed_out_rows_stay_as_they_were(walkers):
    ours = KalmanFilter()
    ours.append(walkers[0])
    first = ours.xyah[0]
    before = first.copy()
    ours.predict()
    ours.update(np.array([0]), walkers[1][:1])
    ours.keep([0, 2, 4])
    assert len(ours) == 3
    np.testing.assert_array_equal(ours.xyah[1:], walkers[0][[2, 4]])
    np.testing.assert_array_equal(first, before)


def test_without_tracks_or_boxes_there_is_nothing_to_do():
    ours = KalmanFilter()
    ours.predict()
    assert ours.distance(np.ones((3, 4))).shape == (0, 3)
    ours.append(np.array([[5.0, 5, 1, 10]]))
    assert ours.distance(np.empty((0, 4))).shape == (1, 0)
    ours.update(np.empty(0, int), np.empty((0, 4)))
    assert ours.xyah.tolist() == [[5, 5, 1, 10]]
