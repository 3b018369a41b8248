"""Average precision and recall of a detector against true boxes."""

import numpy as np

from yolo3.boxes import iou


def match(found, truth, least_iou=0.5):
    """Which of one picture's detections are right: best score first, each takes the free true box it overlaps most.

    Args:
        found: (N, 4) tlbr, best score first. `truth`: (M, 4) tlbr.

    Returns:
        (N,) bool. A detection whose only partner has gone to a better one is wrong.
    """
    free = np.ones(len(truth), bool)
    right = np.zeros(len(found), bool)
    for i, box in enumerate(found):
        overlaps = np.where(free, iou(box, truth), 0) if len(truth) else np.zeros(1)
        best = int(overlaps.argmax())
        right[i] = overlaps[best] >= least_iou
        if right[i]:
            free[best] = False
    return right


def average_precision(score, right, truths):
    """Area under the precision-recall curve, precision made falling, over all points (Pascal VOC 2010 and later).

    Args:
        score: (N,) of all pictures' detections, any order. `right`: (N,) bool, from `match`. `truths`: number of true boxes.

    Returns:
        float 0…1; nan where there is nothing to find.
    """
    if not truths:
        return float("nan")
    right = np.asarray(right, bool)[np.argsort(-np.asarray(score), kind="stable")]
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[right].sum() / truths)


def evaluate(results, truths, least_iou=0.5):
    """AP at an IoU over pictures: `results` a list of (tlbr (N, 4), score (N,)) best first, `truths` of (M, 4) tlbr."""
    rights = [match(tlbr, truth, least_iou) for (tlbr, _), truth in zip(results, truths, strict=True)]
    scores = [score for _, score in results]
    return average_precision(np.concatenate([*scores, []]), np.concatenate([*rights, []]), sum(map(len, truths)))
