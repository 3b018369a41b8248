"""What each network learns from nothing with the same recipe and budget: docs/networks_accuracy.csv.

    python recipes/network_accuracy.py --data ../shared/data --work networks

Weizmann leaves one person out at a time (6 folds, 10 actions); fight_cctv leaves a fifth of its recordings out at a time (5 folds,
fight or not). Every network gets the same clips, flow, input, optimizer and epochs, through train.py and evaluate.py. Finished folds
are kept in --work, so the recipe goes on where it was stopped.
"""

import argparse
import csv
import io
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from common.files import write_text
from models import RECOGNISERS

ROOT = Path(__file__).resolve().parents[1]
NETWORKS = [name for name, one in RECOGNISERS.items() if "Flow" in one.modes and "backbone" not in one.options]  # others need ImageNet
OUTPUT = ROOT / "docs/networks_accuracy.csv"
FIGHT_FOLDS = 5
RECIPE = ("--mode", "Flow", "--frames", 16, "--size", 112, "--batchsize", 8, "--augment", "flip,crop,time", "--optimizer", "adamw",
          "--learning_rate", 1e-3, "--schedule", "cosine", "--val-fraction", 0.2, "--precision", "mixed_bfloat16")  # fmt: skip


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="folder with weizmann and fight_cctv")
    parser.add_argument("--work", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--models", nargs="+", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--sets", nargs="+", choices=("weizmann", "fight_cctv"), default=["weizmann", "fight_cctv"])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main():
    args = parse_args()
    args.data, args.work = args.data.resolve(), args.work.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    folds = {"weizmann": weizmann(args.data), "fight_cctv": fight(args.data)}
    for one in args.sets:
        for model in args.models:
            accuracies = [fold_accuracy(args, one, model, number, *fold) for number, fold in enumerate(folds[one])]
            keep(OUTPUT, {"network": model, "set": one}, accuracies)


def weizmann(data):
    """[(flags of the data set, persons held out)], a person at a time."""
    persons = sorted({path.stem.split("_")[0] for path in (data / "weizmann").glob("*/*.avi")})
    flags = ("--data", data / "weizmann", "--group-by", "^([a-z]+)_")
    return [(flags, [person]) for person in persons]


def fight(data):
    """[(flags of the data set, recordings held out)], every recording once."""
    table = data / "fight_cctv/clips.csv"
    sources = sorted({row["source"] for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines())})
    parts = np.array_split(np.random.default_rng(0).permutation(sources), FIGHT_FOLDS)
    return [(("--data", data / "fight_cctv", "--groups", table), list(part)) for part in parts]


def fold_accuracy(args, one, model, number, flags, held_out):
    """(accuracy, number of test clips) of a fold, from --work if it was run before."""
    name = f"{one}_{model}_{number}_{args.epochs}_{args.seed}"
    summary = args.work / name / "summary.json"
    if not summary.exists():
        which = ("--dataset", "folders", *flags, "--held-out", *held_out, "--skip-bad", "--min-frames", 16)
        run = args.work / "save_weight" / name
        resume = ("--resume", run) if run.exists() else ("--name", name, "--model", model, *which, *RECIPE, "--epochs", args.epochs,
                                                         "--seed", args.seed, "--cache", args.work / "cache")  # fmt: skip
        call(args.work, "train.py", *resume)
        call(args.work, "evaluate.py", "--path", run, *which, "--output", summary.parent)
    result = json.loads(summary.read_text(encoding="utf-8"))
    print(f"{one} {model} fold {number}: {result['accuracy']:.3f} of {result['n']}", flush=True)
    return result["accuracy"], result["n"]


def call(folder, script, *flags):
    subprocess.run([sys.executable, str(ROOT / script), *map(str, flags)], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def keep(path, names, folds):
    """Write or replace a line of the table at `path`: `names` ({column: value}), accuracy over all clips, standard deviation over folds.

    `folds` holds (accuracy, number of clips) of each.
    """
    rows = {}
    if path.exists():
        table = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        rows = {tuple(row[name] for name in names): row for row in table}
    accuracy, counts = np.array(folds).T
    mean, spread = np.average(accuracy, weights=counts), accuracy.std()
    rows[tuple(names.values())] = names | {"accuracy": f"{mean:.4f}", "spread": f"{spread:.4f}", "folds": len(folds)}
    text = io.StringIO()
    writer = csv.DictWriter(text, [*names, "accuracy", "spread", "folds"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[key] for key in sorted(rows))
    write_text(path, text.getvalue())


if __name__ == "__main__":
    main()
