"""A data set's optical flow as pictures: two JPEGs a frame, in the layout of the published ``tvl1_flow`` archive of UCF-101.

    tvl1_flow/u/v_Archery_g01_c01/frame000001.jpg …     along x, uint8: 128 = no motion, ±20 pixels over the range
              v/v_Archery_g01_c01/frame000001.jpg …     along y

Picture i is the motion from frame i to frame i+1, so a video of n frames has n-1. The archive is that of Feichtenhofer, Pinz and
Zisserman (arXiv 1604.06573), who give TV-L1 flow of UCF-101 and HMDB-51 for download.
"""

import os
import shutil
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from common.errors import InputError
from common.files import natural_key
from video.clips import resample
from video.flow import flow, scaled
from video.inputs import fit
from video.io import open_video

DIRECTIONS = ("u", "v")
JPEG_QUALITY = 95


def finished(archive, name):
    """Whether the flow of video `name` is complete in the folder `archive`."""
    return all((Path(archive) / direction / name).is_dir() for direction in DIRECTIONS)


def write_flow(path, archive, name, method="tvl1", side=None, stop=None):
    """Compute the flow of the video at `path` and write it to `archive` under `name`; returns the number of fields.

    Everything is written to hidden folders first, so a folder is complete whenever it exists.

    Args:
        path: the video's file.
        archive: the folder that holds ``u`` and ``v``.
        name: folder of the video in either.
        method: one of `video.flow.METHODS`.
        side: pixels of the shorter side that frames are shrunk to first; None = as recorded.
        stop: a `threading.Event` that ends the work from another thread, with nothing left behind.

    Raises:
        InputError: the video cannot be read, has less than two frames, or `stop` was set.
    """
    folders = [Path(archive) / direction / name for direction in DIRECTIONS]
    partial = [folder.with_name(f".{folder.name}.part") for folder in folders]
    for folder in partial:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        count = _write_pictures(path, partial, method, side, stop)
        if not count:
            raise InputError(f"{path}: a single frame has no motion")
        for source, target in zip(partial, folders, strict=True):
            shutil.rmtree(target, ignore_errors=True)
            os.replace(source, target)
    finally:
        for folder in partial:
            shutil.rmtree(folder, ignore_errors=True)
    return count


def _write_pictures(path, folders, method, side, stop):
    count = 0
    with open_video(path) as reader:
        for count, (previous, gray) in enumerate(pairwise(_gray(frame.image, side) for frame in reader), 1):
            if stop and stop.is_set():
                raise InputError(f"{path}: stopped")
            field = flow(previous, gray, method)
            for axis, folder in enumerate(folders):
                encoded = cv2.imencode(".jpg", field[..., axis], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
                (folder / f"frame{count:06d}.jpg").write_bytes(encoded)
    return count


def _gray(image, side):
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    scale = side / min(gray.shape) if side else 1
    return gray if scale >= 1 else cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def count_pictures(archive, name):
    """How many pictures there are of video `name`: (along x, along y)."""
    return tuple(sum(1 for _ in (Path(archive) / direction / name).glob("*.jpg")) for direction in DIRECTIONS)


class ArchivedFlow:
    """The flow of a video as `video.flow.flow_clip` gives it of (size, size) pictures, read from the archive where it is looked at.

    ``len(fields)`` is their number, one more than the pictures: the first frame repeats the second's. ``fields[indices]``, with (T,)
    int, is (T, size, size, 2) uint8. Motion, in pixels of the pictures as they were computed there, becomes that in pixels of `size`.

    Args:
        archive: the folder that holds ``u`` and ``v``.
        name: folder of the video in either.
        size: height and width of the fields in pixels.
        recorded, fps: frames per second of the video, and those wanted; motion from one of these to the next is as much larger. None: as
            recorded.

    Raises:
        InputError: there are no pictures, unequally many, or, when it is looked at, one cannot be read.
    """

    def __init__(self, archive, name, size, recorded=None, fps=None):
        paths = [sorted((Path(archive) / direction / name).glob("*.jpg"), key=natural_key) for direction in DIRECTIONS]
        counts = [len(found) for found in paths]
        if 0 in counts or counts[0] != counts[1]:
            raise InputError(f"{archive}: {counts[0]} pictures in u/{name} and {counts[1]} in v/{name}; extract_flow.py makes them")
        pairs = list(zip(*paths, strict=True))
        self._pairs, self._size, self._speed = [pairs[0], *pairs], size, recorded / fps if fps else 1.0
        self._shown = resample(len(self._pairs), recorded, fps)

    def __len__(self):
        return len(self._shown)

    def __getitem__(self, indices):
        fields = {i: self._read(i) for i in set(self._shown[indices].tolist())}
        return np.stack([fields[i] for i in self._shown[indices].tolist()])

    def _read(self, i):
        pictures = [_picture(path) for path in self._pairs[i]]
        zooms = [self._size / side for side in pictures[0].shape[::-1]]  # of the width for x, of the height for y
        return np.stack([scaled(fit(p, self._size), zoom * self._speed) for p, zoom in zip(pictures, zooms, strict=True)], axis=-1)


def _picture(path):
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE) if path.stat().st_size else None
    if picture is None:
        raise InputError(f"{path}: not a picture")
    return picture
