"""Which boxes of a network shall find which true boxes."""

from dataclasses import dataclass

import numpy as np

# An anchor answers for boxes whose sides are at most this many times larger or smaller than its own (YOLOv5 takes 4 for 80
# classes of all shapes); the exponential reaches them with an output of ±1.1.
MAX_RATIO = 3.0
SURE = 0.5  # a label is certain from this confidence


@dataclass(frozen=True)
class Rows:
    """What the rows of `yolo3.network.build_trainable`'s output stand for, at one input size; all in pixels of the input.

    Attributes:
        cell: (R, 2) float32, upper left corner of the row's cell.
        stride: (R, 1) float32, side of the cell.
        anchor: (R, 2) float32, the row's anchor.
        scale: (R, 1) float32, scale_x_y of its head.
        heads: list of (first row, cells across, cells down, `yolo3.cfg.Yolo`).
        width, height: the input size.
    """

    cell: np.ndarray
    stride: np.ndarray
    anchor: np.ndarray
    scale: np.ndarray
    heads: list
    width: int
    height: int

    def __len__(self):
        return len(self.cell)


def rows(cfg, width=None, height=None):
    """The `Rows` of a `yolo3.cfg.Cfg` for an input of `width` × `height` (default: the .cfg's)."""
    width, height = width or cfg.width, height or cfg.height
    parts, heads, first = [], [], 0
    for head in cfg.heads:
        stride = cfg.width // head.shape[1]
        across, down, anchors = width // stride, height // stride, np.float32(head.anchors)
        cell = np.stack(np.meshgrid(np.arange(across), np.arange(down)), axis=-1).reshape(-1, 2) * stride
        count = len(cell) * len(anchors)
        columns = [np.repeat(cell, len(anchors), axis=0), np.full((count, 1), stride), np.tile(anchors, (len(cell), 1))]
        parts.append([*columns, np.full((count, 1), head.scale_x_y)])
        heads.append((first, across, down, head))
        first += count
    cell, stride, anchor, scale = (np.concatenate(kind).astype(np.float32) for kind in zip(*parts, strict=True))
    return Rows(cell, stride, anchor, scale, heads, width, height)


def assign(labels, all_rows, classes):
    """The target of every row for one picture.

    A box is to be found by every anchor of about its size (`MAX_RATIO`), or else by the one nearest in size; in the cell of
    its centre and, where the head's scale_x_y lets them reach it, in the neighbours nearest to the centre across and down.
    Several rows per box teach faster than the single one of YOLOv3 (as in YOLOv5, https://github.com/ultralytics/yolov5).
    Where two boxes claim a row, the more certain one has it, and of two that are certain or two that are not the smaller.

    Args:
        labels: (N, 6) rows as in a label file: class, centre, size (fractions of the picture), confidence.

    Returns:
        (R, 5 + classes) float32: centre x, y, width, height in pixels of the input, confidence, 1 for the class. Zeros: nothing.
    """
    target = np.zeros((len(all_rows), 5 + classes), np.float32)
    labels = labels[np.lexsort((-labels[:, 3] * labels[:, 4], labels[:, 5] >= SURE))]
    boxes = labels[:, 1:5] * np.float32([all_rows.width, all_rows.height] * 2)
    for label, box in zip(labels, boxes, strict=True):
        chosen = _rows_for(box, all_rows)
        target[chosen] = 0
        target[chosen, :4] = box
        target[chosen, 4] = label[5]
        target[chosen, 5 + int(label[0])] = 1
    return target


def _rows_for(box, all_rows):
    ratios = [_ratio(box[2:], np.float32(head.anchors)) for _, _, _, head in all_rows.heads]
    limit = max(MAX_RATIO, min(ratio.min() for ratio in ratios))
    chosen = []
    for (first, across, down, head), ratio in zip(all_rows.heads, ratios, strict=True):
        anchors = np.flatnonzero(ratio <= limit)
        if len(anchors):
            centre = box[0] * across / all_rows.width, box[1] * down / all_rows.height
            cells = np.array(_cells(centre, across, down, head.scale_x_y))
            chosen.append((first + cells[:, None] * len(ratio) + anchors).ravel())
    return np.concatenate(chosen)


def _ratio(size, anchors):
    ratio = size / anchors
    return np.maximum(ratio, 1 / ratio).max(axis=1)


def _cells(centre, across, down, scale):
    """Indices of the cells for a centre in units of cells: its own, and neighbours whose outputs reach it with ease."""
    x, y = (min(int(value), end - 1) for value, end in zip(centre, (across, down), strict=True))
    cells = [(x, y)]
    if scale >= 2:  # a cell then reaches half a cell beyond its borders
        aside, beside = (-1 if value - whole < 0.5 else 1 for value, whole in zip(centre, (x, y), strict=True))
        cells += [(x + aside, y), (x, y + beside)]
    return [row * across + column for column, row in cells if 0 <= column < across and 0 <= row < down]
