"""How well does the tracker do on MOT15, with appearance features and without?

    pip install motmetrics && ACTION_DATA=../shared/data python benchmarks/tracker_accuracy.py

The two sequences with public truth, their public detections, and the features kept beside the reference tracks.
Counted are the boxes of confirmed tracks seen in this frame or the last; a match needs an IoU of 0.5.
"""

import argparse
import os
import sys
from pathlib import Path

import motmetrics
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from deep_sort import Tracker
from deep_sort.iou_matching import iou_cost

ROOT = Path(__file__).resolve().parents[1]
METRICS = ["mota", "idf1", "motp", "num_switches", "num_false_positives", "num_misses", "num_objects"]


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("ACTION_DATA", ROOT / "../shared/data"), help="folder with mot15/")
    parser.add_argument("--sequences", nargs="+", default=["TUD-Campus", "TUD-Stadtmitte"])
    return parser.parse_args()


def read_mot(path):
    """MOT Challenge rows as {frame: rows (N, 6) of id, left, top, width, height, confidence}."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    return {int(frame): rows[rows[:, 0] == frame, 1:7] for frame in np.unique(rows[:, 0])}


def follow(detections, features=None):
    """Yield (frame, ids (M,), tlbr (M, 4)) of the confirmed tracks seen in this frame or the last."""
    tracker = Tracker()
    start = 0
    for frame in range(1, max(detections) + 1):
        rows = detections.get(frame, np.empty((0, 6)))
        tracker.predict()
        tracker.update(corners(rows[:, 1:5]), rows[:, 5], None if features is None else features[start : start + len(rows)])
        start += len(rows)
        shown = [track for track in tracker.tracks if track.is_confirmed and track.time_since_update <= 1]
        yield frame, [track.track_id for track in shown], np.array([track.tlbr for track in shown]).reshape(-1, 4)


def corners(tlwh):
    """(N, 4) left, top, width, height → (N, 4) left, top, right, bottom."""
    return np.concatenate([tlwh[:, :2], tlwh[:, :2] + tlwh[:, 2:]], axis=1)


def score(truth, tracks):
    """motmetrics' accumulator of truth {frame: rows} against (frame, ids, tlbr) items."""
    accumulator = motmetrics.MOTAccumulator()
    for frame, ids, tlbr in tracks:
        rows = truth.get(frame, np.empty((0, 6)))
        distance = iou_cost(corners(rows[:, 1:5]), tlbr)  # motmetrics' own iou_matrix fails with numpy 2
        accumulator.update(rows[:, 0].astype(int), ids, np.where(distance <= 0.5, distance, np.nan), frameid=frame)
    return accumulator


def main():
    args = parse_args()
    accumulators, names = [], []
    for sequence in args.sequences:
        folder = Path(args.data) / "mot15" / sequence
        detections, truth = read_mot(folder / "det/det.txt"), read_mot(folder / "gt/gt.txt")
        features = np.load(Path(args.data).parent / "golden/deep_sort" / f"{sequence}.npz")["features"]
        for name, given in (("features", features), ("motion only", None)):
            accumulators.append(score(truth, follow(detections, given)))
            names.append(f"{sequence}, {name}")
    host = motmetrics.metrics.create()
    table = host.compute_many(accumulators, names=names, metrics=METRICS)
    print(motmetrics.io.render_summary(table, formatters=host.formatters, namemap=motmetrics.io.motchallenge_metric_names))


if __name__ == "__main__":
    main()
