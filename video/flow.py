"""Optical flow as two-channel pictures, and a cache of it beside the clips."""

import json
import zlib
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from common.files import keep_beside, sha256, writing

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
    return flow_of_grays([cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in clip], method)


def flow_of_grays(grays, method="dis"):
    """`flow_clip` of a list of (H, W) uint8 pictures, at least one."""
    fields = [flow(a, b, method) for a, b in pairwise(grays)]
    first = fields[0] if fields else np.full((*grays[0].shape, 2), NO_MOTION, np.uint8)
    return np.stack([first, *fields])


def cached_flow(path, frames, method, size, fps=None, folder=None):
    """`flow_clip` of a clip, kept in a file, because TV-L1 takes minutes per clip.

    The file lies in the folder ``.flow`` beside the clip, or below ``$XDG_CACHE_HOME/action_recognition``
    (``~/.cache/action_recognition``) where that is not to be written; or in `folder`, where clips of one name get different files.
    It is made anew when the clip's content has changed.

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
    path, digest = Path(path), sha256(path)
    name = path.name if folder is None else f"{path.stem}-{digest[:16]}"
    file = Path(folder or keep_beside(path.resolve().parent) / CACHE_FOLDER) / f"{name}.{method}-{size}{rate}.flow"
    fields = _read(file, digest)
    if fields is None:
        fields = flow_clip(frames(), method)
        with writing(file) as partial:
            _write(partial, digest, fields)
    return fields


def scaled(fields, factor):
    """Encoded flow (…) uint8 of motion `factor` times as fast."""
    table = np.clip(np.rint(NO_MOTION + (np.arange(256) - NO_MOTION) * factor), 0, 255).astype(np.uint8)
    return table[fields]


def _estimator(method):
    # A new one for each pair: they keep scratch pictures inside, which threads must not share, and DIS, once it has seen
    # a picture of about 32 pixels, keeps the scales it chose for that. Making one takes 0.04 ms.
    if method == "dis":
        return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    if method == "tvl1":
        return cv2.optflow.createOptFlow_DualTVL1()
    raise ValueError(f"no flow method {method!r}; there are {', '.join(METHODS)}")


# A line of JSON, then the fields through zlib. Not NumPy's own format: its header is read by Python's parser, which threads
# of Python 3.11 must not use at the same time ("AST constructor recursion depth mismatch").
def _write(file, digest, fields):
    header = json.dumps({"sha256": digest, "shape": fields.shape})
    file.write_bytes(header.encode() + b"\n" + zlib.compress(fields.tobytes(), level=1))


def _read(file, digest):
    """The fields kept in `file`, or None where it is absent, broken or was made from another content."""
    try:
        header, _, data = file.read_bytes().partition(b"\n")
        header = json.loads(header)
        if header["sha256"] != digest:
            return None
        return np.frombuffer(zlib.decompress(data), np.uint8).reshape(header["shape"])
    except (OSError, KeyError, TypeError, ValueError, zlib.error):
        return None
