from itertools import pairwise

import numpy as np
import pytest
from tiny_recogniser import moving_square, write_clip

from video.continuous import letterbox, place_of, shuffled, sliding, strung
from video.lists import Example


@pytest.mark.parametrize("labels", [[0, 0, 0, 1, 1, 2], [0, 0, 0, 0, 1, 1, 2], [0, 1] * 5])
def test_neighbours_are_of_different_classes(labels):
    examples = [Example(f"{i}.avi", label, "") for i, label in enumerate(labels)]
    orders = [shuffled(examples, seed) for seed in range(5)]
    for order in orders:
        assert sorted(order) == sorted(examples)
        assert all(a.label != b.label for a, b in pairwise(order))
    assert orders[0] == shuffled(examples, 0) and any(order != orders[0] for order in orders)


def test_one_class_alone_cannot_alternate():
    assert [example.label for example in shuffled([Example("a", 1, ""), Example("b", 1, "")], 0)] == [1, 1]


@pytest.mark.parametrize(
    ("clips", "expected"),
    [
        ([0, 0, 0, 1, 1], (7, 4, 4, 2, 3)),
        ([0, 1, 1, 1, 1], (7, 2, 4, 2, 1)),
        ([1, 1, 1, 1, 1], (7, 2, 2, 2, 5)),
        ([0, 0, 1, 1], (7, 4, 4, 2, 2)),  # of two equally frequent ones the earlier
        ([0, 0, 2, 2, 2], (7, 4, 4, 4, 2)),  # the next clip is of the same class
    ],
)
def test_the_majority_names_a_window(clips, expected):
    assert place_of(7, clips, [4, 2, 4]) == expected


def test_windows_slide_over_clips_at_one_rate(tmp_path):
    """12 frames at 25 and 24 at 50 per second are 6 each at 12.5; windows of 4 every 2 frames over 12."""
    clips = [moving_square(1), moving_square(-1, frames=24)]
    examples = [
        Example(write_clip(tmp_path / f"{i}.avi", clip, fps), i, "") for i, (clip, fps) in enumerate(zip(clips, (25, 50), strict=True))
    ]
    pictures = list(strung(examples, 16, 12.5))
    assert [picture.clip for picture in pictures] == [0] * 6 + [1] * 6
    assert pictures[0].image.shape == (16, 16, 3) and pictures[0].shown.shape == (240, 320, 3)
    found = list(sliding(pictures, [0, 1], window=4, stride=2))
    assert [place.start for place, _ in found] == [0, 2, 4, 6, 8]
    assert [place.from_first for place, _ in found] == [4, 4, 2, 4, 4]
    assert [place.label for place, _ in found] == [0, 0, 0, 1, 1]
    assert all((a.image == b.image).all() for a, b in zip(found[2][1], pictures[4:8], strict=True))


def test_letterbox_keeps_the_shape():
    shown = letterbox(np.full((100, 50, 3), 200, np.uint8))
    lit = np.argwhere(shown[..., 0] > 100)
    assert shown.shape == (240, 320, 3) and lit.min(0).tolist() == [0, 100] and lit.max(0).tolist() == [239, 219]
