"""Clips strung together into one video, with a window sliding over it: what a recogniser says where one action becomes another."""

from collections import Counter, deque
from typing import NamedTuple

import cv2
import numpy as np

from video.inputs import fit
from video.io import open_video
from video.samples import nearest

SHOWN = (320, 240)  # width and height of the pictures to look at


class Picture(NamedTuple):
    """One frame of the strung video: `image` (size, size, 3) and `shown` (240, 320, 3), uint8 BGR; which `clip` it is of, from 0."""

    image: np.ndarray
    shown: np.ndarray
    clip: int


class Place(NamedTuple):
    """Where a window is.

    Attributes:
        start: its first frame in the strung video, from 0.
        label: the class that most of its frames are of; of two equally frequent ones the earlier.
        first, second: the class it begins with, and that it ends with.
        from_first: how many of its frames are of the clip that it begins with.
    """

    start: int
    label: int
    first: int
    second: int
    from_first: int


def shuffled(examples, seed):
    """`examples` in random order, no two neighbours of one class as far as that can be."""
    left = [examples[i] for i in np.random.default_rng(seed).permutation(len(examples))]
    order = []
    while left:
        counts = Counter(example.label for example in left)
        others = [example for example in left if not order or example.label != order[-1].label] or left
        # The class with most clips left must not wait: at the end only it would remain.
        commonest = max(counts[example.label] for example in others)
        pressing = [example for example in others if counts[example.label] == commonest] if 2 * commonest > len(left) else others
        order.append(pressing[0])
        left.remove(pressing[0])
    return order


def strung(examples, size, fps=None):
    """Yield the `Picture`s of all clips one after the other, at `fps` (None: as recorded). InputError for a clip that cannot be read."""
    for number, example in enumerate(examples):
        pictures, times = [], []
        with open_video(example.path) as reader:
            for frame in reader:
                pictures.append(Picture(fit(frame.image, size), letterbox(frame.image), number))
                times.append(frame.time_s)
        yield from (pictures[i] for i in nearest(times, fps))


def sliding(pictures, labels, window, stride):
    """Yield (`Place`, the window's `Picture`s) of every `stride`-th window; `labels` holds the class of each clip."""
    recent = deque(maxlen=window)
    for number, picture in enumerate(pictures, 1):
        recent.append(picture)
        if number >= window and (number - window) % stride == 0:
            yield place_of(number - window, [one.clip for one in recent], labels), list(recent)


def place_of(start, clips, labels):
    """The `Place` of a window whose frames are of these `clips`."""
    shown = [labels[clip] for clip in clips]
    return Place(start, Counter(shown).most_common(1)[0][0], shown[0], shown[-1], clips.count(clips[0]))


def letterbox(image):
    """An (H, W, 3) picture as large as it fits into (240, 320, 3), on black."""
    height, width = image.shape[:2]
    scale = min(SHOWN[0] / width, SHOWN[1] / height)
    inner = cv2.resize(image, (max(round(width * scale), 1), max(round(height * scale), 1)), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((SHOWN[1], SHOWN[0], 3), np.uint8)
    top, left = (SHOWN[1] - inner.shape[0]) // 2, (SHOWN[0] - inner.shape[1]) // 2
    canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return canvas
