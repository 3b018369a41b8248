import numpy as np

from video import publish
from video.io import Frame
from video.publish import Delay, Publisher, bridge
from video.recognise import Answer


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
    monkeypatch.setattr(publish, "HELD_BYTES", 900)  # three pictures of 300 bytes
    delay = Delay(100.0)
    assert [len(delay.put(frame(i, i))) for i in range(5)] == [0, 0, 0, 1, 1]


def test_who_is_seen_again_has_boxes_between():
    """Person 7 is away for two frames; 8 was never there before; 9 does not come back."""
    held = [[(9, np.zeros(4))], [(7, np.float32([0, 0, 10, 10])), (9, np.zeros(4))], [], []]
    bridge(held, [(7, np.float32([30, 3, 40, 19])), (8, np.float32([1, 2, 3, 4]))])
    assert [[who for who, _ in boxes] for boxes in held] == [[9], [7, 9], [7], [7]]
    np.testing.assert_allclose([held[2][0][1], held[3][0][1]], [[10, 1, 20, 13], [20, 2, 30, 16]])


def test_gaps_are_bridged_only_while_frames_wait():
    box, away = (0, 0, 9, 9), {1, 2}
    for hindsight, empty in ((3.0, []), (2.0, [1, 2])):
        everything = Recording()
        publisher = Publisher(everything, everything, everything, hindsight)
        for i in range(5):
            publisher.put(frame(i, float(i)), [] if i in away else [(7, box)], {7}, {}, {7})
        publisher.finish()
        assert [number for number, answers in everything.written if not answers] == empty


def test_who_is_confirmed_in_time_is_shown_from_the_first_sight_on():
    box = (0, 0, 9, 9)
    for hindsight, shown in ((2.0, [0, 1, 2, 3, 4]), (0.0, [2, 3, 4])):
        everything = Recording()
        publisher = Publisher(everything, everything, everything, hindsight)
        for i in range(5):  # 7 is confirmed on the third frame, 8 never
            publisher.put(frame(i, float(i)), [(7, box), (8, box)], {7, 8}, {}, {7} if i >= 2 else set())
        publisher.finish()
        assert [(number, len(answers)) for number, answers in everything.written] == [(i, int(i in shown)) for i in range(5)]


class Recording:
    """Outputs, writer and window in one, which keep what they are given."""

    def __init__(self, closed_after=99):
        self.drawn, self.written, self.closed_after = [], [], closed_after

    def draw(self, frame, boxes):
        self.drawn.append(frame.number)
        return frame.image

    def put(self, job):
        frame, _, boxes, _ = job
        self.written.append((frame.number, [answer and answer.action for _, _, answer in boxes]))

    def show(self, picture):
        return len(self.drawn) < self.closed_after


def published(hindsight, closed_after=99):
    """Five frames a second apart; on the third comes the answer about the first, on the fifth the one about the fourth."""
    everything = Recording(closed_after)
    publisher, box = Publisher(everything, everything, everything, hindsight), (0, 0, 9, 9)
    answers = {2: Answer("Standing", 0.9, None, 0.0), 4: Answer("Fighting", 0.8, None, 3.0)}
    going_on = [publisher.put(frame(i, float(i)), [(7, box)], {7}, {7: answers[i]} if i in answers else {}, {7}) for i in range(5)]
    publisher.finish()
    return everything.written, going_on


def test_answers_are_put_where_they_belong():
    written, _ = published(hindsight=2.0)
    assert written == [(0, ["Standing"]), (1, ["Standing"]), (2, ["Fighting"]), (3, ["Fighting"]), (4, ["Fighting"])]


def test_without_hindsight_the_latest_answer_counts():
    written, _ = published(hindsight=0.0)
    assert written == [(0, [None]), (1, [None]), (2, ["Standing"]), (3, ["Standing"]), (4, ["Fighting"])]


def test_closing_the_window_is_told_and_loses_nothing():
    written, going_on = published(hindsight=0.0, closed_after=2)
    assert going_on == [True, False, False, False, False] and len(written) == 5
