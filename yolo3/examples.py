"""Pictures with boxes in label files of the YOLO format: a line "class cx cy width height" per box, fractions of the picture.

A sixth number is the confidence in the label, 0 to 1, as a teacher gave it; without it a box is certain.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from common.errors import InputError
from common.files import natural_key, write_text

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


class Example(NamedTuple):
    """A picture file, its label file, and the recording it comes from: pictures of one recording look alike."""

    image: Path
    labels: Path
    recording: str


def find(folder):
    """All pictures below a folder, in order -> list of `Example`.

    Labels lie beside the picture, or in a folder "labels" beside its folder "images". A picture's folder below `folder` is
    its recording; those that lie in `folder` or "images" itself count as one recording each.

    Raises:
        InputError: there is no picture, or one has no label file.
    """
    folder = Path(folder)
    images = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and not _hidden(path.relative_to(folder))]
    if not images:
        raise InputError(f"there are no pictures ({', '.join(SUFFIXES)}) below {folder}")
    return [Example(path, _label_file(path), _recording(folder, path)) for path in sorted(images, key=natural_key)]


def _hidden(path):
    return any(part.startswith(".") for part in path.parts)


def _label_file(image):
    beside = image.with_suffix(".txt")
    apart = [parent / "labels" / beside.relative_to(parent / "images") for parent in image.parents if (parent / "images") in image.parents]
    for path in (beside, *apart):
        if path.is_file():
            return path
    raise InputError(f"no label file {beside.name} for {image}; an empty one says that nobody is there")


def _recording(folder, image):
    parent = image.parent.relative_to(folder).as_posix()
    return image.stem if parent in (".", "images") else parent


def read_image(example):
    """(H, W, 3) uint8 BGR; InputError if the file is no picture."""
    image = cv2.imread(str(example.image), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"{example.image} cannot be read as a picture")
    return image


def read_labels(path, classes):
    """A label file -> (N, 6) float32: class, centre x, centre y, width, height (fractions of the picture), confidence.

    Raises:
        InputError: a line is not of the format, or its class is not one of the `classes` (a count).
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            rows.append(_row(path, number, line.split(), classes))
    return np.array(rows, np.float32).reshape(-1, 6)


def _row(path, number, parts, classes):
    try:
        row = [float(part) for part in parts]
    except ValueError:
        row = []
    if len(row) == 5:
        row.append(1.0)
    if len(row) != 6 or not all(0 <= value <= 1 for value in row[1:]) or min(row[3:5]) <= 0:
        raise InputError(f"{path} line {number} is not 'class cx cy width height [confidence]' with fractions of the picture")
    if row[0] not in range(classes):
        raise InputError(f"{path} line {number}: class {parts[0]}, but there are {classes}; name them all with --classes")
    return row


def write_labels(path, rows):
    """Write (N, 6) rows as `read_labels` returns them."""
    lines = (f"{int(row[0])} {row[1]:.5f} {row[2]:.5f} {row[3]:.5f} {row[4]:.5f} {row[5]:.3f}\n" for row in rows)
    write_text(path, "".join(lines))


def to_rows(tlbr, class_id, confidence, width, height):
    """Boxes (N, 4) in pixels of a picture -> (N, 6) rows as in a label file, cut off at the picture's borders."""
    size = np.float32([width, height])
    low, high = (np.clip(corner / size, 0, 1) for corner in (tlbr[:, :2], tlbr[:, 2:]))
    rows = np.column_stack([class_id, (low + high) / 2, high - low, confidence]).astype(np.float32)
    return rows[(rows[:, 3:5] > 0).all(axis=1)]


def to_tlbr(rows, width, height):
    """The boxes of (N, 6) rows as (N, 4) tlbr float32 pixels."""
    half = rows[:, 3:5] / 2
    return np.concatenate([rows[:, 1:3] - half, rows[:, 1:3] + half], axis=1) * np.float32([width, height] * 2)


def split(examples, share, seed=0):
    """The recordings to hold out of training, a set: `share` of them, at least one of two and at most all but one."""
    recordings = sorted({example.recording for example in examples}, key=natural_key)
    count = min(max(round(share * len(recordings)), 1), len(recordings) - 1)
    return set(np.random.default_rng(seed).permutation(recordings)[:count].tolist())
