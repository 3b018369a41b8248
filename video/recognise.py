"""What every person in a video does, frame by frame: windows in, answers out."""

from collections import deque
from typing import NamedTuple

import numpy as np

from common.threads import Stages
from video.draw import UNKNOWN

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
