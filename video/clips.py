"""Which frames make a clip. Index arithmetic only: every function gives positions to take from the frames one has."""

import numpy as np


def forth_and_back(n, length):
    """Play `n` frames forth and back until `length` are shown: 0, 1, … n-1, n-2, … 1, 0, 1, …

    Returns (length,) int64 in 0 … n-1; with `length` below `n`, just the first ones. ValueError without a frame.
    """
    if n < 1:
        raise ValueError("a clip needs at least one frame")
    period = max(2 * n - 2, 1)
    phase = np.arange(length) % period
    return np.where(phase < n, phase, period - phase)


def resample(n, source_fps, fps):
    """Play `n` frames recorded at `source_fps` at `fps`: at each tick the frame nearest in time.

    Returns ascending int64 positions in 0 … n-1, one per tick within the recording's n / source_fps seconds.
    `fps` None keeps the frames as recorded.
    """
    if fps is None:
        return np.arange(n)
    step = source_fps / fps
    ticks = int(np.ceil(n / step - 1e-6))  # a whole number of ticks must not become one more by rounding
    nearest = np.floor(np.arange(ticks) * step + 0.5).astype(np.int64)
    return np.minimum(nearest, n - 1)


def clip_indices(n, frames, window, rng=None):
    """Choose `frames` of the `n` frames of a clip: those of one window of `window` consecutive frames.

    A clip shorter than the window is filled forth and back. Of a longer one the centre is taken, or a random place with
    `rng`. With `frames` below `window` (sparse sampling) the window is divided into `frames` equal segments (temporal
    segment networks, arXiv 1608.00859), and the middle of each is taken, or a random frame of each with `rng`.

    Args: `rng` a numpy Generator, or None for the same answer every time.
    Returns (frames,) int64 in 0 … n-1. ValueError without a frame, or with more frames than the window spans.
    """
    if not 1 <= frames <= window:
        raise ValueError(f"cannot take {frames} frames of a window of {window}")
    shown = forth_and_back(n, max(n, window))
    spare = len(shown) - window
    start = spare // 2 if rng is None else int(rng.integers(spare + 1))
    return shown[start + _segments(frames, window, rng)]


def spread_indices(n, frames, window, count):
    """`count` choices as of `clip_indices`, their windows evenly over the clip, from its beginning to its end; one is the centre.

    Returns (count · frames,) int64 in 0 … n-1, one choice after the other.
    """
    shown = forth_and_back(n, max(n, window))
    spare = len(shown) - window
    starts = np.rint(np.linspace(0, spare, count)).astype(np.int64) if count > 1 else np.array([spare // 2])
    return shown[(starts[:, None] + _segments(frames, window, None)).ravel()]


def _segments(frames, window, rng):
    edges = np.arange(frames + 1) * window // frames
    if rng is None:
        return (2 * np.arange(frames) + 1) * window // (2 * frames)
    return rng.integers(edges[:-1], edges[1:])
