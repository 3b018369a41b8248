"""The three files predict writes: annotated video, a row per person and frame, a row per event."""

import csv
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from common.files import writing
from common.threads import Stages
from video.crops import tlwh
from video.draw import GREY, class_colours, draw_people
from video.events import EventLog
from video.io import VideoWriter

EVENT_COLUMNS = ("track_id", "action", "start", "end", "mean_score")


class Outputs:
    """Writes ``<stem>_actions.mp4``, ``<stem>_actions.csv`` and ``<stem>_events.csv`` into `folder`.

    Use in a ``with`` block; all three appear at its clean end, none otherwise. `size` is (width, height) in pixels. `bars`, a
    `video.draw_bars.Bars` or None, are drawn at the right of the picture.
    """

    def __init__(self, folder, stem, fps, size, classes, stages=None, bars=None):
        self.paths = [Path(folder) / f"{stem}_{kind}" for kind in ("actions.mp4", "actions.csv", "events.csv")]
        self._fps, self._classes, self._bars = fps, list(classes), bars
        self._size = size[0] + (bars.width if bars else 0), size[1]
        self._colours, self._events = class_colours(classes), EventLog()
        self._stages, self._stack = stages or Stages(), ExitStack()
        self.events = 0

    def __enter__(self):
        with ExitStack() as stack:
            video, actions, events = self.paths
            self._events_csv = stack.enter_context(_csv_writer(events, EVENT_COLUMNS))
            header = ("frame", "time_s", "track_id", "left", "top", "width", "height", "action", "score", *self._classes)
            self._actions_csv = stack.enter_context(_csv_writer(actions, header))
            self._video = stack.enter_context(VideoWriter(video, self._fps, self._size))
            self._stack = stack.pop_all()
        return self

    def draw(self, frame, boxes):
        """A copy of a `video.io.Frame`'s image with `boxes` in it, a list of (track_id, tlbr, `Answer` or None), in this order."""
        with self._stages("draw"):
            picture = frame.image.copy()
            draw_people(picture, [(tlbr, *self._label(track_id, answer)) for track_id, tlbr, answer in boxes])
            if self._bars:
                picture = np.hstack([picture, self._bars.draw(boxes)])
        return picture

    def write(self, frame, picture, boxes, tracked):
        """Write one frame: the `picture` that `draw` gave, and a row for each of the same `boxes`.

        `tracked` holds the track ids that may still come back; the events of all others are closed.
        """
        with self._stages("encode"):
            self._video.write(picture, frame.time_s)
            for track_id, tlbr, answer in boxes:
                self._actions_csv.writerow(self._row(frame, track_id, tlbr, answer))
                action, score = (answer.action, answer.score) if answer else (None, 0.0)
                self._write_events(self._events.observe(track_id, frame.time_s, action, score))
            self._write_events(self._events.close(keep=tracked))

    def __exit__(self, kind, error, trace):
        if kind is None:
            self._write_events(self._events.close())
        return self._stack.__exit__(kind, error, trace)

    def _label(self, track_id, answer):
        if answer is None:
            return f"{track_id}", GREY
        return f"{track_id} {answer.action} {answer.score:.2f}", self._colours[answer.action]

    def _row(self, frame, track_id, tlbr, answer):
        scores = [f"{v:.4f}" for v in answer.scores] if answer else [""] * len(self._classes)
        action = (answer.action, f"{answer.score:.4f}") if answer else ("", "")
        return (frame.number, f"{frame.time_s:.3f}", track_id, *tlwh(tlbr), *action, *scores)

    def _write_events(self, events):
        for event in events:
            self._events_csv.writerow((event.track_id, event.action, f"{event.start:.3f}", f"{event.end:.3f}", f"{event.score:.4f}"))
            self.events += 1


@contextmanager
def _csv_writer(path, header):
    """csv.writer on a file that appears when the block ends cleanly."""
    with writing(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        yield writer
