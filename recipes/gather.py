"""Every person's windows in a set of videos, described and kept in files, so that training takes them up in seconds."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.files import sha256, writing
from video.crops import Person
from video.recognise import looks, windows_of

SAME_TIME = 1e-3  # seconds: boxes keep their times as float32


class Windows(NamedTuple):
    """What is known of a video's N windows.

    `track_id` (N,), `time_s` (N,) of the last frame, `descriptors` (N, D) float32; `boxes` (M, 7) float32: time_s, track_id,
    left, top, right, bottom, score of every person in every frame.
    """

    track_id: np.ndarray
    time_s: np.ndarray
    descriptors: np.ndarray
    boxes: np.ndarray


def windows_in(path, run, persons_of, describe, folder, stride, estimator=None):
    """The `Windows` of the video at `path`.

    `run` has the facts of meta.json as attributes, `persons_of`, `stride` and `estimator` are those of `video.recognise`, `describe`
    turns inputs (B, …) into descriptors (B, D). The answer is kept in `folder`, which must be another for other arguments.
    """
    file = Path(folder) / f"{Path(path).stem}-{sha256(path)[:12]}.npz"
    found = _read(file)
    if found is None:
        found = _describe(path, windows_of(run, stride, estimator), persons_of, describe)
        with writing(file) as partial:
            np.savez(partial, **found._asdict())
    return found


def replayed(known):
    """A `persons_of` that gives the people of `Windows` once more, without looking for them.

    Who is out of sight is remembered up to the last box or window: a window at the video's end says that somebody still was.
    """
    boxes, until = known.boxes, {}
    for track_id, time_s in (*zip(boxes[:, 1], boxes[:, 0], strict=True), *zip(known.track_id, known.time_s, strict=True)):
        until[int(track_id)] = max(until.get(int(track_id), 0.0), float(time_s))

    def persons_of(frames):
        for frame in frames:
            now = {int(row[1]): row for row in boxes[np.abs(boxes[:, 0] - frame.time_s) < SAME_TIME]}
            there = [track_id for track_id, end in until.items() if frame.time_s < end + SAME_TIME and track_id not in now]
            lost = [Person(track_id, np.zeros(4, np.float32), 0.0, True, 1) for track_id in there]
            yield frame, [*(Person(track_id, row[2:6], float(row[6]), True, 0) for track_id, row in now.items()), *lost]

    return persons_of


def _read(file):
    try:
        with np.load(file, allow_pickle=False) as kept:
            return Windows(*(kept[name] for name in Windows._fields))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _describe(path, windows, persons_of, describe):
    boxes = []

    def noting(frames):
        for frame, persons in persons_of(frames):
            boxes.extend((frame.time_s, p.track_id, *p.tlbr, p.score) for p in persons if p.missed == 0)
            yield frame, persons

    found = [(look.track_id, look.time_s, describe(look.inputs)[0]) for look in looks(path, windows, noting)]
    ids, times, rows = zip(*found, strict=True) if found else ((), (), ())
    return Windows(np.array(ids, int), np.array(times), np.array(rows, np.float32), np.array(boxes, np.float32).reshape(-1, 7))
