from itertools import permutations

import numpy as np
import pytest

from deep_sort.linear_assignment import assign, cascade


def pairs(result):
    return sorted(zip(*(indices.tolist() for indices in result), strict=True))


def clipped_total(cost, limit, chosen):
    """What an assignment costs if every pair over the limit, and every unpaired row, costs the limit and a little."""
    return sum(cost[pair] for pair in chosen) + (len(cost) - len(chosen)) * (limit + 1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_assign_finds_the_cheapest_of_all_assignments(seed):
    rng = np.random.default_rng(seed)
    cost = rng.random((4, 5))
    cost[rng.random(cost.shape) < 0.3] = np.inf
    chosen = pairs(assign(cost, 0.7))
    assert all(cost[pair] <= 0.7 for pair in chosen)
    capped = np.where(cost <= 0.7, cost, 0.7 + 1e-5)
    best = min(sum(capped[row, column] for row, column in enumerate(columns)) for columns in permutations(range(5), 4))
    assert clipped_total(cost, 0.7, chosen) == pytest.approx(best)


def test_assign_cuts_at_the_limit_and_keeps_the_limit_itself():
    assert pairs(assign(np.array([[0.7, np.inf], [np.inf, 0.7001]]), 0.7)) == [(0, 0)]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_assign(shape):
    assert pairs(assign(np.empty(shape), 1)) == []
    assert pairs(cascade(np.empty(shape), np.ones(shape[0], int), 1)) == []


def test_the_younger_track_goes_first_even_where_the_older_is_nearer():
    cost = np.array([[0.1, 0.3], [0.2, np.inf]])
    assert pairs(assign(cost, 0.5)) == [(0, 1), (1, 0)]
    assert pairs(cascade(cost[:, :1], np.array([7, 1]), 0.5)) == [(1, 0)]
    assert pairs(cascade(cost[:, :1], np.array([1, 7]), 0.5)) == [(0, 0)]
    assert pairs(cascade(cost, np.array([7, 1]), 0.5)) == [(0, 1), (1, 0)]


def test_tracks_of_one_age_are_assigned_together():
    cost = np.array([[0.1, 0.2], [0.1, 0.9]])
    assert pairs(cascade(cost, np.array([3, 3]), 1)) == [(0, 1), (1, 0)]
