"""Answers where they belong in time: a window's answer is about its middle, and comes known only at its end."""

from bisect import bisect_left, insort
from collections import deque

HELD_BYTES = 256 << 20  # pictures kept waiting take no more memory than this; beyond it they go out earlier


class Timeline:
    """Each person's answers of the last seconds, each with the moment it is about."""

    def __init__(self):
        self._answers = {}

    def add(self, track_id, time_s, answer):
        """Keep what a person does at `time_s`, seconds; any object."""
        insort(self._answers.setdefault(track_id, []), (time_s, answer), key=lambda entry: entry[0])

    def at(self, track_id, time_s):
        """The answer nearest in time, of two equally near ones the earlier; None where there is none."""
        entries = self._answers.get(track_id)
        if not entries:
            return None
        after = bisect_left(entries, time_s, key=lambda entry: entry[0])
        near = entries[max(after - 1, 0) : after + 1]
        return min(near, key=lambda entry: abs(entry[0] - time_s))[1]

    def forget(self, before_s, keep):
        """Drop what no moment from `before_s` on asks for: older answers, and persons gone by then, who are not in `keep`."""
        for track_id, entries in list(self._answers.items()):
            if entries[-1][0] < before_s and track_id not in keep:
                del self._answers[track_id]
            else:
                del entries[: max(bisect_left(entries, before_s, key=lambda entry: entry[0]) - 1, 0)]


class Delay:
    """Holds frames back until `seconds` of later ones have come.

    `put` returns what is due, oldest first, and `rest` all that is still held. A frame is a `video.io.Frame` with anything else.
    """

    def __init__(self, seconds):
        self._seconds, self._held, self._bytes = seconds, deque(), 0

    def put(self, frame, *more):
        self._held.append((frame, *more))
        self._bytes += frame.image.nbytes
        due = []
        while self._held and (frame.time_s - self._held[0][0].time_s >= self._seconds or self._bytes > HELD_BYTES):
            due.append(self._held.popleft())
            self._bytes -= due[-1][0].image.nbytes
        return due

    def rest(self):
        held, self._held, self._bytes = list(self._held), deque(), 0
        return held
