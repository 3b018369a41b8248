"""What whole systems learn of Weizmann from nothing, a person left out at a time: docs/weizmann.csv.

    python recipes/weizmann.py --data ../shared/data --work weizmann

Six persons, ten actions, ten clips a person. Every system sees the same folds and is tested on 19 windows of each clip; optical flow is
computed once, by extract_flow.py. Finished folds are kept in --work, so the recipe goes on where it was stopped.
"""

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from recipes.network_accuracy import ROOT, over_folds, weizmann, write_rows

OUTPUT = ROOT / "docs/weizmann.csv"
FLOW = "flow"  # folder in --work
LEARNING = ("--batchsize", 32, "--optimizer", "adamw", "--schedule", "cosine", "--augment", "flip,crop,time", "--val-fraction", 0,
            "--precision", "mixed_bfloat16", "--workers", 2, "--qs", 4)  # fmt: skip
# At 12.5 frames a second a stack shows 0.8 s, a whole step of running or skipping.
STREAM = ("--model", "two_stream", "--backbone", "Small", "--pretrained", "none", "--size", 64, "--fps", 12.5, "--learning_rate", 0.003,
          "--training_samples", 48, *LEARNING)  # fmt: skip
# Flags of train.py. "{fold}" is the number of the fold: what is made from other systems names their runs by it.
SYSTEMS = {
    "spatial": ("--mode", "RGB", "--epochs", 10, *STREAM),
    "motion": ("--mode", "Flow", "--flow-archive", FLOW, "--epochs", 10, *STREAM),
    "average": ("--from-runs", "save_weight/spatial_{fold}", "save_weight/motion_{fold}", "--fuse", "average", "--weights", 1, 2,
                "--flow-archive", FLOW),
    "recurrent": ("--from-runs", "save_weight/spatial_{fold}", "save_weight/motion_{fold}", "--fuse", "recurrent",
                  "--weights", 1, 2, "--flow-archive", FLOW, "--learning_rate", 0.003, "--training_samples", 48, "--epochs", 4, *LEARNING,
                  "--augment", "time"),  # pictures as they are, so that features are computed once
    "lrcn": ("--model", "lrcn", "--backbone", "Small", "--train_backbone", True, "--pretrained", "none", "--size", 64,
             "--sampling_rate", 5, "--latent_dim", 128, "--hidden_size", 64, "--learning_rate", 0.003, "--training_samples", 48,
             "--epochs", 10, *LEARNING),
}  # fmt: skip


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="folder with weizmann")
    parser.add_argument("--work", type=Path, required=True, help="folder for flow, decoded frames and runs")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    return parser.parse_args()


def main():
    args = parse_args()
    args.data = args.data.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    os.chdir(args.work)
    if any(FLOW in SYSTEMS[system] for system in args.systems):
        call("extract_flow", "--videos", args.data / "weizmann", "--output", FLOW, "--method", "dis")
    _, _, folds = weizmann(args.data)
    for system in args.systems:
        for number, held_out in enumerate(folds):
            fold(args, system, number, held_out)
        write_table(len(folds))


def summary_of(system, number):
    return Path("save_weight") / f"{system}_{number}" / "evaluation/test/summary.json"


def fold(args, system, number, held_out):
    """Train and test a system on one fold, unless it was done before."""
    summary = summary_of(system, number)
    run = Path("save_weight") / f"{system}_{number}"
    if not summary.exists():
        clips = ("--dataset", "folders", "--data", args.data / "weizmann", "--group-by", "^([a-z]+)_")
        which = (*clips, "--held-out", *held_out, "--cache", "cache")
        chosen = [str(flag).format(fold=number) for flag in SYSTEMS[system]]
        call("train", *(("--resume", run) if run.exists() else ("--name", run.name, *which, *chosen)))
        call("evaluate", "--path", run, "--testing_samples", 19, "--cache", "cache")
    result = json.loads(summary.read_text(encoding="utf-8"))
    print(f"{system} fold {number}: {result['accuracy']:.3f} of {result['n']}", flush=True)


def write_table(count):
    """All systems whose folds are done: accuracy over all clips, and the standard deviation over folds."""
    rows = []
    for system in SYSTEMS:
        files = [summary_of(system, number) for number in range(count)]
        if all(file.exists() for file in files):
            results = [json.loads(file.read_text(encoding="utf-8")) for file in files]
            right = [round(result["accuracy"] * result["n"]) for result in results]
            rows.append((system, *over_folds(right, [result["n"] for result in results])))
    write_rows(OUTPUT, [("system", "accuracy", "spread", "folds"), *rows])


def call(script, *flags):
    """Run a script in this process: starting Keras anew for each would take longer than what most of them do."""
    import importlib

    import keras

    sys.argv = [f"{script}.py", *map(str, flags)]
    with open(f"{script}.log", "a", encoding="utf-8") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        if importlib.import_module(script).main():
            raise SystemExit(f"{script}.py has stopped; {log.name} says why")
    keras.config.set_dtype_policy("float32")
    keras.backend.clear_session()


if __name__ == "__main__":
    main()
