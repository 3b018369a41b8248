"""Pictures of persons out of the folders of extract_frames.py, and who is known to be whom.

Two pictures show the same person if they are of one track; they show different persons if their tracks were seen together. Of all
other pairs nothing is known, and they teach nothing.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from common.errors import InputError
from deep_sort.iou_matching import iou_cost

HEIGHT, WIDTH = 96, 48  # pixels of a picture for the encoder; most persons before a camera are smaller, and the work grows with the area
MARGIN = 1.2  # side of a kept picture over the box's: room for boxes that lie less well
ROOM = (round(HEIGHT * MARGIN), round(WIDTH * MARGIN))  # (height, width) of a kept picture
TOUCHING = 0.15  # IoU of two boxes from which a tracker may mix their persons up
LEAST = 4  # pictures of a piece of track that can teach anything
COLUMNS = ("frame", "track_id", "left", "top", "width", "height")


class Tracks(NamedTuple):
    """Pieces of tracks, each of one person, and their pictures.

    pictures : (N, 115, 58, 3) uint8 BGR, the box with a margin of a tenth on each side; sorted by piece, then by frame
    piece : (N,) int, which piece a picture is of
    video, person : (P,) int for each piece; `person` tells pieces of `certain` videos apart
    first, last : (P,) int, frames
    certain : (P,) bool, whether the identities are the truth
    """

    pictures: np.ndarray
    piece: np.ndarray
    video: np.ndarray
    person: np.ndarray
    first: np.ndarray
    last: np.ndarray
    certain: np.ndarray

    def different(self, i):
        """(P,) bool, the pieces known to show someone else than piece `i`."""
        together = (self.first <= self.last[i]) & (self.last >= self.first[i])
        return (self.video == self.video[i]) & (self.person != self.person[i]) & (self.certain | together)


def find_videos(folders):
    """The folders that extract_frames.py left in `folders`: those with a tracks.csv, at any depth. InputError where there are none."""
    videos = []
    for folder in map(Path, folders):
        found = sorted(table.parent for table in folder.rglob("tracks.csv") if not table.parent.name.startswith("."))
        if not found:
            raise InputError(f"{folder}: no tracks.csv in there; give a folder that extract_frames.py wrote")
        videos += found
    return videos


def read_tracks(videos, certain, most, context=1.2):
    """`Tracks` of video folders.

    Parameters
    ----------
    videos : list of folders with a tracks.csv
    certain : list of bool, one per folder
        Whether the identities are the truth. A tracker's are not: its tracks are cut where frames are missing or another
        box comes near, since behind a pass-by the number may be somebody else's.
    most : int
        Pictures kept of a piece, evenly spread.
    context : float
        The --context of extract_frames.py.

    Raises
    ------
    InputError
        A table or picture cannot be read, or no piece is left.
    """
    pictures, piece, about = [], [], []
    for number, (folder, sure) in enumerate(zip(videos, certain, strict=True)):
        for rows in _pieces(_read_table(folder / "tracks.csv"), sure):
            rows = rows[np.unique(np.linspace(0, len(rows) - 1, most).round().astype(int))]
            pictures += [_picture(folder, row, context) for row in rows]
            piece += [len(about)] * len(rows)
            about.append((number, rows[0, 1], rows[0, 0], rows[-1, 0], sure))
    if not about:
        raise InputError(f"{videos[0].parent}: no track of {LEAST} frames in which its person is apart from others")
    video, person, first, last, sure = np.array(about).astype(int).T
    return Tracks(np.stack(pictures), np.array(piece), video, person, first, last, sure.astype(bool))


def _read_table(path):
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [[float(row[name]) for name in COLUMNS] for row in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError):
        raise InputError(f"{path}: not a table of extract_frames.py ({', '.join(COLUMNS)}); extract this video again") from None
    return np.array(rows).reshape(-1, len(COLUMNS))


def _pieces(rows, sure):
    """Parts of the table's rows (N, 6), each of one person without doubt, in order of frames."""
    usable = np.ones(len(rows), bool) if sure else ~_touched(rows)
    for track in np.unique(rows[:, 1]):
        own = rows[usable & (rows[:, 1] == track)]
        own = own[np.argsort(own[:, 0], kind="stable")]
        cuts = [] if sure else np.flatnonzero(np.diff(own[:, 0]) != 1) + 1
        yield from (part for part in np.split(own, cuts) if len(part) >= LEAST)


def _touched(rows):
    """(N,) bool, rows whose box another box of the frame comes near."""
    touched = np.zeros(len(rows), bool)
    for frame in np.unique(rows[:, 0]):
        at = (rows[:, 0] == frame).nonzero()[0]
        corners = np.concatenate([rows[at, 2:4], rows[at, 2:4] + rows[at, 4:6]], axis=1)
        overlap = 1 - iou_cost(corners, corners)
        np.fill_diagonal(overlap, 0)
        touched[at] = (overlap > TOUCHING).any(axis=1)
    return touched


def _picture(folder, row, context):
    """(115, 58, 3) uint8: the box of a table's row and its margin, out of the square picture around the box."""
    path = folder / f"{row[1]:.0f}" / f"{row[0]:06.0f}.jpg"
    square = cv2.imread(str(path)) if path.is_file() else None
    if square is None:
        raise InputError(f"{path}: missing or no picture; extract this video again")
    share = np.minimum(row[4:6] / (row[4:6].max() * context) * MARGIN, 1)  # of the square's side: width, height
    width, height = np.maximum(np.rint(share * square.shape[1::-1]), 1).astype(int)
    left, top = (square.shape[1] - width) // 2, (square.shape[0] - height) // 2
    return cv2.resize(square[top : top + height, left : left + width], ROOM[::-1], interpolation=cv2.INTER_AREA)


def split_videos(videos, fraction, seed):
    """(training, validation) video folders: whole videos, drawn by a seed; at least one of each where there are two."""
    order = np.random.default_rng(seed).permutation(len(videos))
    count = min(max(round(len(videos) * fraction), 1), len(videos) - 1)
    chosen = set(order[:count].tolist())
    return [[video for i, video in enumerate(videos) if (i in chosen) == side] for side in (False, True)]
