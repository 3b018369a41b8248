"""How well does the shipped person detector find people, beside the three small networks of the test data?

    python benchmarks/person_detector.py
    python benchmarks/person_detector.py --network detector/person.cfg detector/person.weights detector/person.names

Five questions, none about a picture that the shipped network was trained on:

    fight_cctv   AP50 on recordings kept out of training (model_data/person.held_out); the boxes that yolo-fastest-1.1-xl gives a
                 score of 0.5 or more are the truth
    ucf101       recall at IoU 0.5 of the boxes in person_boxes.csv (only the acting persons are boxed), at several thresholds,
                 with the boxes reported per frame
    coco_person  AP50 on 128 pictures of all kinds, hand-labelled
    stage        recall of drawn actors who are visible by half at least, few at a time, seeds that no training saw
    speed        median ms per frame of vtest.mp4 from the frame to its boxes at the scripts' threshold, one at a time, taking turns

Every detector runs as `yolo3.Detector`, in the processor's own precision. Data: environment variable ACTION_DATA.
"""

import argparse
import csv
import os
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common.cli import positive_int, run
from samples.camera import Camera
from samples.scene import Scene
from samples.scenes import SCENES
from video.io import open_video
from yolo3 import Detector
from yolo3.average_precision import evaluate
from yolo3.boxes import iou
from yolo3.examples import find, read_image, read_labels, to_tlbr

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("ACTION_DATA", ROOT.parent / "shared/data")).resolve()
GIVEN = ("yolo-fastest-1.1", "yolo-fastest-1.1-xl", "mobilenetv2-yolov3-nano")
SHIPPED = [str(ROOT / f"model_data/person{suffix}") for suffix in (".cfg", ".weights", ".names")]
LEAST_SCORE, TRUE_SCORE, IOU = 0.005, 0.5, 0.5
FAINT_SCORE = 0.2  # from which on the scripts follow somebody
THRESHOLDS = (0.2, 0.3, 0.4, 0.5)
BATCH = 16
SPEED_EVERY, WARM_UP = 4, 10  # frames; the first are not counted
STAGE_SEEDS = range(5000, 5012)
CAMERA = Camera(height=4.6, pitch=22.0, angle=50.0)
MANNERS = ((), ("noise",), ("grey",), ("blur",), ("compressed",), ("lowres", "stamped"))


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs=3, default=SHIPPED, metavar=("CFG", "WEIGHTS", "NAMES"), help="instead of the shipped one")
    parser.add_argument("--every", type=positive_int, default=5, help="take every Nth frame of fight_cctv (default: 5)")
    parser.add_argument("--only", choices=tuple(QUESTIONS), nargs="+", default=list(QUESTIONS), help="of these questions (default: all)")
    return parser.parse_args()


def load(cfg, weights, names):
    return Detector(cfg, weights, names, ("person",), LEAST_SCORE, 0.45)


def look(detector, images):
    """(tlbr, score) of every image of an iterable."""
    images, found = list(images), []
    for start in range(0, len(images), BATCH):
        found += [(one.tlbr, one.score) for one in detector.detect(images[start : start + BATCH])]
    return found


def frames(path, every=1):
    with open_video(path) as video:
        return [frame.image for frame in video if (frame.number - 1) % every == 0]


def recall(found, truths, threshold):
    """Share of true boxes that a detection from `threshold` on overlaps by half, and detections per picture."""
    hits, count = [], 0
    for (tlbr, score), truth in zip(found, truths, strict=True):
        kept = tlbr[score >= threshold]
        count += len(kept)
        hits += [iou(box, kept).max(initial=0) >= IOU for box in truth]
    return np.mean(hits), count / len(found)


def recalls(found, truths):
    return ", ".join("{:.3f} ({:.1f}) at {}".format(*recall(found, truths, threshold), threshold) for threshold in THRESHOLDS)


def fight_cctv(detectors, every):
    """AP50 against the boxes of yolo-fastest-1.1-xl."""
    names = (ROOT / "model_data/person.held_out").read_text(encoding="utf-8").split()
    images = [image for name in names for image in frames(next((DATA / "fight_cctv").glob(f"*/{name}.mp4")), every)]
    found = {name: look(detector, images) for name, detector in detectors.items()}
    truths = [tlbr[score >= TRUE_SCORE] for tlbr, score in found["yolo-fastest-1.1-xl"]]
    print(f"\nfight_cctv: {len(names)} clips kept out, {len(images)} frames, {sum(map(len, truths))} boxes of yolo-fastest-1.1-xl")
    for name in detectors:
        if name != "yolo-fastest-1.1-xl":
            print(f"  {name:24} AP50 {evaluate(found[name], truths):.3f}; recall {recalls(found[name], truths)}")


def ucf101(detectors, every):
    """Recall of the acting persons."""
    boxes = {}
    for row in csv.DictReader((DATA / "ucf101/person_boxes.csv").read_text().splitlines()):
        left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
        boxes.setdefault((row["video"], int(row["frame"])), []).append((left, top, left + width, top + height))
    images = []
    for video in dict.fromkeys(video for video, _ in boxes):
        clip = frames(next((DATA / "ucf101/UCF-101").glob(f"*/{video}.avi")))
        images += [(clip[frame], np.float32(box)) for (name, frame), box in boxes.items() if name == video and frame < len(clip)]
    truths = [box for _, box in images]
    print(f"\nucf101: {len(images)} frames, {sum(map(len, truths))} boxes; recall (boxes reported per frame) at a threshold")
    for name, detector in detectors.items():
        print(f"  {name:24} {recalls(look(detector, [image for image, _ in images]), truths)}")


def coco_person(detectors, every):
    """AP50 on still pictures."""
    examples = find(DATA / "coco_person")
    images = [read_image(example) for example in examples]
    truths = [to_tlbr(read_labels(one.labels, 1), *image.shape[1::-1]) for one, image in zip(examples, images, strict=True)]
    print(f"\ncoco_person: {len(images)} pictures, {sum(map(len, truths))} boxes")
    for name, detector in detectors.items():
        print(f"  {name:24} AP50 {evaluate(look(detector, images), truths):.3f}")


def stage(detectors, every):
    """Recall of the actors of scenes with three people: street, crossing and fight in turn, one camera manner after the other."""
    images, truths = [], []
    for i, seed in enumerate(STAGE_SEEDS):
        actors = SCENES[("street", "crossing", "fight")[i % 3]](np.random.default_rng((seed, 1)), 3, 5.0, CAMERA)
        for frame in Scene(actors, seed, 5.0, CAMERA, manners=MANNERS[i % len(MANNERS)], fps=4).frames():
            images.append(np.ascontiguousarray(frame.image))
            truths.append(np.array([person.tlbr for person in frame.people if person.visible >= 0.5]).reshape(-1, 4))
    print(f"\nstage: seeds {STAGE_SEEDS[0]}…{STAGE_SEEDS[-1]}, {len(images)} frames, {sum(map(len, truths))} persons")
    for name, detector in detectors.items():
        print(f"  {name:24} {recalls(look(detector, images), truths)}")


def speed(detectors, every):
    """Milliseconds per frame."""
    for detector in detectors.values():
        detector.score_threshold = FAINT_SCORE
    times = {name: [] for name in detectors}
    for turn, image in enumerate(frames(DATA / "videos/vtest.mp4", SPEED_EVERY)):
        for name in sorted(detectors, reverse=turn % 2):
            start = perf_counter()
            detectors[name].detect([image])
            times[name].append(perf_counter() - start)
    print(f"\nspeed: {len(times['this']) - WARM_UP} frames of vtest.mp4")
    for name, seconds in times.items():
        print(f"  {name:24} {1000 * np.median(seconds[WARM_UP:]):.2f} ms")


QUESTIONS = {"fight_cctv": fight_cctv, "ucf101": ucf101, "coco_person": coco_person, "stage": stage, "speed": speed}


def main():
    args = parse_args()
    given = {name: load(*(DATA / "yolo" / file for file in (f"{name}.cfg", f"{name}.weights", "coco.names"))) for name in GIVEN}
    detectors = {"this": load(*args.network), **given}
    for question in args.only:
        QUESTIONS[question](detectors, args.every)


if __name__ == "__main__":
    run(main)
