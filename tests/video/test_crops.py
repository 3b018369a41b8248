from itertools import pairwise

import numpy as np
import pytest

from video.crops import follow, square_crop, tlwh
from video.io import Frame


def coordinates(height=100, width=200):
    """A picture whose blue value is x and whose green value is y."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(width)
    image[..., 1] = np.arange(height)[:, None]
    return image


def test_the_crop_is_centred_square_and_has_the_margin():
    crop = square_crop(coordinates(), (80, 40, 100, 80), size=48, context=1.2)  # longer side 40, with margin 48: no scaling
    assert crop.shape == (48, 48, 3)
    assert (crop[0, 0, 0], crop[0, 0, 1]) == (66, 36) and (crop[-1, -1, 0], crop[-1, -1, 1]) == (113, 83)


def test_beyond_the_picture_the_edge_is_replicated():
    crop = square_crop(coordinates(), (-10, -10, 30, 30), size=40, context=1)
    assert (crop[:10, :10, :2] == 0).all()
    assert crop[5, 39, 0] == 29 and crop[39, 5, 1] == 29  # not black, not mirrored, not shifted


def test_a_person_is_never_stretched():
    image = np.zeros((300, 300, 3), np.uint8)
    image[100:200, 140:160] = 255  # 20 wide, 100 high
    crop = square_crop(image, (140, 100, 160, 200), size=224) > 127
    rows, columns = np.flatnonzero(crop[..., 0].any(1)), np.flatnonzero(crop[..., 0].any(0))
    assert len(rows) / len(columns) == pytest.approx(5, rel=0.06) and len(rows) == pytest.approx(224 / 1.2, abs=2)


@pytest.mark.parametrize(
    "box", [(-500, -500, -400, -300), (1e6, 1e6, 2e6, 2e6), (50, 50, 50, 50), (0, 0, 200, 100), (-1e5, -1e5, 1e5, 1e5)]
)
def test_any_box_gives_a_picture(box):
    assert square_crop(coordinates(), box, size=32).shape == (32, 32, 3)


def test_tlwh():
    assert tlwh(np.float32([1.004, 2.5, 4.0, 8.25])) == (1.0, 2.5, 3.0, 5.75)


class Found:
    def __init__(self, tlbr):
        self.tlbr = np.float32(tlbr).reshape(-1, 4)
        self.score = np.full(len(self.tlbr), 0.9, np.float32)


class OnePerson:
    """A detector that sees one person walking right, except on the frames in `blind`."""

    def __init__(self, blind=()):
        self.calls, self.blind = [], blind

    def detect(self, images):
        frame = int(images[0][0, 0, 0])
        self.calls.append(frame)
        return [Found([] if frame in self.blind else [10 + 2 * frame, 20, 40 + 2 * frame, 90])]


def frames(count):
    for i in range(1, count + 1):
        yield Frame(i, (i - 1) / 25, np.full((120, 300, 3), i, np.uint8))


def test_follow_keeps_one_identity_and_says_how_long_it_was_missed():
    from deep_sort import Tracker

    seen = list(follow(frames(30), OnePerson(blind={15, 16}), Tracker()))
    assert [f.number for f, _ in seen] == list(range(1, 31))
    assert all(len(persons) == 1 and persons[0].track_id == 1 for _, persons in seen)
    assert [p[0].missed for _, p in seen][13:18] == [0, 1, 2, 0, 0]
    assert [p[0].confirmed for _, p in seen][:4] == [False, False, True, True]
    assert np.abs(seen[-1][1][0].tlbr - (70, 20, 100, 90)).max() < 3


def test_every_third_frame_is_detected_and_the_box_moves_on_between():
    from deep_sort import Tracker

    detector = OnePerson()
    seen = list(follow(frames(40), detector, Tracker(), every=3))
    assert detector.calls == list(range(1, 41, 3))
    assert all(persons[0].missed == 0 for _, persons in seen)
    lefts = [persons[0].tlbr[0] for _, persons in seen]
    assert all(b > a for a, b in pairwise(lefts[20:]))
    assert np.abs(np.array(lefts[20:]) - (10 + 2 * np.arange(21, 41))).max() < 6


def test_only_who_may_be_new_is_described():
    """A faint detection costs no time in the encoder, and keeps the person."""
    from deep_sort import Tracker

    described = []

    class Fading(OnePerson):
        def detect(self, images):
            (found,) = super().detect(images)
            found.score[:] = 0.9 if self.calls[-1] <= 5 else 0.2
            return [found]

    def encoder(image, tlbr):
        described.append(len(tlbr))
        return np.full((len(tlbr), 4), 0.5, np.float32)

    seen = list(follow(frames(12), Fading(), Tracker(begin_score=0.4), encoder))
    assert described == [1] * 5 + [0] * 7
    assert [(p.track_id, p.missed) for _, persons in seen for p in persons] == [(1, 0)] * 12
