"""The last moments of the whole picture, and where in it each person is."""

import cv2
import numpy as np

from video.clips import clip_indices
from video.fixed_windows import FixedWindows
from video.inputs import fit


class BoxWindows(FixedWindows):
    """`FixedWindows` that show everybody the same pictures, whole ones, with a "box" (B, 4) float32 for each person.

    It is the person's left, top, right and bottom in the window's middle, or in the frame nearest to that they were found in, as
    shares of the picture.
    """

    def __init__(self, *facts, **more):
        super().__init__(*facts, **more)
        self._shared = -1, None  # number of pictures taken by then, the clip

    def _picture(self, frame):
        picture = fit(frame.image, self.size)
        return picture if self._wants_rgb else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)

    def _keep(self, person, frame, tlbr):
        height, width = frame.image.shape[:2]
        super()._keep(person, frame, np.asarray(tlbr, np.float32) / np.float32([width, height, width, height]))

    def _inputs(self, person):
        if self._shared[0] != self._view.taken:
            self._shared = self._view.taken, super()._inputs(person)
        length = len(self._view.pictures)
        middle = self._view.taken - length + 1 + clip_indices(length, self.frames, self.window)[self.frames // 2]
        _, box = min(person.boxes, key=lambda seen: abs(seen[0] - middle))
        return self._shared[1] | {"box": box}

    def _crops(self, person):
        return list(self._view.pictures)
