"""Boxes and their overlap."""

import numpy as np


def tlbr_to_xyah(tlbr):
    """(N, 4) left, top, right, bottom → (N, 4) float64 centre x, centre y, width / height, height."""
    size = tlbr[:, 2:] - tlbr[:, :2]
    xyah = np.empty(tlbr.shape)
    xyah[:, :2] = tlbr[:, :2] + size / 2
    xyah[:, 2] = size[:, 0] / size[:, 1]
    xyah[:, 3] = size[:, 1]
    return xyah


def xyah_to_tlbr(xyah):
    """(…, 4) centre x, centre y, width / height, height → (…, 4) float64 left, top, right, bottom.

    A predicted height may have shrunk below zero; such a box has no extent, it is never turned inside out.
    """
    half = np.maximum(xyah[..., 3:], 0) / 2
    half = np.concatenate([half * np.maximum(xyah[..., 2:3], 0), half], axis=-1)
    return np.concatenate([xyah[..., :2] - half, xyah[..., :2] + half], axis=-1)


def iou_cost(tracks, boxes):
    """(T, N) 1 − intersection over union of boxes (T, 4) and (N, 4), both tlbr; the second must have an area."""
    area = np.prod(tracks[:, 2:] - tracks[:, :2], axis=1)[:, None] + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    overlap = 1.0
    for axis in (0, 1):
        near = np.maximum(tracks[:, None, axis], boxes[:, axis])
        far = np.minimum(tracks[:, None, axis + 2], boxes[:, axis + 2])
        overlap = overlap * np.maximum(far - near, 0)
    return 1 - overlap / (area - overlap)
