"""Do appearance features keep identities apart, and what do they cost? One row per way to tell persons apart.

    pip install motmetrics && ACTION_DATA=../shared/data python benchmarks/appearance.py

For each kind of stage scene, with seeds that no encoder was trained on and detections of yolo-fastest-1.1-xl at score 0.4:
    sw         how often a person's track id changes; everybody visible by half counts, a match needs an IoU of 0.5
    IDF1, ids  over all scenes; the ids given out (there are people × scenes persons)
For the second half of the video, which has no truth (the bundled encoder has seen its first half):
    ids        confirmed; "inside" began away from the picture's border and after the start: on a street nearly all of them are
               somebody who had an id already; "frames" is how long an id is seen on average
ms: the encoder alone on a frame with 8 persons, median of 30.
"looks first" is the tracker's option of that name; without it it matches as the DeepSORT authors' program does.
"""

import argparse
import os
import sys
from pathlib import Path
from time import perf_counter

import cv2
import motmetrics
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DATA = Path(os.environ.get("ACTION_DATA", ROOT / "../shared/data"))
DETECTOR = DATA / "yolo/yolo-fastest-1.1-xl"
ENCODERS = [ROOT / "model_data/appearance.keras", DATA / "reid/osnet_x0_25_msmt17.onnx"]
BORDER, START = 0.06, 15  # of the picture's side; frames in which everybody is new


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", type=Path, nargs="*", default=ENCODERS)
    parser.add_argument("--video", type=Path, default=DATA / "videos/vtest.mp4")
    parser.add_argument("--scenes", nargs="*", default=["crossing", "crowd"], help="kinds of stage scenes")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(6)))
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=8.0)
    return parser.parse_args()


class Histogram:
    """The plain way: colours of the upper and the lower half, 8×4×4 bins of hue, saturation and value each, as unit vectors."""

    max_distance = 0.2  # best of 0.1 to 0.4 on stage crossings of seeds 100 and 101, without looks first

    def __call__(self, frame, tlbr):
        corners = np.clip(np.rint(tlbr), 0, [*frame.shape[1::-1]] * 2).astype(int)
        return np.array([self._row(frame[top:bottom, left:right]) for left, top, right, bottom in corners], np.float32).reshape(-1, 256)

    def _row(self, picture):
        hsv = cv2.cvtColor(cv2.resize(picture, (64, 128)), cv2.COLOR_BGR2HSV)
        bins = [cv2.calcHist([half], [0, 1, 2], None, [8, 4, 4], [0, 180, 0, 256, 0, 256]).ravel() for half in np.split(hsv, 2)]
        return np.sqrt(np.concatenate(bins) / (64 * 128))  # the cosine of roots is the Bhattacharyya coefficient


def methods(paths):
    """The table's rows: (name, encoder or None, looks first)."""
    from deep_sort.appearance import Encoder

    named = [("colour histogram", Histogram()), *((path.name, Encoder(path)) for path in paths)]
    return [
        ("none", None, False),
        *((f"{name}{', looks first' * first}", encoder, first) for name, encoder in named for first in (False, True)),
    ]


def follow(images, detector, rows):
    """Yield for every image one (ids, tlbr (M, 4)) per row, of the confirmed tracks seen in it."""
    from deep_sort import Tracker

    distances = [encoder.max_distance if encoder else 0.2 for _, encoder, _ in rows]
    trackers = [Tracker(limit, looks_first=first) for limit, (_, _, first) in zip(distances, rows, strict=True)]
    for image in images:
        found = detector.detect([image])[0]
        features = {encoder: encoder and encoder(image, found.tlbr) for _, encoder, _ in rows}
        answers = []
        for tracker, (_, encoder, _) in zip(trackers, rows, strict=True):
            tracker.predict()
            tracker.update(found.tlbr, found.score, features[encoder])
            seen = [track for track in tracker.tracks if track.is_confirmed and track.time_since_update == 0]
            answers.append(([track.track_id for track in seen], np.array([track.tlbr for track in seen]).reshape(-1, 4)))
        yield answers


def on_stage(scene, detector, rows):
    """For each row its motmetrics accumulator on a scene."""
    from deep_sort.iou_matching import iou_cost

    accumulators, people = [motmetrics.MOTAccumulator(auto_id=True) for _ in rows], []

    def images():
        for frame in scene.frames():
            people[:] = [person for person in frame.people if person.visible >= 0.5]
            yield frame.image

    for answers in follow(images(), detector, rows):
        truth = np.array([person.tlbr for person in people], float).reshape(-1, 4)
        for accumulator, (ids, tlbr) in zip(accumulators, answers, strict=True):
            cost = iou_cost(truth, tlbr)
            accumulator.update([person.track_id for person in people], ids, np.where(cost <= 0.5, cost, np.nan))
    return accumulators


def stage(kind, args, detector, rows):
    """For each row its (switches, IDF1, ids) over all scenes of a kind."""
    from samples.scene import Scene
    from samples.scenes import SCENES, VIEWS

    view, host, runs = VIEWS["level"], motmetrics.metrics.create(), []
    for seed in args.seeds:
        actors = SCENES[kind](np.random.default_rng((seed, 1)), args.people, args.seconds, view)
        runs.append(on_stage(Scene(actors, seed, args.seconds, view), detector, rows))
    for accumulators in zip(*runs, strict=True):
        both = host.compute_many(accumulators, metrics=["num_switches", "idf1"], generate_overall=True).iloc[-1]
        yield f"{both.num_switches:6.0f}{both.idf1:7.3f}{sum(one.events.HId.nunique() for one in accumulators):5}"


def video(path, detector, rows):
    """For each row its (ids, those that began inside, frames per id) over the second half of a video; and that half's first frame."""
    from video.io import open_video

    with open_video(path) as reader:
        images = [frame.image for frame in reader]
    images = images[len(images) // 2 :]
    lives = [{} for _ in rows]  # {id: [first frame, first box, frames seen]}
    for number, answers in enumerate(follow(images, detector, rows)):
        for life, (ids, tlbr) in zip(lives, answers, strict=True):
            for track, box in zip(ids, tlbr, strict=True):
                life.setdefault(track, [number, box, 0])[2] += 1
    size = np.array(images[0].shape[1::-1])
    cells = []
    for life in lives:
        inside = [
            first > START and (box[:2] > BORDER * size).all() and (box[2:] < size - BORDER * size).all() for first, box, _ in life.values()
        ]
        cells.append(f"{len(life):6}{sum(inside):8}{np.mean([seen for _, _, seen in life.values()]):8.1f}")
    return cells, images[0]


def milliseconds(encoder, frame, people=8):
    corner = np.random.default_rng(0).uniform(0, [frame.shape[1] - 60, frame.shape[0] - 120], (people, 2))
    tlbr, times = np.concatenate([corner, corner + np.array([50, 110])], axis=1), []
    for _ in range(31):
        start = perf_counter()
        encoder(frame, tlbr)
        times.append(1000 * (perf_counter() - start))
    return f"{np.median(times[1:]):8.2f}"


def main():
    args = parse_args()
    from yolo3 import Detector

    detector = Detector(f"{DETECTOR}.cfg", f"{DETECTOR}.weights", DATA / "yolo/coco.names", score_threshold=0.4)
    rows = methods(args.encoders)
    columns = [list(stage(kind, args, detector, rows)) for kind in args.scenes]
    cells, frame = video(args.video, detector, rows)
    columns += [cells, [milliseconds(encoder, frame) if encoder else "" for _, encoder, _ in rows]]
    print(f"{'':36}" + "".join(f"{kind:>18}" for kind in [*args.scenes, f"{args.video.name}    "]))
    print(f"{'':36}" + "    sw   IDF1  ids" * len(args.scenes) + "   ids  inside  frames      ms")
    for (name, _, _), *cells in zip(rows, *columns, strict=True):
        print(f"{name:36}" + "".join(cells))


if __name__ == "__main__":
    main()
