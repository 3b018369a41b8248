"""How long do appearance features take per person?

    ACTION_DATA=../shared/data python benchmarks/appearance.py

Times the encoder, crops and resizing included, on one frame of a street with 1, 8 and 32 persons in it.
"""

import argparse
import os
import sys
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DATA = Path(os.environ.get("ACTION_DATA", ROOT / "../shared/data"))


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=Path, default=DATA / "reid/osnet_x0_25_msmt17.onnx", help=".onnx or frozen .pb")
    parser.add_argument("--video", type=Path, default=DATA / "videos/vtest.mp4")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 8, 32])
    return parser.parse_args()


def main():
    args = parse_args()
    frame = cv2.VideoCapture(str(args.video)).read()[1]
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, [frame.shape[1] - 60, frame.shape[0] - 120], (max(args.people), 2))
    tlbr = np.concatenate([corner, corner + np.array([50, 110])], axis=1)
    start = perf_counter()
    from deep_sort.appearance import Encoder

    encoders = {"auto": Encoder(args.network)}
    print(f"libraries imported and network loaded in {perf_counter() - start:.2f} s")
    encoders["float32"] = Encoder(args.network, precision="float32")
    print(f"{'people':>6}  {'precision':>9}  {'per frame':>10}  {'per person':>10}  {'new number of people':>20}")
    for people in args.people:
        for precision, encoder in encoders.items():
            times = []
            for _ in range(31):
                start = perf_counter()
                encoder(frame, tlbr[:people])
                times.append(1000 * (perf_counter() - start))
            median = np.median(times[1:])
            print(f"{people:6}  {precision:>9}  {median:7.2f} ms  {median / people:7.2f} ms  {times[0]:17.1f} ms")


if __name__ == "__main__":
    main()
