"""Frames leave when the answers about them are known: drawn, shown and written."""

from collections import deque

import numpy as np

from video.timeline import Timeline

HELD_BYTES = 256 << 20  # pictures kept waiting take no more memory than this; beyond it they go out earlier


class Publisher:
    """Draws and shows frames, and hands them to a thread that writes them, `hindsight` seconds after they came.

    `outputs` is a `video.outputs.Outputs`, `writer` a `common.threads.Background` around its `write`, `window` a
    `video.show.Window`. With a `hindsight` of 0 a frame goes out at once, with the latest answers. Otherwise who is seen again while
    the frame where they were last seen is still held has a box in the frames between, too, and whoever is confirmed by then has one from
    the first sight on.
    """

    def __init__(self, outputs, writer, window, hindsight):
        self._outputs, self._writer, self._window, self._confirmed = outputs, writer, window, set()
        self._timeline, self._delay = Timeline(), Delay(hindsight)

    def put(self, frame, boxes, tracked, answers, confirmed):
        """Take a `video.io.Frame`, its `boxes` [(track_id, tlbr)] and the `video.recognise.Answer`s {track_id: …} that came with it.

        `tracked` holds the track ids that may still come back, `confirmed` those that are surely somebody: others are not shown before
        they are, too. Returns False once the user closed the window.
        """
        for track_id, answer in answers.items():
            self._timeline.add(track_id, answer.time_s, answer)
        boxes = list(boxes)
        held = [earlier for _, earlier, _ in self._delay.held]
        bridge(held, boxes)
        self._confirmed &= tracked | {track_id for earlier in held for track_id, _ in earlier}
        self._confirmed |= confirmed
        going_on = [self._publish(*held) for held in self._delay.put(frame, boxes, tracked)]
        return all(going_on)

    def finish(self):
        """Publish what is still held."""
        for held in self._delay.rest():
            self._publish(*held)

    def _publish(self, frame, boxes, tracked):
        known = [(track_id, tlbr) for track_id, tlbr in boxes if track_id in self._confirmed]
        labelled = [(track_id, tlbr, self._timeline.at(track_id, frame.time_s)) for track_id, tlbr in known]
        self._timeline.forget(frame.time_s, tracked)
        picture = self._outputs.draw(frame, labelled)
        self._writer.put((frame, picture, labelled, tracked))
        return self._window.show(picture)


def bridge(held, boxes):
    """Add to the lists of boxes that are `held`, oldest first, those of who is in `boxes` again after a gap: on a straight way.

    All are lists of (track_id, tlbr (4,)), one for each of the consecutive frames.
    """
    for track_id, tlbr in boxes:
        gap = []
        for earlier in reversed(held):
            before = next((box for other, box in earlier if other == track_id), None)
            if before is not None:
                for i, between in enumerate(gap, 1):
                    between.append((track_id, np.float32(tlbr) + (np.float32(before) - tlbr) * i / (len(gap) + 1)))
                break
            gap.append(earlier)


class Delay:
    """Holds frames back until `seconds` of later ones have come.

    `put` returns what is due, oldest first, and `rest` all that is still `held`. A frame is a `video.io.Frame` with anything else.
    """

    def __init__(self, seconds):
        self._seconds, self.held, self._bytes = seconds, deque(), 0

    def put(self, frame, *more):
        self.held.append((frame, *more))
        self._bytes += frame.image.nbytes
        due = []
        while self.held and (frame.time_s - self.held[0][0].time_s >= self._seconds or self._bytes > HELD_BYTES):
            due.append(self.held.popleft())
            self._bytes -= due[-1][0].image.nbytes
        return due

    def rest(self):
        held, self.held, self._bytes = list(self.held), deque(), 0
        return held
