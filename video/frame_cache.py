"""Decoded frames of videos, kept on disk: an epoch then reads the few frames it needs instead of decoding every video again."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from common.errors import InputError
from common.files import sha256, writing
from video.io import count_frames


def cached_frames(path, frames, folder, size, fps=None):
    """A video's frames from `folder`, or into it; made anew when the video's content has changed.

    The file is the bare array, so that only the frames that are looked at are read from the disk.

    Args:
        path: the video's file.
        frames: function without arguments that returns its frames (N, size, size, 3) uint8, called only if they are not there yet.
        size, fps: what `frames` returns: height and width in pixels, frames per second (None: as recorded).

    Returns:
        (N, size, size, 3) uint8, read-only, mapped from the disk.
    """
    file = _file(path, folder, size, fps)
    if not file.exists():
        with writing(file) as partial:
            np.ascontiguousarray(frames()).tofile(partial)
    return np.memmap(file, np.uint8, mode="r").reshape(-1, size, size, 3)


def fill(paths, sampler, workers):
    """Decode the videos at `paths` into the cache of a `video.samples.Sampler`, with `workers` threads and a progress bar.

    Raises InputError, before anything is written, where the disk has not enough room.
    """
    files = {_file(path, sampler.cache, sampler.size, sampler.fps): path for path in paths}
    missing = [path for file, path in sorted(files.items()) if not file.exists()]
    with ThreadPoolExecutor(workers) as pool:
        _check_room(sampler.cache, sum(pool.map(lambda path: _nbytes(path, sampler), missing)))
        for _ in tqdm(pool.map(sampler.frames_of, missing), "decoding", len(missing), unit="video", disable=not missing):
            pass


def _file(path, folder, size, fps):
    rate = "" if fps is None else f"-{fps:g}fps"
    return Path(folder) / f"{Path(path).stem}-{sha256(path)[:16]}-{size}{rate}.frames"


def _nbytes(path, sampler):
    count, rate = count_frames(path)
    frames = count if sampler.fps is None or rate is None else count / rate * sampler.fps
    return int(frames * sampler.size**2 * 3)


def _check_room(folder, needed):
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(place).free
    if needed > free:
        raise InputError(f"the decoded frames take {needed / 1e9:.0f} GB, but there are {free / 1e9:.0f} GB free for --cache {folder}")
