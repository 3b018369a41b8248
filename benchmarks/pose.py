"""How long finding a person's joints takes, alone and eight at a time, from the box in the picture to the joints in it.

    python benchmarks/pose.py --pose $ACTION_DATA/pose/movenet_lightning_int8.tflite --image $ACTION_DATA/images/person.jpg

Also with the same file in OpenVINO by hand, one crop after the other, without cutting and placing; all take turns, and the
median of the rounds counts.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common.cli import positive_int, run, script_parser
from common.person_flags import add_pose_flag

BOX = (187, 103, 272, 363)  # the person in images/person.jpg
TOGETHER = 8


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--image", required=True, help="a picture")
    parser.add_argument("--rounds", type=positive_int, default=30)
    add_pose_flag(parser)
    return parser.parse_args()


def main():
    args = parse_args()
    import cv2
    import numpy as np

    from common.quiet import import_openvino
    from video.pose import PoseEstimator, poses_in

    openvino = import_openvino()
    image, estimator = cv2.imread(args.image), PoseEstimator(args.pose)
    by_hand = openvino.Core().compile_model(args.pose, "CPU", {"PERFORMANCE_HINT": "LATENCY"}).create_infer_request()
    blank = np.zeros((1, estimator.description.size, estimator.description.size, 3), np.uint8)
    ways = {
        "alone": (1, lambda: poses_in(estimator, image, [BOX])),
        f"{TOGETHER} together": (TOGETHER, lambda: poses_in(estimator, image, [BOX] * TOGETHER)),
        "OpenVINO by hand, alone": (1, lambda: by_hand.infer(blank)),
    }
    for name, times in measured(ways, args.rounds).items():
        print(f"{name}: {1000 * statistics.median(times) / ways[name][0]:.1f} ms per person")


def measured(ways, rounds):
    """{name: seconds of every round} of functions that take turns; the first round is not counted."""
    times = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, (_, work) in ways.items():
            started = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - started)
    return {name: values[1:] for name, values in times.items()}


if __name__ == "__main__":
    run(main)
