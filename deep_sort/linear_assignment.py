"""Who gets which detection: one assignment, and the paper's cascade of them."""

import numpy as np
from scipy.optimize import linear_sum_assignment

_NOTHING = np.empty(0, np.intp)


def assign(cost, limit):
    """Pairs of rows and columns at the lowest total cost.

    A pair above `limit` is cut, which costs as much as a pair barely above it: a distant pair neither helps nor
    hinders the others.

    Parameters
    ----------
    cost : (T, N) float, infinite for impossible pairs
    limit : float

    Returns
    -------
    rows, columns : (M,) int
    """
    good = cost <= limit
    # The margin makes a pair at the very limit better than none.
    rows, columns = linear_sum_assignment(np.where(good, cost, limit + 1e-5))
    good = good[rows, columns]
    return rows[good], columns[good]


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
    levels = sorted(set(age[(cost <= limit).any(axis=1)].tolist()))
    if not levels:
        return _NOTHING, _NOTHING
    if len(levels) == 1:
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
