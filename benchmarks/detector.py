"""How fast is the detector beside OpenCV's own Darknet reader, on the same weights and frame?

    python benchmarks/detector.py
    python benchmarks/detector.py --names coco.names --frame street.jpg --network some.cfg some.weights

Both get the BGR frame and give people's boxes in its pixels: resizing, network, thresholds and suppression are included.
They take turns in one process; printed are medians per frame at batch 1, their ratio, and how well the boxes agree. The
detector runs in the processor's own precision (bfloat16 where it has it) and, for comparison, in float32; OpenCV has float32
only. Without arguments: the three small trained networks of the test data (environment variable ACTION_DATA) on person.jpg.
"""

import argparse
import os
import platform
import sys
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common.cli import positive_int, run
from common.errors import InputError
from yolo3 import Detector
from yolo3.boxes import iou

DATA = Path(os.environ.get("ACTION_DATA", Path(__file__).parents[2] / "shared/data")).resolve()
NETWORKS = ("yolo-fastest-1.1", "yolo-fastest-1.1-xl", "mobilenetv2-yolov3-nano")
SCORE, IOU = 0.4, 0.45
WARM_UP = 10  # rounds that are not counted


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs=2, metavar=("CFG", "WEIGHTS"), action="append", help="Darknet files; may be repeated")
    parser.add_argument("--names", default=DATA / "yolo/coco.names", help="class names, one a line (default: the test data's)")
    parser.add_argument("--frame", default=DATA / "images/person.jpg", help="picture file (default: the test data's person.jpg)")
    parser.add_argument("--rounds", type=positive_int, default=200, help="measured rounds (default: 200)")
    return parser.parse_args()


def opencv(cfg, weights, person, size):
    """A function from a frame to (tlbr, score) of the people OpenCV finds in it."""
    net = cv2.dnn.readNetFromDarknet(str(cfg), str(weights))
    outputs = net.getUnconnectedOutLayersNames()

    def detect(frame):
        net.setInput(cv2.dnn.blobFromImage(frame, 1 / 255, size, swapRB=True))
        rows = np.concatenate(net.forward(outputs))
        rows = rows[rows[:, 5 + person] >= SCORE]
        tlwh = rows[:, :4] - rows[:, [2, 3, 2, 3]] * np.float32([0.5, 0.5, 0, 0])
        tlwh *= np.tile(frame.shape[1::-1], 2)
        kept = list(cv2.dnn.NMSBoxes(tlwh.tolist(), rows[:, 5 + person].tolist(), SCORE, IOU))
        tlbr = np.concatenate([tlwh[kept, :2], tlwh[kept, :2] + tlwh[kept, 2:]], axis=1)
        return tlbr.clip(0, np.tile(frame.shape[1::-1], 2)).astype(np.float32), rows[kept, 5 + person]

    return detect


def ours(detector):
    def detect(frame):
        (found,) = detector.detect([frame])
        return found.tlbr, found.score

    return detect


def race(contestants, frame, rounds):
    """Median ms per call of each, taking turns in changing order, and what each found."""
    times, found = [[] for _ in contestants], [None] * len(contestants)
    for turn in range(WARM_UP + rounds):
        for i in range(len(contestants)) if turn % 2 else reversed(range(len(contestants))):
            start = perf_counter()
            found[i] = contestants[i](frame)
            times[i].append(perf_counter() - start)
    return [1000 * float(np.median(one[WARM_UP:])) for one in times], found


def agreement(expected, found):
    """Number of people on either side, the least overlap of partners and the largest difference of their scores."""
    partners = [(iou(box, found[0]), score) for box, score in zip(*expected, strict=True)] if len(found[0]) else []
    overlap = min((overlaps.max() for overlaps, _ in partners), default=0)
    difference = max((abs(found[1][overlaps.argmax()] - score) for overlaps, score in partners), default=0)
    return f"{len(expected[0])} and {len(found[0])} people, overlap ≥ {overlap:.3f}, scores within {difference:.4f}"


def cpu_name():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def main():
    args = parse_args()
    frame = cv2.imread(str(args.frame))
    if frame is None:
        raise InputError(f"cannot read the picture {args.frame}; set ACTION_DATA or give --frame and --names")
    print(f"{cpu_name()}, {os.cpu_count()} cores; frame {frame.shape[1]}×{frame.shape[0]}; OpenCV {cv2.__version__}")
    for cfg, weights in args.network or [(DATA / f"yolo/{name}.cfg", DATA / f"yolo/{name}.weights") for name in NETWORKS]:
        both = [Detector(cfg, weights, args.names, ("person",), SCORE, IOU, precision=precision) for precision in ("auto", "float32")]
        theirs = opencv(cfg, weights, int(both[0].classes[0]), (both[0].cfg.width, both[0].cfg.height))
        times, found = race([theirs, *map(ours, both)], frame, args.rounds)
        print(f"\n{Path(cfg).stem}: OpenCV {times[0]:.2f} ms")
        for detector, milliseconds, people in zip(both, times[1:], found[1:], strict=True):
            ratio = f"{detector.precision:>5} {milliseconds:6.2f} ms, ratio {milliseconds / times[0]:.2f}"
            print(f"  {ratio}; {agreement(found[0], people)}")


if __name__ == "__main__":
    run(main)
