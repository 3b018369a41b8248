"""Who is where in whole videos, as extract_frames.py wrote it: a folder for each video with video.json and tracks.csv."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.errors import InputError
from video.examples import read_json, subfolders
from video.extract import COLUMNS, TRACKS
from video.table import read_table

CLIP_FRAMES = 64  # of a clip of generate_64.py
CLIP_NAME = re.compile(r"(?P<video>.+)_(?P<track>[0-9]+)_(?P<first>[0-9]+)-(?P<last>[0-9]+)(_(?P<part>first|last))?", re.DOTALL)


class Sighting(NamedTuple):
    """One person in a video: the `video`'s path and `rate` (frames per second), and where they were seen.

    `numbers` (N,) are 1-based frame numbers, ascending; `boxes` (N, 4) float32 left, top, right, bottom as shares of the picture.
    """

    video: Path
    rate: float
    numbers: np.ndarray
    boxes: np.ndarray

    def span(self, fps=None):
        """(first, last) position, from 0, among the video's frames at `fps` (None: as recorded)."""
        first, last = ((number - 1) * (fps or self.rate) / self.rate for number in (self.numbers[0], self.numbers[-1]))
        return round(float(first)), round(float(last))

    def box(self, position, fps=None):
        """(4,) float32 at a position among the video's frames at `fps`; between two frames they were seen in, between those boxes."""
        number = position * self.rate / (fps or self.rate) + 1
        return np.array([np.interp(number, self.numbers, side) for side in self.boxes.T], np.float32)


class People:
    """The persons of all videos below `folder`.

    Raises InputError where the folder holds no extracted video.
    """

    def __init__(self, folder):
        self._folders = {place.name: place for place in subfolders(folder) if (place / TRACKS).is_file()}
        if not self._folders:
            raise InputError(f"no {TRACKS} in the folders of {folder}; --tracks takes the folder that extract_frames.py wrote")
        self._about = {name: read_json(place / "video.json") for name, place in self._folders.items()}
        self._names = {Path(about["source"]).resolve(): name for name, about in self._about.items() if "source" in about}
        self._known = {}

    def of(self, path):
        """The `Sighting` that a clip of generate_64.py was cut from, or the one seen longest in a whole video.

        Raises InputError where nobody is known there.
        """
        path = Path(path)
        clip = CLIP_NAME.fullmatch(path.stem)
        if clip and clip["video"] in self._folders:
            return self._of_clip(path, clip)
        name = self._names.get(path.resolve())
        if name is None:
            raise InputError(f"{path}: no persons of it are in the folder --tracks; extract_frames.py finds them")
        tracks = self._tracks(name)
        if not tracks:
            raise InputError(f"{path}: extract_frames.py found nobody in it")
        return self._sighting(name, *max(tracks.values(), key=lambda track: len(track[0])))

    def _of_clip(self, path, clip):
        numbers, boxes = self._tracks(clip["video"]).get(int(clip["track"]), ((), ()))
        inside = [i for i, number in enumerate(numbers) if int(clip["first"]) <= number <= int(clip["last"])]
        if not inside:
            raise InputError(f"{path}: track {clip['track']} of {clip['video']} is not in the folder --tracks; was it extracted anew?")
        inside = {"first": inside[:CLIP_FRAMES], "last": inside[-CLIP_FRAMES:], None: inside}[clip["part"]]
        return self._sighting(clip["video"], numbers[inside], boxes[inside])

    def _sighting(self, name, numbers, boxes):
        about = self._about[name]
        width, height = about["width"], about["height"]
        return Sighting(Path(about["source"]), about["fps"], numbers, (boxes / [width, height, width, height]).astype(np.float32))

    def _tracks(self, name):
        """{track id: (numbers (N,), tlbr (N, 4) pixels)} of a video."""
        if name not in self._known:
            self._known[name] = _read(self._folders[name] / TRACKS)
        return self._known[name]


def _read(path):
    rows = [row for _, row in read_table(path)]
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InputError(f"{path}: not a table of extract_frames.py; delete its folder and extract the video again")
    table = np.array(rows[1:], float).reshape(-1, len(COLUMNS))
    tracks = {}
    for track_id in np.unique(table[:, 1]):
        own = table[table[:, 1] == track_id]
        tracks[int(track_id)] = own[:, 0].astype(int), np.column_stack([own[:, 2:4], own[:, 2:4] + own[:, 4:6]])
    return tracks
