"""The motion model: where each person's box is, how fast it moves, and how sure that is.

A box is xyah: centre x, centre y, aspect ratio (width / height), height; pixels, except the ratio. Each of the
four moves at constant velocity, and the detector measures the box alone (section 2.1 of the paper).

The paper's eight-dimensional filter falls apart into four filters of two dimensions: its transition, its noise
and its first covariance couple a coordinate with that coordinate's own velocity and with nothing else. A 2×2
covariance has three numbers and the innovation is a scalar, so the whole filter is a few lines of elementwise
arithmetic over all tracks at once, without a matrix inverse. It equals one filterpy `KalmanFilter(8, 4)` per
track within 1e-9 (tests/deep_sort/test_kalman_filter.py), which is why filterpy is an oracle there and not used
at run time: to predict, gate and correct takes filterpy 0.26 ms per frame for 8 persons and 3.9 ms for 100, this
module 0.04 and 0.21 ms (benchmarks/tracker.py, AMD EPYC, one core).
"""

import numpy as np

# Squared Mahalanobis distance that 95 % of the true measurements stay under:
# the 0.95 quantile of the chi-square distribution with 4 degrees of freedom, scipy.stats.chi2.ppf(0.95, 4).
GATE = 9.4877

# Standard deviations per frame of box and velocity. Those of x, y and the height are fractions of the person's
# height, since a person near the camera moves by more pixels; the aspect ratio's are absolute.
POSITION_WEIGHT = 1 / 20
VELOCITY_WEIGHT = 1 / 160
ASPECT_STD = 1e-2
ASPECT_VELOCITY_STD = 1e-5
MEASURED_ASPECT_STD = 1e-1

# A track starts from one box: its place is twice and its velocity ten times as uncertain as the noise above.
FIRST_POSITION = 2
FIRST_VELOCITY = 10


def _noise(weight, aspect_std):
    """What to multiply height² with, and what to add, for the variances of x, y, a, h: two arrays of 4."""
    return np.square([weight, weight, 0, weight]), np.square([0, 0, aspect_std, 0])


def _stacked(*noises):
    """Several noises for (…, T, 4) arrays: two arrays (len(noises), 1, 4)."""
    return [np.stack(part)[:, None] for part in zip(*noises, strict=True)]


MEASUREMENT = _noise(POSITION_WEIGHT, MEASURED_ASPECT_STD)
PROCESS = _stacked(_noise(POSITION_WEIGHT, ASPECT_STD), _noise(VELOCITY_WEIGHT, ASPECT_VELOCITY_STD))
FIRST = _stacked(_noise(FIRST_POSITION * POSITION_WEIGHT, ASPECT_STD), _noise(FIRST_VELOCITY * VELOCITY_WEIGHT, ASPECT_VELOCITY_STD))


def _variances(xyah, noise):
    """(T, 4) or (2, T, 4) variances for boxes (T, 4)."""
    scale, constant = noise
    height = xyah[:, 3:]
    return height * height * scale + constant


class KalmanFilter:
    """The states of T tracks; row t of every array is one track, and rows are addressed by index.

    No method changes an array in place: a row handed out stays what it was.

    Attributes
    ----------
    xyah, velocity : (T, 4) float64
        The boxes and their change per frame.
    """

    def __init__(self):
        # (5, T, 4): box, velocity, variance of the box, covariance of box and velocity, variance of the velocity.
        self._state = np.empty((5, 0, 4))

    def __len__(self):
        return self._state.shape[1]

    @property
    def xyah(self):
        return self._state[0]

    @property
    def velocity(self):
        return self._state[1]

    def covariance(self, row):
        """(8, 8) covariance of one track's x, y, a, h, vx, vy, va, vh, as the paper has it."""
        position, cross, velocity = (np.diag(part) for part in self._state[2:, row])
        return np.block([[position, cross], [cross, velocity]])

    def append(self, xyah):
        """New tracks, at rest, from measured boxes (N, 4); they take the rows after the last."""
        first = np.zeros((5, len(xyah), 4))
        first[0] = xyah
        first[2::2] = _variances(xyah, FIRST)
        self._state = np.concatenate([self._state, first], axis=1)

    def keep(self, rows):
        """Drop all tracks but `rows` (indices); the kept ones close up in order."""
        self._state = self._state.take(rows, axis=1)

    def predict(self):
        """Move every track one frame on."""
        velocity_var = self._state[4]
        state = self._state.copy()
        box, velocity, position_var, cross = state[:4]
        state[2::2] += _variances(box, PROCESS)
        box += velocity
        position_var += 2 * cross + velocity_var
        cross += velocity_var
        self._state = state

    def distance(self, xyah):
        """(T, N) squared Mahalanobis distances from each track's predicted measurement to boxes (N, 4)."""
        variance = self._state[2] + _variances(self.xyah, MEASUREMENT)
        squares = xyah - self.xyah[:, None]  # (T, N, 4)
        squares *= squares
        return np.matmul(squares, (1 / variance)[:, :, None])[:, :, 0]

    def update(self, rows, xyah):
        """Correct the tracks `rows` (M,) by the boxes (M, 4) measured for them."""
        state = self._state.take(rows, axis=1)
        box, _, position_var, cross, velocity_var = state
        gain = state[2:4] / (position_var + _variances(box, MEASUREMENT))  # (2, M, 4): of the box, of the velocity
        state[:2] += gain * (xyah - box)
        velocity_var -= gain[1] * cross
        state[2:4] -= gain[0] * state[2:4]
        self._state = self._state.copy()
        self._state[:, rows] = state
