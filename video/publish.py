"""Frames leave when the answers about them are known: drawn, shown and written."""

from collections import deque

from video.timeline import Timeline

HELD_BYTES = 256 << 20  # pictures kept waiting take no more memory than this; beyond it they go out earlier


class Publisher:
    """Draws and shows frames, and hands them to a thread that writes them, `hindsight` seconds after they came.

    `outputs` is a `video.outputs.Outputs`, `writer` a `common.threads.Background` around its `write`, `window` a
    `video.show.Window`. With a `hindsight` of 0 a frame goes out at once, with the latest answers.
    """

    def __init__(self, outputs, writer, window, hindsight):
        self._outputs, self._writer, self._window = outputs, writer, window
        self._timeline, self._delay = Timeline(), Delay(hindsight)

    def put(self, frame, boxes, tracked, answers):
        """Take a `video.io.Frame`, its `boxes` [(track_id, tlbr)] and the `video.recognise.Answer`s {track_id: …} that came with it.

        `tracked` holds the track ids that may still come back. Returns False once the user closed the window.
        """
        for track_id, answer in answers.items():
            self._timeline.add(track_id, answer.time_s, answer)
        going_on = [self._publish(*held) for held in self._delay.put(frame, boxes, tracked)]
        return all(going_on)

    def finish(self):
        """Publish what is still held."""
        for held in self._delay.rest():
            self._publish(*held)

    def _publish(self, frame, boxes, tracked):
        labelled = [(track_id, tlbr, self._timeline.at(track_id, frame.time_s)) for track_id, tlbr in boxes]
        self._timeline.forget(frame.time_s, tracked)
        picture = self._outputs.draw(frame, labelled)
        self._writer.put((frame, picture, labelled, tracked))
        return self._window.show(picture)


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
