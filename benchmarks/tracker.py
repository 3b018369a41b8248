"""How fast is the tracker beside deep-sort-realtime, on the same detections and features?

    pip install --no-deps deep-sort-realtime==1.3.2 && python benchmarks/tracker.py

A synthetic crowd walks over a 1920×1080 picture; both trackers see the same boxes and 128-d features, run turn by
turn in one process, with the same limits (appearance 0.2, budget 100, overlap 0.7, age 30, 3 hits, no NMS).
Printed are medians per frame, once the galleries are full. A second table times the motion model alone against one
filterpy filter per person: predict, gate and update of every track.
"""

import argparse
import os
import sys
from pathlib import Path
from time import perf_counter

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core each: waiting for a busy second core is not the tracker's time
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from deep_sort import Tracker
from deep_sort.iou_matching import tlbr_to_xyah
from deep_sort.kalman_filter import KalmanFilter

WARM_UP = 105  # frames until the galleries are full, 5 % missed


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[8, 100], help="persons in the picture (default: 8 100)")
    parser.add_argument("--frames", type=int, default=205, help="frames, of which the first 105 are not counted (default: 205)")
    parser.add_argument("--dim", type=int, default=128, help="feature length (default: 128)")
    return parser.parse_args()


def crowd(people, frames, dim, seed=0):
    """Yield (tlbr (N, 4), score (N,), features (N, D)) per frame: walkers that bounce at the border, 5 % missed, shuffled."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(80, 200, people)[:, None] * [0.4, 1]
    centre = rng.uniform([0, 0], [1920, 1080], (people, 2))
    speed = rng.normal(0, 2, (people, 2))
    looks = rng.normal(size=(people, dim))
    for _ in range(frames):
        centre += speed
        speed = np.where((centre < 0) | (centre > [1920, 1080]), -speed, speed)
        seen = rng.permutation(people)[rng.random(people) > 0.05]
        box = np.concatenate([centre - size / 2, centre + size / 2], axis=1)[seen]
        box += rng.normal(0, 0.01, box.shape) * size[seen, 1:]
        features = looks[seen] + rng.normal(0, 0.3, (len(seen), dim))
        features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
        yield box.astype(np.float32), rng.uniform(0.5, 1, len(seen)).astype(np.float32), features


def ours():
    tracker = Tracker()

    def step(tlbr, score, features):
        tracker.predict()
        tracker.update(tlbr, score, features)
        return sum(track.is_confirmed for track in tracker.tracks)

    return step


def theirs():
    from deep_sort_realtime.deepsort_tracker import DeepSort

    tracker = DeepSort(
        embedder=None, max_cosine_distance=0.2, nn_budget=100, max_iou_distance=0.7, max_age=30, n_init=3, nms_max_overlap=1.0
    )

    def step(tlbr, score, features):
        boxes = np.concatenate([tlbr[:, :2], tlbr[:, 2:] - tlbr[:, :2]], axis=1).tolist()
        detections = [(box, confidence, "person") for box, confidence in zip(boxes, score.tolist(), strict=True)]
        return sum(track.is_confirmed() for track in tracker.update_tracks(detections, embeds=list(features)))

    return step


def vectorised_motion(people):
    motion = KalmanFilter()
    rows = np.arange(people)

    def step(tlbr):
        boxes = tlbr_to_xyah(tlbr)
        if not len(motion):
            motion.append(boxes)
        motion.predict()
        motion.distance(boxes)
        motion.update(rows, boxes)

    return step


def filterpy_motion(people):
    from filterpy.kalman import KalmanFilter as Filter

    filters = [Filter(8, 4) for _ in range(people)]
    for one in filters:
        one.F = np.eye(8) + np.eye(8, k=4)
        one.H = np.eye(4, 8)

    def step(tlbr):
        boxes = tlbr_to_xyah(tlbr)
        for one, box in zip(filters, boxes, strict=True):
            one.predict()
            innovation = boxes - one.x[:4, 0]
            variance = one.H @ one.P @ one.H.T + one.R
            (innovation * np.linalg.solve(variance, innovation.T).T).sum(axis=1)
            one.update(box)

    return step


def race(steps, inputs, warm_up):
    """Median ms per step of each contestant, taking turns in changing order, and what each returned last."""
    times = [[] for _ in steps]
    results = [None] * len(steps)
    for frame, values in enumerate(inputs):
        for i in range(len(steps)) if frame % 2 else reversed(range(len(steps))):
            start = perf_counter()
            results[i] = steps[i](*values)
            times[i].append(perf_counter() - start)
    return [1000 * float(np.median(one[warm_up:])) for one in times], results


def main():
    args = parse_args()
    print(f"{'people':>6}  {'deep-sort-realtime':>18}  {'this tracker':>12}  {'ratio':>6}  confirmed tracks")
    for people in args.people:
        frames = crowd(people, args.frames, args.dim)
        (slow, fast), confirmed = race([theirs(), ours()], frames, WARM_UP)
        print(f"{people:6}  {slow:15.2f} ms  {fast:9.3f} ms  {slow / fast:5.1f}×  {confirmed[0]} and {confirmed[1]}")
    print(f"\n{'people':>6}  {'filterpy objects':>18}  {'vectorised':>12}  {'ratio':>6}  (motion model alone)")
    for people in args.people:
        tlbr = next(crowd(2 * people, 1, 1))[0][:people]
        (slow, fast), _ = race([filterpy_motion(people), vectorised_motion(people)], [(tlbr,)] * 60, 10)
        print(f"{people:6}  {slow:15.2f} ms  {fast:9.3f} ms  {slow / fast:5.1f}×")


if __name__ == "__main__":
    main()
