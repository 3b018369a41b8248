"""The last moments of every person as one fixed square of the picture sees them."""

from collections import deque

import cv2
import numpy as np

from video.crops import square_crop
from video.flow import flow_of_grays
from video.inputs import fit
from video.windows import MAX_GAP, MIN_FRAMES, Windows, ticks

SIGHTINGS = 6  # frames that a person must be found in; the window shows what it did before and between them


class FixedWindows(Windows):
    """`Windows` whose crops do not follow the person: one square stands still for the whole window.

    It lies about the median centre of the person's boxes in the window and is `context` times as wide as the longer side of
    their median size. So what moves in the clip is the person and not the crop, also where boxes tremble, and a walk shows
    as the way gone. A clip shows all the video's last moments, also those in which the person was not found, so `SIGHTINGS`
    are enough for an answer, once the video itself has run for `video.windows.MIN_FRAMES` since its last gap; so many sightings
    are enough wherever it has gaps.

    The pictures of one window are kept once, whoever is in them, in grey where the network sees only flow.
    """

    def __init__(self, *facts, min_frames=SIGHTINGS, **more):
        super().__init__(*facts, min_frames=min_frames, **more)
        self._view = None

    def look(self, frame):
        view = self._view
        if view is None or frame.time_s - view.last_seen > MAX_GAP:
            view = self._view = _View(self.window, frame.time_s)
        view.last_seen = frame.time_s
        view.frames += 1
        copies = ticks(view, frame.time_s, self.fps)
        if copies:
            view.pictures.extend([self._picture(frame)] * copies)
            view.times.extend([frame.time_s] * copies)
            view.taken += copies

    def _picture(self, frame):
        return frame.image if self._wants_rgb else cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)

    def _is_due(self, person, frame):
        return max(self._view.frames, person.seen) >= MIN_FRAMES and super()._is_due(person, frame)

    def _newcomer(self, time_s):
        return _Track(time_s)

    def _keep(self, person, frame, tlbr):
        person.boxes.append((self._view.taken, tlbr))
        while person.boxes[0][0] <= self._view.taken - self.window:
            person.boxes.popleft()

    def _length(self, person):
        return len(self._view.pictures)

    def _times(self, person):
        return self._view.times

    def _inputs(self, person):
        indices = self._indices(self._length(person))
        crops = self._crops(person)
        inputs = {"rgb": np.stack([crops[i][..., ::-1] for i in indices])} if self._wants_rgb else {}
        if self._flow_method:
            grays = [cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) for crop in crops] if self._wants_rgb else crops
            inputs["flow"] = flow_of_grays(grays, self._flow_method)[indices]
        return inputs

    def _crops(self, person):
        boxes = [tlbr for _, tlbr in person.boxes]
        if boxes[-1] is None:
            return [fit(picture, self.size) for picture in self._view.pictures]
        square = median_box(boxes)
        return [square_crop(picture, square, self.size, self.context) for picture in self._view.pictures]


class _View:
    """The pictures of the last `window` ticks; how many were `taken` so far, of how many `frames`."""

    def __init__(self, window, time_s):
        self.pictures, self.times = deque(maxlen=window), deque(maxlen=window)
        self.frames = self.taken = 0
        self.last_seen = self.next_tick = time_s


class _Track:
    """One person's boxes of the window, each with the number of pictures taken by then."""

    def __init__(self, time_s):
        self.boxes, self.last_seen = deque(), time_s
        self.seen, self.answered = 0, False

    def come_back(self, time_s):
        """Start anew but for the count: places may be of pictures before a gap in the video itself, whose window has started anew."""
        again = _Track(time_s)
        again.seen = self.seen
        return again


def median_box(boxes):
    """(4,) tlbr of median centre, width and height of (N, 4) tlbr."""
    boxes = np.asarray(boxes, np.float32)
    centre = np.median((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0)
    half = np.median(boxes[:, 2:] - boxes[:, :2], axis=0) / 2
    return np.concatenate([centre - half, centre + half])
