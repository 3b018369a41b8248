"""From pictures to network input, and from network output back to boxes in pixels: numpy and OpenCV only."""

from dataclasses import dataclass

import cv2
import numpy as np

GREY = 127  # fills what a letterboxed picture leaves free; Darknet's is 0.5


@dataclass(frozen=True)
class Detections:
    """What was found in one frame, best score first.

    Attributes:
        tlbr: (N, 4) float32, left, top, right, bottom in pixels of the frame, within it.
        score: (N,) float32, objectness × class probability, 0…1.
        class_id: (N,) int64, line of the class in the names file, from 0.
    """

    tlbr: np.ndarray
    score: np.ndarray
    class_id: np.ndarray

    def __len__(self):
        return len(self.score)


@dataclass(frozen=True)
class Placement:
    """Where a frame of `width` × `height` pixels lies in the network's input, as fractions of it."""

    width: int
    height: int
    left: float = 0.0
    top: float = 0.0
    across: float = 1.0
    down: float = 1.0


def fit(frame, width, height, letter_box):
    """Bring a frame to the network's size.

    Args:
        frame: (H, W, 3) uint8 BGR.
        width, height: the network's input.
        letter_box: keep the proportions and fill the rest with grey; False stretches.

    Returns:
        (height, width, 3) uint8 RGB and the `Placement` that `to_pixels` needs.
    """
    rows, columns = frame.shape[:2]
    if not letter_box:
        return cv2.cvtColor(_resize(frame, width, height), cv2.COLOR_BGR2RGB), Placement(columns, rows)
    scale = min(width / columns, height / rows)
    across, down = max(1, int(columns * scale)), max(1, int(rows * scale))
    left, top = (width - across) // 2, (height - down) // 2
    picture = np.full((height, width, 3), GREY, np.uint8)
    picture[top : top + down, left : left + across] = _resize(frame, across, down)[..., ::-1]
    return picture, Placement(columns, rows, left / width, top / height, across / width, down / height)


def _resize(frame, width, height):
    if frame.shape[:2] == (height, width):
        return frame
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)


def to_pixels(xywh, placement):
    """Boxes (N, 4) centre x, centre y, width, height as fractions of the network's input -> tlbr (N, 4) pixels of the frame.

    They are not clipped to the frame.
    """
    half = xywh[:, 2:] / 2
    tlbr = np.concatenate([xywh[:, :2] - half, xywh[:, :2] + half], axis=1)
    start = np.float32([placement.left, placement.top] * 2)
    scale = np.float32([placement.width / placement.across, placement.height / placement.down] * 2)
    return (tlbr - start) * scale


def clip(tlbr, width, height):
    """Boxes cut off at the borders of a frame."""
    return np.clip(tlbr, 0, np.float32([width, height] * 2))


def iou(box, others):
    """Intersection over union of one tlbr box (4,) with others (N, 4) -> (N,); 0 where both are empty."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = np.prod(np.maximum(sides, 0), axis=1)
    union = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def suppress(tlbr, score, class_id, iou_threshold):
    """Greedy non-maximum suppression within each class.

    The best box stays, boxes of its class that overlap it by more than `iou_threshold` go, and so on with what is left.
    Of equal scores the earlier row counts as better.

    Returns:
        indices of the boxes that stay, best score first.
    """
    order = np.argsort(-score, kind="stable")
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        gone = (iou(tlbr[best], tlbr[rest]) > iou_threshold) & (class_id[rest] == class_id[best])
        order = rest[~gone]
    return np.array(kept, np.int64)


def detections(output, placement, classes, score_threshold, iou_threshold):
    """One frame's network output -> `Detections`.

    Args:
        output: (boxes, 5 + classes) float32 of the network, see `yolo3.network.build`.
        placement: the frame's, from `fit`.
        classes: indices of the classes wanted. As in Darknet a box is reported for each of them that reaches the threshold.
        score_threshold: least objectness × class probability.
        iou_threshold: two boxes of a class that overlap by more are one.
    """
    # The score is at most the objectness, so nearly all rows are done with after one comparison.
    rows = output[output[:, 4] >= score_threshold]
    rows = rows[np.isfinite(rows).all(axis=1)]
    scores = rows[:, 4:5] * rows[:, 5 + classes]
    row, column = np.nonzero(scores >= score_threshold)
    score, class_id = scores[row, column], classes[column]
    tlbr = to_pixels(rows[row, :4], placement)
    kept = suppress(tlbr, score, class_id, iou_threshold)
    tlbr = clip(tlbr[kept], placement.width, placement.height)
    inside = (tlbr[:, 2:] > tlbr[:, :2]).all(axis=1)
    return Detections(tlbr[inside], score[kept][inside], class_id[kept][inside])
