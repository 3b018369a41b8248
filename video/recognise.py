"""What every person in a video does, frame by frame: windows in, answers out."""

from collections import deque
from contextlib import closing
from typing import NamedTuple

import numpy as np

from common.threads import Stages, prefetch
from video.box_windows import BoxWindows
from video.draw import UNKNOWN
from video.fixed_windows import FixedWindows
from video.io import open_video
from video.pose_windows import FixedPoseWindows, PoseWindows
from video.windows import Windows

MAX_COAST = 2  # frames a box stays on after its person was last detected, where nobody can wait and see whether they come back
WHOLE_FRAME = 0  # the track id of the whole picture in the `frame` region


class Answer(NamedTuple):
    """What a person does: `action` (a class or "unknown"), its `score`, and the `scores` (C,) float32 of all classes.

    `time_s` is the moment it is about, in seconds: the middle of the windows it comes from. `streams` (S, C) are the scores of each
    stream alone where the network tells them, see `models.by_stream`.
    """

    action: str
    score: float
    scores: np.ndarray
    time_s: float
    streams: np.ndarray | None = None


class Recognition:
    """Keeps each person's latest answer.

    `network` is a callable, dict of arrays (B, …) -> scores (B, C), or (B, S + 1, C) of S streams and the whole; `windows` a
    `video.windows.Windows`. An answer is the mean of a person's last `smooth` windows, and "unknown" where its best score is under
    `threshold`. With `together` all persons due on a frame share one call of the network.
    """

    def __init__(self, network, classes, windows, smooth=1, threshold=0.0, together=True, stages=None):
        self._network, self._classes, self._windows = network, list(classes), windows
        self._smooth, self._threshold, self._together = smooth, threshold, together
        self._stages = stages or Stages()
        self._scores, self.answers = {}, {}

    def step(self, frame, persons):
        """Take in one frame and its `video.crops.Person`s (None: the whole picture counts as one person).

        Returns what the network said of each track id that was classified on this very frame; `answers` holds the latest
        `Answer` of every person there is.
        """
        with self._stages("crop"):
            due = take_in(self._windows, frame, persons)
        with self._stages("recognise"):
            fresh = self._classify(due)
        for track_id, scores in fresh.items():
            self.answers[track_id] = self._answer(track_id, scores)
        self._forget(persons)
        return fresh

    def _classify(self, due):
        calls = [due] if self._together and due else [[track_id] for track_id in due]
        return {track_id: row for ids in calls for track_id, row in zip(ids, self._network(self._windows.inputs(ids)), strict=True)}

    def _answer(self, track_id, scores):
        recent = self._scores.setdefault(track_id, deque(maxlen=self._smooth))
        recent.append((scores, self._windows.middle(track_id)))
        rows, times = zip(*recent, strict=True)
        *streams, scores = np.atleast_2d(np.mean(rows, axis=0))
        best = int(scores.argmax())
        action = self._classes[best] if scores[best] >= self._threshold else UNKNOWN
        return Answer(action, float(scores[best]), scores, float(np.mean(times)), np.stack(streams) if streams else None)

    def _forget(self, persons):
        if persons is None:
            return
        keep = {person.track_id for person in persons}
        self._windows.forget(keep)
        for track_id in self.answers.keys() - keep:
            del self.answers[track_id], self._scores[track_id]


def take_in(windows, frame, persons):
    """Add all who are seen in a frame to their windows; returns the track ids that are due."""
    windows.look(frame)
    for track_id, tlbr in _seen(persons):
        windows.add(track_id, frame, tlbr)
    return windows.due(frame)


def _seen(persons):
    if persons is None:
        return [(WHOLE_FRAME, None)]
    return [(person.track_id, person.tlbr) for person in persons if person.missed == 0]


def in_sight(frame, persons, coast=MAX_COAST):
    """[(track_id, tlbr)] of every person in the frame, not missed for more than `coast` frames, or of the whole picture."""
    if persons is None:
        height, width = frame.image.shape[:2]
        return [(WHOLE_FRAME, (0, 0, width, height))]
    return [(person.track_id, person.tlbr) for person in persons if person.missed <= coast]


def confirmed(persons):
    """Track ids of all who have been seen often enough to be somebody, and always the whole picture."""
    return {WHOLE_FRAME} if persons is None else {person.track_id for person in persons if person.confirmed}


def tracked(persons):
    """Track ids of all who may still come back: lost persons too, and always the whole picture."""
    return {WHOLE_FRAME} if persons is None else {person.track_id for person in persons}


def windows_of(run, stride, estimator=None):
    """The `Windows` a run (anything with the facts of meta.json as attributes) wants; a pose run also needs its `PoseEstimator`."""
    facts = (run.frames, run.window, run.size, run.mode, run.fps, run.context, run.flow, stride)
    if estimator:
        return (FixedPoseWindows if run.crop == "fixed" else PoseWindows)(estimator, *facts)
    if getattr(run, "sees_boxes", False):
        return BoxWindows(*facts)
    return FixedWindows(*facts) if run.crop == "fixed" else Windows(*facts, stack=getattr(run, "stack", None))


class Look(NamedTuple):
    """A window that counts: whose, the time of its last frame, and its `inputs`, a batch of one."""

    track_id: int
    time_s: float
    inputs: dict


def looks(path, windows, persons_of):
    """Yield a video's `Look`s: each person whenever due, and all who are there once more at its end.

    A window shorter than the network was made for counts only where the person never gets a full one, and then the last
    of them. `persons_of` turns frames into (frame, persons), like `common.person_flags.person_source` gives it.
    Raises InputError if the video cannot be read.
    """
    full, short = set(), {}
    with open_video(path) as reader, closing(prefetch(reader)) as frames:
        for frame, persons in persons_of(frames):
            yield from _sort_out(windows, take_in(windows, frame, persons), frame, full, short)
            if persons is not None:
                windows.forget(keep={person.track_id for person in persons})
    yield from _sort_out(windows, windows.at_end(), frame, full, short)
    yield from short.values()


def _sort_out(windows, track_ids, frame, full, short):
    """Yield the looks of full windows; keep in `short` the latest of everybody who has not had one."""
    for track_id in track_ids:
        if windows.is_full(track_id):
            full.add(track_id)
            short.pop(track_id, None)
            yield Look(track_id, frame.time_s, windows.inputs([track_id]))
        elif track_id not in full:
            short[track_id] = Look(track_id, frame.time_s, windows.inputs([track_id]))


def highest_window(path, windows, network, persons_of, column=None):
    """Scores (C,) of a video's most telling window among its `looks`, or None where nobody was seen for long enough.

    It is the window with the highest score of class `column`, or with the highest score of any class for None.
    Raises InputError if the video cannot be read.
    """
    rows = [network(look.inputs)[0] for look in looks(path, windows, persons_of)]
    return max(rows, key=lambda scores: scores.max() if column is None else scores[column], default=None)
