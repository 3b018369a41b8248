"""Sequences of poses: another length, and random changes for training.

A sequence is (T, K, D + 1) float32: of K joints D coordinates (2 or 3) and the confidence, 0 to 1, last.
"""

import numpy as np

TURN = 0.1  # radians, standard deviation of the angle a body is turned by in the picture
SPIN = 0.15  # radians, likewise about its upright axis, where there is a third coordinate
STRETCH = 0.1  # each coordinate is stretched by up to this share
LOST = 0.05  # share of joints that are lost for a whole clip
PART = 0.8  # a clip keeps at least this share of its time
WARP = 0.2  # share by which its speed changes from beginning to end, at most


def resample(sequence, frames, rng=None):
    """`frames` poses spread evenly over a sequence, each from its two neighbours in proportion to time and confidence.

    With `rng` they are spread over a random part of it, not quite evenly.

    Returns (frames, K, D + 1) float32.
    """
    at = np.linspace(0, 1, frames)
    if rng is not None:
        part = rng.uniform(PART, 1)
        at = rng.uniform(0, 1 - part) + part * (at + rng.uniform(-WARP, WARP) * at * (1 - at))
    at = at * (len(sequence) - 1)
    before = np.floor(at).astype(int)
    earlier, later = sequence[before], sequence[np.minimum(before + 1, len(sequence) - 1)]
    share = (at - before)[:, None, None]
    weights = [part * (poses[..., -1:] + 1e-6) for part, poses in ((1 - share, earlier), (share, later))]
    places = (weights[0] * earlier[..., :-1] + weights[1] * later[..., :-1]) / (weights[0] + weights[1])
    return np.concatenate([places, (1 - share) * earlier[..., -1:] + share * later[..., -1:]], axis=-1).astype(np.float32)


def change(sequence, layout, rng, mirror=True):
    """A sequence as another camera, body or estimator might have given it, as a new array.

    Every second one is mirrored, left and right joints changing places (not with `mirror` False: for actions that say which
    hand or which way). All are turned and stretched, with a third coordinate also turned about the upright axis, and lose a few joints.
    The centre stays. `layout` is a `common.pose_layouts.Layout`, `rng` a numpy Generator.
    """
    places, confidence = sequence[..., :-1].copy(), sequence[..., -1:].copy()
    seen = confidence > 0
    centre = (places * seen).sum(axis=(0, 1)) / max(seen.sum(), 1)
    places -= centre
    if mirror and rng.random() < 0.5:
        places, confidence = places[:, layout.mirrored], confidence[:, layout.mirrored]
        places[..., 0] *= -1
    confidence[:, rng.random(len(layout.names)) < LOST] = 0
    places = places @ _view(places.shape[-1], rng) + centre
    return np.concatenate([places, confidence], axis=-1).astype(np.float32)


def _view(dimensions, rng):
    """A random (D, D) matrix: turns, then stretches."""
    turn, spin = rng.normal(0, (TURN, SPIN))
    matrix = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    if dimensions == 3:
        matrix = matrix @ [[np.cos(spin), 0, np.sin(spin)], [0, 1, 0], [-np.sin(spin), 0, np.cos(spin)]]
    return matrix[:dimensions, :dimensions] * rng.uniform(1 - STRETCH, 1 + STRETCH, dimensions)
