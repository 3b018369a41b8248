"""What every person in a video does, frame by frame: windows in, answers out."""

from collections import deque
from contextlib import closing
from typing import NamedTuple

import numpy as np

from common.threads import Stages, prefetch
from video.draw import UNKNOWN
from video.io import open_video
from video.windows import Windows

MAX_COAST = 2  # frames a box stays on after its person was last detected: no flicker where the detector blinks
WHOLE_FRAME = 0  # the track id of the whole picture in the `frame` region


class Answer(NamedTuple):
    """What a person does: `action` (a class or "unknown"), its `score`, and the `scores` (C,) float32 of all classes."""

    action: str
    score: float
    scores: np.ndarray


class Recognition:
    """Keeps each person's latest answer.

    `network` is a callable, dict of arrays (B, …) -> scores (B, C); `windows` a `video.windows.Windows`. An answer is
    the mean of a person's last `smooth` windows, and "unknown" where its best score is under `threshold`. With
    `together` all persons due on a frame share one call of the network.
    """

    def __init__(self, network, classes, windows, smooth=1, threshold=0.0, together=True, stages=None):
        self._network, self._classes, self._windows = network, list(classes), windows
        self._smooth, self._threshold, self._together = smooth, threshold, together
        self._stages = stages or Stages()
        self._scores, self.answers = {}, {}

    def step(self, frame, persons):
        """Take in one frame and its `video.crops.Person`s (None: the whole picture counts as one person).

        Returns the scores (C,) of each track id that was classified on this very frame; `answers` holds the latest
        `Answer` of every person there is.
        """
        with self._stages("crop"):
            for track_id, tlbr in _seen(persons):
                self._windows.add(track_id, frame, tlbr)
            due = self._windows.due(frame)
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
        recent.append(scores)
        mean = np.mean(recent, axis=0)
        best = int(mean.argmax())
        return Answer(self._classes[best] if mean[best] >= self._threshold else UNKNOWN, float(mean[best]), mean)

    def _forget(self, persons):
        if persons is None:
            return
        keep = {person.track_id for person in persons}
        self._windows.forget(keep)
        for track_id in self.answers.keys() - keep:
            del self.answers[track_id], self._scores[track_id]


def _seen(persons):
    if persons is None:
        return [(WHOLE_FRAME, None)]
    return [(person.track_id, person.tlbr) for person in persons if person.missed == 0]


def in_sight(frame, persons, answers):
    """[(track_id, tlbr, `Answer` or None)] of every confirmed person in the frame, or of the whole picture."""
    if persons is None:
        height, width = frame.image.shape[:2]
        return [(WHOLE_FRAME, (0, 0, width, height), answers.get(WHOLE_FRAME))]
    seen = [person for person in persons if person.confirmed and person.missed <= MAX_COAST]
    return [(person.track_id, person.tlbr, answers.get(person.track_id)) for person in seen]


def windows_of(run, stride):
    """The `Windows` a run (anything with the facts of meta.json as attributes) wants."""
    return Windows(run.frames, run.window, run.size, run.mode, run.fps, run.context, run.flow, stride)


def highest_window(path, run, network, persons_of, stride, column=None):
    """Scores (C,) of a video's most telling window, or None where nobody was seen for long enough.

    It is the window with the highest score of class `column`, or with the highest score of any class for None.
    `persons_of` turns frames into (frame, persons), like `common.person_flags.person_source` gives it.
    Raises InputError if the video cannot be read.
    """
    recognition = Recognition(network, run.classes, windows_of(run, stride))
    best = None
    with open_video(path) as reader, closing(prefetch(reader)) as frames:
        for frame, persons in persons_of(frames):
            for scores in recognition.step(frame, persons).values():
                if best is None or _height(scores, column) > _height(best, column):
                    best = scores
    return best


def _height(scores, column):
    return scores.max() if column is None else scores[column]
