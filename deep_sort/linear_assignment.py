"""Who gets which detection: one assignment, and the paper's cascade of them."""

import numpy as np
from scipy.optimize import linear_sum_assignment

_NOTHING = np.empty(0, np.intp)


def assign(cost, limit):
    """Pairs of rows and columns at the lowest total cost.

    A pair above `limit` is cut, which costs as much as a pair barely above it: a distant pair neither helps nor
    hinders the others. Rows and columns with no pair within the limit are left out beforehand; the result is the
    same, and with a gate in place most are.

    Parameters
    ----------
    cost : (T, N) float, infinite for impossible pairs
    limit : float

    Returns
    -------
    rows, columns : (M,) int
    """
    feasible = cost <= limit
    rows, columns = feasible.any(axis=1).nonzero()[0], feasible.any(axis=0).nonzero()[0]
    if not len(rows):
        return _NOTHING, _NOTHING
    cost, feasible = cost[rows][:, columns], feasible[rows][:, columns]
    # The margin makes a pair at the very limit better than none.
    chosen = linear_sum_assignment(np.where(feasible, cost, limit + 1e-5))
    good = feasible[chosen]
    return rows[chosen[0][good]], columns[chosen[1][good]]


def cascade(cost, age, limit):
    """`assign` age by age, youngest first (section 2.3 of the paper).

    A track that has not been seen for long is uncertain about its place, so that any detection looks near by its
    Mahalanobis distance; the cascade keeps it from taking the detection of a track seen a moment ago.

    Parameters
    ----------
    cost : (T, N) float
    age : (T,) int
        Frames since each track was last seen.

    Returns
    -------
    rows, columns : (M,) int
    """
    levels = np.unique(age[(cost <= limit).any(axis=1)])
    if len(levels) <= 1:
        return assign(cost, limit)
    free = np.arange(cost.shape[1])
    pairs = []
    for level in levels:
        rows = (age == level).nonzero()[0]
        matched, columns = assign(cost[rows][:, free], limit)
        pairs.append((rows[matched], free[columns]))
        free = np.delete(free, columns)
    rows, columns = zip(*pairs, strict=True)
    return np.concatenate(rows), np.concatenate(columns)
