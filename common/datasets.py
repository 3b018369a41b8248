"""The flags that say which clips train.py and evaluate.py work with, and what comes of them.

Imports nothing heavy by itself, so that wrong flags and lists are told at once.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from common.cli import fraction, positive_int
from common.errors import InputError
from common.files import write_text
from models import MODES

DATASETS = ("lists", "ucf101", "folders")
NAMED = 10  # unusable videos of a kind that are named on the terminal; skipped.csv in the run's folder has them all
# Flags of one kind of data set, with what they are where nobody gives them.
ONLY_FOR = {
    "ucf101": {"splits": "ucfTrainTestlist", "split": 1},
    "folders": {"groups": None, "group_by": None, "held_out": []},
    "ucf101 or folders": {"data": None, "classes": None, "val_fraction": 0.2, "min_frames": None, "skip_bad": False},
}
FLAGS = ("dataset", "lists", "num_class", "flow_archive", *(name for names in ONLY_FOR.values() for name in names))


class Data(NamedTuple):
    """What there is to work with: `classes` (names in order), `train`, `validation` and `test` (lists of `Example`; validation
    may be None), `digests` {file: SHA-256 of its content}, and `skipped` (list of `video.faults.Fault`)."""

    classes: list
    train: list
    validation: list | None
    digests: dict
    test: list = ()
    skipped: list = ()


def add_dataset_flags(parser):
    """Add the flags that choose the clips: lists of one's own, UCF-101 by its official lists, or any folder of class folders."""
    which = parser.add_argument_group("which clips")
    add = which.add_argument
    add("--dataset", choices=DATASETS, default="lists", help="lists of clips, UCF-101, or any folder of class folders with videos")
    add("--lists", default="datasetlist", help="lists: folder with trainlist.txt, vallist.txt and classes.txt")
    add("--num_class", type=positive_int, help="number of classes; checked against what there is, needed with lists without classes.txt")
    add("--data", metavar="DIR", help="ucf101, folders: the folder that holds a folder of videos per class")
    add("--splits", metavar="DIR", default="ucfTrainTestlist", help="ucf101: folder with the official lists and classInd.txt")
    add("--split", type=int, choices=(1, 2, 3), default=1, help="ucf101: which of the official splits")
    add("--classes", nargs="+", metavar="N", help="ucf101, folders: only the first N classes, or those named (default: all)")
    groups = which.add_mutually_exclusive_group()
    groups.add_argument(
        "--groups", metavar="CSV", help="folders: which recording each video is of; columns path (or video), source (or group)"
    )
    groups.add_argument("--group-by", metavar="REGEX", help="folders: part of the video's name that names its recording or person")
    add(
        "--held-out", nargs="+", metavar="GROUP", default=[], help="folders: recordings or persons to test on; nothing is learned from them"
    )
    add("--val-fraction", type=fraction, default=0.2, help="ucf101, folders: share of the training clips for validation, by recording")
    add("--min-frames", type=positive_int, help="shorter videos are bad (default: a clip's length); longer ones are played forth and back")
    add("--skip-bad", action="store_true", help="ucf101, folders: do without missing, corrupt, short and wrong-rate videos")
    add("--flow-archive", metavar="DIR", help="read the flow that extract_flow.py wrote, or the published tvl1_flow; none: compute it")


def check_dataset_flags(parser, args, mode):
    """Stop with exit code 2 where a flag does not go with --dataset, or --flow-archive not with `mode`."""
    args.flow_archive = None if args.flow_archive == "none" else args.flow_archive
    if args.flow_archive and "flow" not in MODES[mode]:
        parser.error(f"--flow-archive goes with a mode that sees flow, not with --mode {mode}")
    if args.dataset != "lists" and not args.data:
        parser.error(f"--dataset {args.dataset} needs --data, the folder that holds a folder of videos per class")
    for dataset, flags in ONLY_FOR.items():
        for name, default in flags.items():
            if args.dataset not in dataset.split() and getattr(args, name) != default:
                parser.error(f"--{name.replace('_', '-')} goes with --dataset {dataset}")


def read_protocol(args, window, fps):
    """`Data` of --dataset ucf101 or folders, without the videos that cannot be used (those are in `skipped`).

    `window` and `fps` say how long a video must be, see `video.faults.find_faults`.
    Raises InputError for anything that would stop training later: also for unusable videos, unless --skip-bad.
    """
    from video.protocols import cut_validation

    protocol = _protocol(args)
    if args.num_class not in (None, len(protocol.classes)):
        raise InputError(f"--num_class {args.num_class} disagrees with {args.data}, which has {len(protocol.classes)} classes")
    skipped = _faults(args, [clip.example for clip in (*protocol.train, *protocol.test)], window, fps)
    usable, test = (_without(skipped, side) for side in (protocol.train, protocol.test))
    if not usable:
        raise InputError(f"no video in {args.data} is left to train on")
    train, validation = cut_validation(usable, args.val_fraction, args.seed)
    sides = {"training": train, "validation": validation, "test": test}
    for name, clips in sides.items():
        classes, recordings = len({clip.example.label for clip in clips}), len({clip.group for clip in clips})
        print(f"{name}: {len(clips)} videos of {classes} classes from {recordings} recordings")
    train, validation, test = ([clip.example for clip in clips] for clips in sides.values())
    return Data(protocol.classes, train, validation or None, protocol.digests | _digest(args.data, sides), test, skipped)


def read_test(args, trained):
    """(test clips as `Example`s, how many were left out) of --dataset ucf101 or folders, for a run.

    Raises InputError where there are none, the classes are not the run's, or videos cannot be used (unless --skip-bad).
    """
    protocol = _protocol(args)
    if protocol.classes != trained.classes:
        raise InputError(f"the classes of {args.data} are not those of {trained.folder}: {', '.join(trained.classes)}")
    if not protocol.test:
        raise InputError(f"no clip of {args.data} is for testing; name recordings with --held-out, when training too")
    recorded = trained.meta.get("arguments", {})
    for name in ("dataset", "split", "groups", "group_by", "held_out"):
        if recorded.get(name) != getattr(args, name):
            print(f"warning: {trained.folder} was trained with another --{name.replace('_', '-')}; it may know these clips")
    skipped = _faults(args, [clip.example for clip in protocol.test], trained.window, trained.fps)
    test = [clip.example for clip in _without(skipped, protocol.test)]
    if not test:
        raise InputError(f"no test clip in {args.data} is left")
    return test, len(skipped)


def write_skipped(path, skipped):
    """Write the videos that were left out: CSV with the columns path, listed, kind and reason; nothing where there are none."""
    import csv
    import io

    if not skipped:
        return
    text = io.StringIO()
    rows = ((fault.example.path, fault.example.where, fault.kind, fault.reason) for fault in skipped)
    csv.writer(text, lineterminator="\n").writerows([("path", "listed", "kind", "reason"), *rows])
    write_text(path, text.getvalue())


def _protocol(args):
    from video.protocols import folders, ucf101
    from video.split import group_by, read_groups

    if args.dataset == "ucf101":
        return ucf101(args.data, args.splits, args.split, args.classes)
    recording = read_groups(args.groups) if args.groups else group_by(args.group_by) if args.group_by else None
    return folders(args.data, recording, args.held_out, args.classes)


def _without(faults, clips):
    bad = {fault.example.path for fault in faults}
    return [clip for clip in clips if clip.example.path not in bad]


def _faults(args, examples, window, fps):
    return report_faults(examples, args.min_frames or window, fps, args.skip_bad, getattr(args, "workers", 4), args.flow_archive)


def check_flow(archive, examples, lengths):
    """Raise InputError, naming one, where `archive` lacks flow of any of `examples`, which have `lengths` frames (None: unknown)."""
    from video.faults import flow_fault

    faults = [fault for one, frames in zip(examples, lengths, strict=True) if (fault := flow_fault(one, frames or 0, archive))]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise InputError(
            f"no flow of {faults[0].example.path}{more}: {faults[0].reason}; extract_flow.py makes it, --flow-archive none does without"
        )


def report_faults(examples, window, fps, skip, workers=4, archive=None):
    """The `video.faults.Fault`s of `examples`, named and counted on the terminal. Raises InputError if there are any, unless `skip`."""
    from video.faults import KINDS, find_faults

    faults = find_faults(examples, window, fps, workers, archive)
    counts = Counter(fault.kind for fault in faults)
    for kind in KINDS:
        found = [fault for fault in faults if fault.kind == kind]
        for fault in found[:NAMED]:
            print(f"{kind}: {fault.example.path} ({fault.reason})")
        if len(found) > NAMED:
            print(f"{kind}: … and {len(found) - NAMED} more")
    told = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    if faults and not skip:
        raise InputError(f"{len(faults)} of {len(examples)} videos cannot be used ({told}); --skip-bad does without them")
    if faults:
        print(f"{len(faults)} of {len(examples)} videos are left out: {told}")
    return faults


def _digest(folder, sides):
    """Changes with the choice of videos, so that --resume notices one that has come or gone."""
    import hashlib

    lines = [f"{side} {clip.example.path.relative_to(Path(folder)).as_posix()}" for side, clips in sides.items() for clip in clips]
    return {f"the choice of videos in {folder}": hashlib.sha256("\n".join(lines).encode()).hexdigest()}
