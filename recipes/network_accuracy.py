"""What each network learns from nothing with the same recipe and budget: docs/networks_accuracy.csv.

    python recipes/network_accuracy.py --data ../shared/data --work networks

Weizmann leaves one person out at a time (6 folds, 10 actions), and the square that is seen follows the person whom extract_frames.py
finds; fight_cctv leaves a fifth of its recordings out at a time (5 folds, fight or not), and the whole picture is seen. Every network
gets the same clips of flow, the same optimizer and the same number of steps, and is tested as it is after the last one, on the middle of
each clip: nothing is chosen by its results. Finished folds are kept in --work, so the recipe goes on where it was stopped; the table has
every network, with the number of its folds that are there, none included. One thread does all, as clips this small keep no more of them
busy: with --sets, two processes do it in half the time.
"""

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from common.files import write_json, write_text

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "docs/networks_accuracy.csv"
# Cheapest first. X3D-S and X3D-M are one network with clips of two sizes, so one of them stands for both.
NETWORKS = [
    "motion", "mobilenet_v3_small", "shufflenet_v2_0_5", "shufflenet_v2_1_0", "mobilenet_v3_large", "shufflenet_v2_1_5", "x3d_s",
    "shufflenet_v2_2_0", "vatn", "i3d", "i3d_se", "slowfast_4x16", "slowfast_8x8",
]  # fmt: skip
FRAMES, SIZE, FPS = 12, 32, 12.5  # about a second: a whole step of running or skipping
AUGMENT = ("flip", "crop", "time")
EPOCHS = {"weizmann": 48, "fight_cctv": 12}  # 288 steps on either, some more or fewer where a fold of fight_cctv is small or large
FOLDS = {"weizmann": 6, "fight_cctv": 5}


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="folder with weizmann and fight_cctv")
    parser.add_argument("--work", type=Path, required=True, help="folder for optical flow and finished folds")
    parser.add_argument("--models", nargs="+", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--sets", nargs="+", choices=EPOCHS, default=[*EPOCHS])
    parser.add_argument("--folds", type=int, nargs="+", help="only these, from 0 (default: all)")
    return parser.parse_args()


def main():
    args = parse_args()
    from common.quiet import import_keras

    os.environ["KERAS_BACKEND"] = "tensorflow"
    import_keras()
    import tensorflow

    from recipes.learner import Learner
    from recipes.recorded_flow import RecordedFlow

    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    sets = {"weizmann": weizmann, "fight_cctv": fight}
    for one in args.sets:
        classes, clips, folds = sets[one](args.data.resolve())
        people = find_people(args.data.resolve() / one, args.work / "persons") if one == "weizmann" else None
        sampler = RecordedFlow(
            FRAMES, FRAMES, SIZE, "Flow", fps=FPS, augment=("flip", "crop", "time"), cache=args.work / "flow", people=people
        )
        for model in args.models:
            learner = Learner(model, len(classes), EPOCHS[one], sampler)
            for i in range(len(folds)) if args.folds is None else args.folds:
                fold(args.work / f"{one}_{model}_{i}.json", learner, clips, folds[i], i)
            write_table(args.work)


def weizmann(data):
    """(classes, [`video.protocols.Clip`], [persons held out]), a person at a time."""
    from video.protocols import folders
    from video.split import group_by

    found = folders(data / "weizmann", group_by("^([a-z]+)_"))
    return found.classes, found.train, [{person} for person in sorted({clip.group for clip in found.train})]


def fight(data):
    """(classes, [`video.protocols.Clip`], [recordings held out]), every recording once."""
    from video.protocols import folders
    from video.split import read_groups

    found = folders(data / "fight_cctv", read_groups(data / "fight_cctv/clips.csv"))
    sources = sorted({clip.group for clip in found.train})
    return found.classes, found.train, list(map(set, np.array_split(np.random.default_rng(0).permutation(sources), FOLDS["fight_cctv"])))


def find_people(videos, folder):
    """`video.people.People` of the videos, found by the bundled detector unless they were found before."""
    from video.people import People

    subprocess.run([sys.executable, ROOT / "extract_frames.py", "--videos", videos, "--output", folder], check=True)
    return People(folder)


def fold(file, learner, clips, held_out, seed):
    """Train and test one fold, unless it was done before; `file` then says how many clips there are, how many named right, and how long
    processors were busy with it."""
    if not file.exists():
        start = time.process_time()
        train, test = ([clip.example for clip in clips if (clip.group in held_out) == side] for side in (False, True))
        right = learner(train, test, seed)
        write_json(file, {"right": right, "clips": len(test), "seconds": round(time.process_time() - start, 1)})
    result = json.loads(file.read_text(encoding="utf-8"))
    print(f"{file.stem}: {result['right']} of {result['clips']} right, {result['seconds']:.0f} s", flush=True)
    return result


def write_table(work):
    """All networks and sets: accuracy over all clips tested, and the standard deviation over the folds that are in `work`."""
    rows = []
    for (one, count), model in product(FOLDS.items(), sorted(NETWORKS)):
        files = [file for file in (work / f"{one}_{model}_{i}.json" for i in range(count)) if file.exists()]
        results = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        rows.append((model, one, *over_folds([result["right"] for result in results], [result["clips"] for result in results]), count))
    write_rows(OUTPUT, [("network", "set", "accuracy", "spread", "folds", "of"), *rows])


def over_folds(right, clips):
    """Accuracy over all clips, the standard deviation over folds, and how many folds there are, from the counts of each."""
    if not right:
        return "", "", 0
    right, clips = np.array(right), np.array(clips)
    return f"{right.sum() / clips.sum():.4f}", f"{(right / clips).std():.4f}", len(right)


def write_rows(path, rows):
    """Write a table as CSV, whole or not at all."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())


if __name__ == "__main__":
    main()
