"""From a label per frame to who did what from when to when."""

from typing import NamedTuple


class Event(NamedTuple):
    """One person doing one thing: seconds from the start of the video, mean score over its frames."""

    track_id: int
    action: str
    start: float
    end: float
    score: float


class EventLog:
    """Joins the labels of consecutive frames into events, one person at a time; holds only the open ones.

    A person is observed on every frame it is seen. Frames before its first answer belong to the event of that answer;
    a person out of sight longer than `max_gap` seconds, or with another action, starts a new event.
    """

    def __init__(self, max_gap=1.0):
        self._open, self._max_gap = {}, max_gap

    def observe(self, track_id, time_s, action=None, score=0.0):
        """Note what a person does now (`action` None: no answer yet). Returns the events this ends, at most one."""
        current = self._open.get(track_id)
        ended = []
        if current and (time_s - current.end > self._max_gap or (current.action and action and current.action != action)):
            ended, current = current.events(track_id), None
        if current is None:
            current = self._open[track_id] = _Open(time_s)
        current.extend(time_s, action, score)
        return ended

    def close(self, keep=()):
        """End the events of every person not in `keep`; returns them."""
        gone = self._open.keys() - set(keep)
        return [event for track_id in sorted(gone) for event in self._open.pop(track_id).events(track_id)]


class _Open:
    """An event that still goes on."""

    def __init__(self, start):
        self.action, self.start, self.end = None, start, start
        self._total, self._count = 0.0, 0

    def extend(self, time_s, action, score):
        self.end = time_s
        if action is not None:
            self.action = action
            self._total += score
            self._count += 1

    def events(self, track_id):
        if self.action is None:
            return []
        return [Event(track_id, self.action, self.start, self.end, self._total / self._count)]
