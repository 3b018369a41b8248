"""Every person's windows in a set of videos, described and kept in files, so that training takes them up in seconds."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.files import sha256, writing
from video.recognise import looks, windows_of


class Windows(NamedTuple):
    """What is known of a video's N windows.

    `track_id` (N,), `time_s` (N,) of the last frame, `descriptors` (N, D) float32; `boxes` (M, 7) float32: time_s, track_id,
    left, top, right, bottom, score of every person in every frame.
    """

    track_id: np.ndarray
    time_s: np.ndarray
    descriptors: np.ndarray
    boxes: np.ndarray


def windows_in(path, run, persons_of, describe, folder, stride):
    """The `Windows` of the video at `path`.

    `run` has the facts of meta.json as attributes, `persons_of` and `stride` are those of `video.recognise`, `describe`
    turns inputs (B, …) into descriptors (B, D). The answer is kept in `folder`, which must be another for other arguments.
    """
    file = Path(folder) / f"{Path(path).stem}-{sha256(path)[:12]}.npz"
    found = _read(file)
    if found is None:
        found = _describe(path, windows_of(run, stride), persons_of, describe)
        with writing(file) as partial:
            np.savez(partial, **found._asdict())
    return found


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
