"""Optical flow as two-channel pictures, and a cache of it beside the clips."""

import hashlib
import os
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from common.files import sha256, writing

METHODS = ("dis", "tvl1")
"""Dense Inverse Search (arXiv 1603.03590; fast) and TV-L1 (doi 10.1007/978-3-540-74936-3_22; what I3D and the two-stream
networks were published with; some hundred times slower)."""

LIMIT = 20.0
"""Pixels of motion at either end of the encoded range, as in the I3D and two-stream papers; faster motion is cut off."""

NO_MOTION = 128
CACHE_FOLDER = ".flow"


def encode(field):
    """Flow in pixels (…, 2) float -> uint8: 128 + pixels · 127 / 20, rounded, cut off at 0 and 255."""
    return np.clip(np.rint(NO_MOTION + np.nan_to_num(field) * (127 / LIMIT)), 0, 255).astype(np.uint8)


def flow(previous_gray, gray, method="dis"):
    """Where each pixel of `previous_gray` went in `gray`: (H, W) uint8 twice -> (H, W, 2) uint8, x and y, see `encode`.

    Positive x is to the right, positive y down. `method` is one of `METHODS`. Any thread may call it.
    """
    return encode(_estimator(method).calc(previous_gray, gray, None))


def flow_clip(clip, method="dis"):
    """Flow of every frame of a clip from the frame before it.

    The first frame has none before it and repeats the second's; a clip of one frame has no motion.

    Args:
        clip: (T, H, W, 3) uint8 BGR.
        method: one of `METHODS`.

    Returns:
        (T, H, W, 2) uint8, see `flow`.
    """
    grays = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in clip]
    fields = [flow(a, b, method) for a, b in pairwise(grays)]
    first = fields[0] if fields else np.full((*clip.shape[1:3], 2), NO_MOTION, np.uint8)
    return np.stack([first, *fields])


def cached_flow(path, frames, method, size, fps=None):
    """`flow_clip` of a clip, kept in a file, because TV-L1 takes minutes per clip.

    The file lies in the folder ``.flow`` beside the clip, or below ``$XDG_CACHE_HOME/action_recognition``
    (``~/.cache/action_recognition``) where that is not to be written. It is made anew when the clip's content has changed.

    Args:
        path: the clip's file.
        frames: function without arguments that returns the clip's frames (T, size, size, 3) uint8 BGR, called only if
            the flow is not there yet.
        method: one of `METHODS`.
        size: height and width of the frames; with `fps`, their frame rate (None: as recorded), part of the file's name.

    Returns:
        (T, size, size, 2) uint8.
    """
    rate = "" if fps is None else f"-{fps:g}fps"
    path = Path(path)
    file = _cache_folder(path.resolve().parent) / f"{path.name}.{method}-{size}{rate}.npz"
    digest = sha256(path)
    fields = _read(file, digest)
    if fields is None:
        fields = flow_clip(frames(), method)
        with writing(file) as partial:
            np.savez_compressed(partial, digest=digest, flow=fields)
    return fields


def _estimator(method):
    # A new one for each pair: they keep scratch pictures inside, which threads must not share, and DIS, once it has seen
    # a picture of about 32 pixels, keeps the scales it chose for that. Making one takes 0.04 ms.
    if method == "dis":
        return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    if method == "tvl1":
        return cv2.optflow.createOptFlow_DualTVL1()
    raise ValueError(f"no flow method {method!r}; there are {', '.join(METHODS)}")


def _read(file, digest):
    """The fields kept in `file`, or None where it is absent, broken or was made from another content."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            return stored["flow"] if str(stored["digest"]) == digest else None
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
        return None


def _cache_folder(folder):
    # A folder whose mode forbids writing is meant to stay as it is, although root could write there all the same.
    if os.access(folder, os.W_OK) and folder.stat().st_mode & 0o222:
        return folder / CACHE_FOLDER
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "action_recognition" / "flow" / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
