import numpy as np
import pytest

from deep_sort.nn_matching import Gallery, appearance_cost


def unit(*rows):
    rows = np.array(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_similarity_is_to_the_nearest_remembered_feature():
    gallery = Gallery(10)
    for feature in unit([1, 0, 0], [0, 1, 0]):
        gallery.add(feature)
    np.testing.assert_allclose(gallery.similarity(unit([0, 1, 0], [0, 0, 1], [3, 4, 0], [-1, 0, 0])), [1, 0, 0.8, 0], atol=1e-7)


@pytest.mark.parametrize("budget", [1, 3, 4, 7])
def test_the_last_budget_features_count_and_no_others(budget):
    features = np.eye(12, dtype=np.float32)
    gallery = Gallery(budget)
    for added, feature in enumerate(features, start=1):
        gallery.add(feature)
        expected = np.zeros(12)
        expected[max(0, added - budget) : added] = 1
        assert gallery.similarity(features).tolist() == expected.tolist()
        assert len(gallery) == min(added, budget)


def test_a_short_track_takes_little_memory():
    gallery = Gallery(100)
    for _ in range(3):
        gallery.add(np.ones(512, np.float32))
    assert gallery._rows.nbytes <= 4 * 512 * 4
    for _ in range(500):
        gallery.add(np.ones(512, np.float32))
    assert gallery._rows.nbytes == 100 * 512 * 4


def test_only_candidates_are_compared():
    galleries = [Gallery(5), Gallery(5), Gallery(5)]  # the second stays empty
    galleries[0].add(unit([1, 0])[0])
    galleries[2].add(unit([0, 1])[0])
    candidates = np.array([[True, False, True], [False, False, False], [False, True, True]])
    cost = appearance_cost(galleries, unit([1, 0], [0, 1], [1, 1]), candidates)
    near = 1 - np.sqrt(0.5)
    np.testing.assert_allclose(cost, [[0, np.inf, near], [np.inf] * 3, [np.inf, 0, near]], atol=1e-7)
