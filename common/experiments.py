"""Where a run goes: its name, the copy of its folder elsewhere, and the flags for them. Imports nothing heavy."""

import re
from datetime import datetime
from functools import partial
from pathlib import Path

from common.cli import positive_int
from models import RECOGNISERS, options_of

# Settings that a run's name tells where they are not these: what train.py does without a flag.
USUAL = {"sampling": "dense", "schedule": "constant", "loss": "cross_entropy", "class_weight": "none", "precision": "float32"}
LONGEST = 150  # characters before the date; file systems allow 255


def add_run_flags(parser):
    """Add the flags that say what of a run is kept, and where."""
    add = parser.add_argument_group("run").add_argument
    add("--name", help="folder in save_weight (default: the settings that matter, date and time)")
    add("--resume", metavar="RUN", help="go on with a run by its own flags; new may be --epochs, folders, --workers, --qs, --tensorboard")
    add("--sync", metavar="ADDRESS", help="copy the run after every epoch to s3://bucket/folder, a path, …; --resume fetches it from there")
    add("--val_check_interval", type=positive_int, default=1, metavar="N", help="validate after every Nth epoch, and after the last")
    kept = "also keep every Nth epoch's network, as 010-0.84298-0.84166.keras: epoch, best validation accuracy so far, and its own"
    add("--checkpoint_interval", type=positive_int, metavar="N", help=kept)
    add("--tensorboard", action="store_true", help="also write <run>/tensorboard; needs the package tensorboard")


def run_name(args):
    """A name that says what train.py was told, such as "lrcn-rgb-MobileNetV2-5x112-time-adam-0.001-scratch-20250101-120000".

    In this order: the model, what it sees, its options (its backbone always, others where they are not what they are by default),
    frames × pixels of a clip, random changes, optimizer and rate, other settings that are not as usual, the backbone's weights,
    recordings held out, a seed other than 0, date and time. What the published two-stream programs tell is among them.
    """
    recogniser = RECOGNISERS[args.model]
    parts = [args.model, args.mode.lower(), *_options(args)]
    if args.csv:
        parts.append(Path(args.csv).stem)
    else:
        parts.append(f"{args.frames or recogniser.frames}x{args.size or recogniser.size}")
    if args.epochs and not args.csv:
        parts += [*args.augment, args.optimizer, f"{args.learning_rate:g}"]
        parts += [str(getattr(args, name)) for name, usual in USUAL.items() if getattr(args, name) != usual]
    if "backbone" in args.options and not args.from_runs:
        source = Path(args.pretrained or "imagenet").stem
        parts.append("scratch" if source == "none" else source)
    parts += [*args.held_out, *([f"seed{args.seed}"] if args.seed else [])]
    return re.sub(r"[^\w.+-]+", "_", "-".join(parts))[:LONGEST] + f"-{datetime.now():%Y%m%d-%H%M%S}"


def _options(args):
    """The words for the recogniser's options: values of words, names with numbers, names of what is on or "no_" and what is off."""
    for name, option in options_of(args.model, args.mode).items():
        value = args.options[name]
        if name != "backbone" and value == option.default:
            continue
        if isinstance(value, bool):
            yield name if value else f"no_{name}"
        else:
            yield value if isinstance(value, str) else f"{name}{value}"


def fetch_missing(args):
    """Bring the run of --resume here from --sync where this disk does not have it. Raises InputError where neither has."""
    folder = Path(args.resume)
    if args.sync and not folder.exists():
        from common.remote import Remote

        remote = Remote(args.sync, folder.name)
        remote.fetch(folder)
        print(f"fetched {folder} from {remote.address}")


def copier(args, folder):
    """A function without arguments that brings the copy at --sync up to date; None where there is to be none.

    Raises InputError where no copy can be kept there, or it is ahead of `folder`.
    """
    if not args.sync:
        return None
    from common.remote import Remote

    remote = Remote(args.sync, folder.name)
    remote.begin(folder, goes_on=bool(args.resume))
    return partial(remote.update, folder)
