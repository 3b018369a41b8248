import numpy as np
import pytest

from video import timeline
from video.io import Frame
from video.timeline import Delay, Timeline


def test_the_nearest_answer_counts():
    answers = Timeline()
    for time_s, answer in ((1.0, "Standing"), (3.0, "Fighting"), (2.0, "Walking")):
        answers.add(7, time_s, answer)
    assert [answers.at(7, t) for t in (0.0, 1.4, 1.5, 1.6, 2.6, 9.0)] == [
        "Standing",
        "Standing",
        "Standing",
        "Walking",
        "Fighting",
        "Fighting",
    ]
    assert answers.at(8, 1.0) is None


@pytest.mark.parametrize("keep, expected", [({7}, "Fighting"), (set(), None)])
def test_what_is_over_is_forgotten_and_people_who_may_come_back_are_not(keep, expected):
    answers = Timeline()
    answers.add(7, 1.0, "Walking")
    answers.add(7, 2.0, "Fighting")
    answers.add(9, 9.0, "Standing")  # comes later
    answers.forget(5.0, keep)
    assert answers.at(7, 5.0) == expected and answers.at(7, 0.0) == expected
    assert answers.at(9, 9.0) == "Standing"


def frame(number, time_s):
    return Frame(number, time_s, np.zeros((10, 10, 3), np.uint8))


def test_frames_wait_for_later_ones_and_none_is_lost():
    delay, out = Delay(1.0), []
    times = [0.0, 0.4, 0.8, 1.0, 2.5]  # a gap in time lets several go at once
    per_put = []
    for i, time_s in enumerate(times):
        due = delay.put(frame(i, time_s), i)
        per_put.append(len(due))
        out += due
    out += delay.rest()
    assert per_put == [0, 0, 0, 1, 3] and [extra for _, extra in out] == [0, 1, 2, 3, 4] and delay.rest() == []


def test_no_delay_hands_each_frame_on_at_once():
    delay = Delay(0.0)
    assert [len(delay.put(frame(i, i / 25))) for i in range(3)] == [1, 1, 1]


def test_large_pictures_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(timeline, "HELD_BYTES", 900)  # three pictures of 300 bytes
    delay = Delay(100.0)
    assert [len(delay.put(frame(i, i))) for i in range(5)] == [0, 0, 0, 1, 1]
