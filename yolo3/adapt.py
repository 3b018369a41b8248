"""A Darknet .cfg for other classes, anchors or another input size: the text stays, numbers change."""

import re
from pathlib import Path

from common.errors import InputError

SECTION = re.compile(r"^(?=[ \t]*\[)", re.MULTILINE)


def adapted(path, classes=None, anchors=None, size=None):
    """The text of the .cfg at `path`, which `yolo3.cfg.read` has accepted, with other numbers.

    Args:
        classes: number of classes; the convolutions before the heads get the filters that this needs.
        anchors: (N, 2) pixels of the input, for all heads together; N as in the file.
        size: (width, height) of the input.

    Raises:
        InputError: a head is not preceded by a convolution, so its filters cannot be changed.
    """
    parts = SECTION.split(Path(path).read_text(encoding="latin-1"))
    for i, part in enumerate(parts):
        if size and _kind(part) in ("net", "network"):
            parts[i] = _set(_set(part, "width", size[0]), "height", size[1])
        if _kind(part) == "yolo":
            parts[i] = _head(part, classes, anchors)
            if classes is not None:
                parts[i - 1] = _filters(path, parts[i - 1], part, classes)
    return "".join(parts)


def _kind(part):
    match = re.match(r"\s*\[\s*(\w+)\s*\]", part)
    return match[1] if match else None


def _head(part, classes, anchors):
    if classes is not None:
        part = _set(part, "classes", classes)
    if anchors is not None:
        part = _set(part, "anchors", ",  ".join(f"{width:.0f},{height:.0f}" for width, height in anchors))
    return part


def _filters(path, part, head, classes):
    if _kind(part) not in ("convolutional", "conv"):
        raise InputError(f"{path}: a [yolo] section does not follow a [convolutional] one, so it cannot get other classes")
    mask = re.search(r"^\s*mask\s*=(.*)$", head, re.MULTILINE)
    num = re.search(r"^\s*num\s*=\s*(\d+)", head, re.MULTILINE)
    count = len(mask[1].split(",")) if mask else int(num[1]) if num else 1
    return _set(part, "filters", count * (5 + classes))


def _set(part, name, value):
    line, found = re.compile(rf"^[ \t]*{name}[ \t]*=.*$", re.MULTILINE), f"{name}={value}"
    if line.search(part):
        return line.sub(found, part)
    first, _, rest = part.partition("\n")
    return f"{first}\n{found}\n{rest}"
