"""Labels for training pictures from detectors that are good already, or from a table of true boxes."""

import csv

import cv2
import numpy as np

from common.errors import InputError
from yolo3.boxes import iou
from yolo3.examples import to_rows

SAME = 0.55  # IoU from which two looks saw the same object
LEAST_SCORE = 0.1  # a fused box below it is no label
COLUMNS = ("frame", "left", "top", "width", "height")
LEAST_VISIBLE, SURE_VISIBLE = 0.15, 0.6  # share of a person: less is no label; from here on the label is certain


def label(frames, teachers, names):
    """Boxes in frames of one video, from every teacher's look at each frame and at its mirror image.

    Several looks agree on what is there and differ in what they imagine. A box's confidence is the mean of the better half of
    its scores over all looks, so one look alone makes no certain label.

    Args:
        frames: list of (H, W, 3) uint8 BGR, of one size.
        teachers: list of `yolo3.Detector`.
        names: names of class 0, 1, … of the labels; each teacher reports these and no others.

    Returns:
        list of (N, 6) rows as in a label file (see `yolo3.examples`).
    """
    mirrored = [np.ascontiguousarray(frame[:, ::-1]) for frame in frames]
    looks = []
    for teacher in teachers:
        kinds = np.array([names.index(name) if name in names else -1 for name in teacher.names])
        looks.append([(found.tlbr, found.score, kinds[found.class_id]) for found in teacher.detect(frames)])
        width = frames[0].shape[1]
        looks.append([(_mirror(found.tlbr, width), found.score, kinds[found.class_id]) for found in teacher.detect(mirrored)])
    return [fuse([look[i] for look in looks], frame.shape[1], frame.shape[0]) for i, frame in enumerate(frames)]


def _mirror(tlbr, width):
    left, top, right, bottom = tlbr.T
    return np.stack([width - right, top, width - left, bottom], axis=1)


def fuse(looks, width, height):
    """Several looks (tlbr (N, 4) pixels, score (N,), class (N,)) at one picture -> (N, 6) rows.

    Boxes of a class that overlap the best of them are one object: its box is their mean, weighted by score.
    """
    tlbr, score, kind = (np.concatenate(parts) for parts in zip(*looks, strict=True))
    half = (len(looks) + 1) // 2
    boxes, kinds, confidence = [], [], []
    free = np.ones(len(score), bool)
    for best in np.argsort(-score, kind="stable"):
        if free[best]:
            same = free & (kind == kind[best]) & (iou(tlbr[best], tlbr) >= SAME)
            same[best] = True
            free &= ~same
            boxes.append(np.average(tlbr[same], axis=0, weights=score[same]))
            kinds.append(kind[best])
            confidence.append(min(1, np.sort(score[same])[::-1][:half].sum() / half))
    rows = to_rows(np.reshape(boxes, (-1, 4)), np.array(kinds, int), np.array(confidence), width, height)
    return rows[rows[:, 5] >= LEAST_SCORE]


def read_truth(path, width, height):
    """A table of true boxes of a video -> dict, 1-based frame number -> (N, 6) rows, all of class 0.

    Columns frame, left, top, width, height in pixels, and, where there is one, visible: the share of the person that can be
    seen. People hidden for the most part make no label, those half hidden an uncertain one.

    Raises:
        InputError: the file has other columns.
    """
    with open(path, encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    boxes = {}
    try:
        for line in lines:
            number, left, top, across, down = (float(line[name]) for name in COLUMNS)
            visible = float(line.get("visible") or 1)
            if visible >= LEAST_VISIBLE:
                boxes.setdefault(int(number), []).append((left, top, left + across, top + down, min(1, visible / SURE_VISIBLE)))
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path} is no table of boxes with the columns {', '.join(COLUMNS)}") from None
    return {number: _true_rows(np.array(rows), width, height) for number, rows in boxes.items()}


def _true_rows(rows, width, height):
    return to_rows(rows[:, :4], np.zeros(len(rows)), rows[:, 4], width, height)


def shrink(image, side):
    """A picture with its longer side at most `side` pixels; averaging, so that nothing flickers."""
    scale = side / max(image.shape[:2])
    return image if scale >= 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
