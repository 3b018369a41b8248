import numpy as np
import pytest

from deep_sort.nn_matching import Gallery, appearance_cost


def unit(*rows):
    rows = np.array(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def distance(gallery, features):
    return appearance_cost([gallery], features, np.ones((1, len(features)), bool))[0]


def test_distance_is_to_the_nearest_remembered_feature():
    gallery = Gallery(10)
    for feature in unit([1, 0, 0], [0, 1, 0]):
        gallery.add(feature)
    features = unit([0, 1, 0], [0, 0, 1], [3, 4, 0], [-1, 0, 0], [-1, -1, 0])
    np.testing.assert_allclose(distance(gallery, features), [0, 1, 0.2, 1, 1 + np.sqrt(0.5)], atol=1e-6)


@pytest.mark.parametrize("budget", [1, 3, 4, 7])
def test_the_last_budget_features_count_and_no_others(budget):
    features = np.eye(12, dtype=np.float32)
    gallery = Gallery(budget)
    for added, feature in enumerate(features, start=1):
        gallery.add(feature)
        expected = np.ones(12)
        expected[max(0, added - budget) : added] = 0
        assert distance(gallery, features).tolist() == expected.tolist()
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


def test_more_tracks_than_are_compared_at_once():
    rng = np.random.default_rng(0)
    looks = unit(*rng.normal(size=(80, 3, 8)).reshape(240, 8))
    galleries = [Gallery(5) for _ in range(80)]
    for person, gallery in enumerate(galleries):
        for feature in looks[3 * person : 3 * person + 1 + person % 3]:
            gallery.add(feature)
    features = unit(*rng.normal(size=(50, 8)))
    candidates = rng.random((80, 50)) < 0.4
    cost = appearance_cost(galleries, features, candidates)
    for person in range(80):
        remembered = looks[3 * person : 3 * person + 1 + person % 3]
        nearest = 1 - (features @ remembered.T).max(axis=1)
        np.testing.assert_allclose(cost[person], np.where(candidates[person], nearest, np.inf), atol=1e-6)
