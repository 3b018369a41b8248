"""Answers where they belong in time: a window's answer is about its middle, and comes known only at its end."""

from bisect import bisect_left, insort


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
