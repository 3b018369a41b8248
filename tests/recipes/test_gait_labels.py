import numpy as np
import pytest

from recipes.labels import gait, is_near_another, recent

HEIGHT = 100.0


def track(person=1, left=50.0, speed=0.0, growth=0.0, seconds=2.0, fps=25, score=0.9, width=40):
    """Boxes of somebody `width` by 100 pixels who moves by `speed` heights per second and grows by `growth` of it."""
    times = np.arange(int(seconds * fps)) / fps
    height = HEIGHT * (1 + growth * times)
    x = left + speed * HEIGHT * times
    box = [x - width / 2, 150 - height / 2, x + width / 2, 150 + height / 2]
    return np.column_stack([times, np.full_like(times, person), *box, np.full_like(times, score)])


@pytest.mark.parametrize(
    ("facts", "action"),
    [
        ({}, "Standing"),
        ({"speed": 0.08}, "Standing"),
        ({"speed": 0.2}, None),
        ({"speed": 0.5}, "Walking"),
        ({"speed": -0.5}, "Walking"),
        ({"growth": 0.3}, None),  # comes straight towards the camera
        ({"speed": 0.5, "seconds": 0.5}, None),  # seen too short
        ({"score": 0.3}, None),
        ({"speed": 0.5, "width": 90}, None),  # a head, or somebody who sits
        ({"width": 90}, "Standing"),
    ],
)
def test_gait_is_told_by_own_heights_per_second(facts, action):
    assert gait(track(**facts)) == action


def test_a_trembling_box_stands():
    boxes = track()
    boxes[:, [2, 4]] += np.random.default_rng(0).normal(0, 4, (len(boxes), 1))
    assert gait(boxes) == "Standing"


def test_a_box_that_jumps_between_two_people_says_nothing():
    boxes = track()
    boxes[::2, 3] -= 60
    assert gait(boxes) is None


@pytest.mark.parametrize(("distance", "near"), [(0.5, True), (1.1, True), (1.3, False)])
def test_near_is_measured_in_heights(distance, near):
    boxes = np.concatenate([track(1), track(2, left=50 + distance * HEIGHT)])
    assert is_near_another(boxes, 1) == is_near_another(boxes, 2) == near


def test_somebody_far_behind_is_not_near():
    small = track(2)
    small[:, [3, 5]] = 125, 175
    assert not is_near_another(np.concatenate([track(1), small]), 1)
    assert not is_near_another(track(1), 1)


def test_only_the_last_seconds_count():
    boxes = recent(track(seconds=5.0), 3.0, seconds=2.0)
    assert boxes[0, 0] == pytest.approx(1.04) and boxes[-1, 0] == pytest.approx(3.0)
