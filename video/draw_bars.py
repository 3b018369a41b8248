"""A panel beside the picture: the surest classes as bars, of each stream where a network has two, and of the whole."""

import cv2
import numpy as np

from video.draw import class_colours, put_text, text_mask

TOP = 5
LEAST_ROW = 14  # pixels a line of text needs
BACKGROUND, TRACK, INK = (24, 24, 24), (56, 56, 56), (255, 255, 255)


class Bars:
    """Draws one person's scores, of several in the picture the tallest's.

    Args:
        classes: names of the classes.
        titles: what the groups of bars are, from top to bottom: one for each stream of `video.recognise.Answer.streams`, and the whole.
        height: of the picture in pixels.

    Attributes:
        width: of the panel in pixels: enough for a name and a score in letters as high as they can be.
    """

    def __init__(self, classes, titles, height):
        self._classes, self._titles, self._height = list(classes), list(titles), height
        self._count = int(np.clip(height / len(titles) / LEAST_ROW - 1, 1, min(TOP, len(classes))))
        self._row = min(height / (len(titles) * (self._count + 1)), max(LEAST_ROW, height / 15))
        self._size = int(np.clip(self._row * 0.7, 8, 32))
        self.width = 2 * round(8 * self._size)
        self._colours = class_colours(classes)

    def draw(self, boxes):
        """The panel (height, width, 3) uint8 BGR for `boxes`, a list of (track_id, tlbr, `Answer` or None); empty without an answer."""
        panel = np.full((self._height, self.width, 3), BACKGROUND, np.uint8)
        answered = [box for box in boxes if box[2]]
        if answered:
            track_id, _, answer = max(answered, key=lambda box: box[1][3] - box[1][1])
            whose = f"{track_id} " if len(boxes) > 1 else ""
            groups = [*([] if answer.streams is None else answer.streams), answer.scores]
            for place, (title, scores) in enumerate(zip(self._titles, groups, strict=True)):
                self._group(panel, place * (self._count + 1), whose + title, scores)
        return panel

    def _group(self, panel, line, title, scores):
        self._write(panel, line, title, INK, left=True)
        for i, best in enumerate(np.argsort(-scores)[: self._count], line + 1):
            top, bottom = round(i * self._row) + 1, round((i + 1) * self._row) - 1
            name = self._classes[best]
            cv2.rectangle(panel, (2, top), (self.width - 3, bottom), TRACK, -1)
            cv2.rectangle(panel, (2, top), (2 + round(float(scores[best]) * (self.width - 5)), bottom), self._colours[name], -1)
            self._write(panel, i, f"{scores[best]:.2f}", INK, left=False)
            self._write(panel, i, name, INK, left=True)

    def _write(self, panel, line, text, colour, left):
        """A line of text, cut off where it would reach the scores at the right."""
        room = self.width - 6 if not left else self.width - 6 - text_mask("0.00", self._size).shape[1]
        mask = text_mask(text, self._size)
        while left and mask.shape[1] > room and len(text) > 1:
            text = text[:-2].rstrip() + "…"
            mask = text_mask(text, self._size)
        x = 3 if left else self.width - 3 - mask.shape[1]
        y = max(round((line + 0.5) * self._row - mask.shape[0] / 2), 0)
        put_text(panel, x, y, mask, colour)
