import pytest

from video.events import Event, EventLog


def observe(log, rows):
    return [event for row in rows for event in log.observe(*row)]


def test_frames_before_the_first_answer_belong_to_it():
    log = EventLog()
    assert observe(log, [(1, 0.0), (1, 0.04), (1, 0.08, "Walking", 0.8), (1, 0.12, "Walking", 0.6)]) == []
    assert log.close() == [Event(1, "Walking", 0.0, 0.12, pytest.approx(0.7))]


def test_another_action_or_a_long_absence_starts_a_new_event():
    log = EventLog(max_gap=1.0)
    ended = observe(log, [(1, 0.0, "A", 1.0), (1, 0.5, "A", 1.0), (1, 1.0, "B", 0.5), (1, 1.9, "B", 0.5), (1, 3.0, "B", 0.5)])
    assert ended == [Event(1, "A", 0.0, 0.5, 1.0), Event(1, "B", 1.0, 1.9, 0.5)]
    assert log.close() == [Event(1, "B", 3.0, 3.0, 0.5)]


def test_persons_do_not_mix_and_only_the_gone_are_closed():
    log = EventLog()
    observe(log, [(1, 0.0, "A", 1.0), (2, 0.0, "B", 1.0), (3, 0.0)])
    assert [e.track_id for e in log.close(keep={1})] == [2]
    assert [e.track_id for e in log.close()] == [1]
    assert log.close() == []  # nobody who never got an answer makes an event
