"""What train_detector.py does between its flags and the training: labelled frames, sides, network files, log."""

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from common.errors import InputError
from common.files import natural_key, write_text

SIDE, QUALITY = 640, 92  # pixels of a kept frame's longer side, and its JPEG quality
FRAMES_AT_ONCE = 8
JUDGED = 160  # held-out pictures that are measured after an epoch, at most
LOG = "epoch,width,height,pictures,loss,blocks,ap50\n"


class Paths(NamedTuple):
    """The files of a detector."""

    cfg: Path
    weights: Path
    names: Path
    log: Path


def label_videos(args):
    """Keep every Nth frame of the videos with its labels below ``<output>/dataset``, a folder per video; returns that folder.

    A video whose folder is there already is done. Raises InputError for a video without a teacher and without a table.
    """
    videos = list(_videos(args.videos))
    folder = args.output / "dataset"
    missing = [path for path in videos if not path.with_suffix(".csv").is_file()]
    if missing and not args.teacher:
        raise InputError(f"nobody labels {missing[0]}: give a --teacher, or a table {missing[0].with_suffix('.csv').name} beside it")
    teachers = _teachers(args) if missing else []
    for number, path in enumerate(videos, 1):
        if not (folder / path.stem).exists():
            frames, boxes = _label_video(path, folder / path.stem, teachers, args)
            print(f"{number}/{len(videos)} {path.name}: {frames} frames, {boxes} boxes", flush=True)
    return folder


def _videos(paths):
    from video.io import SUFFIXES

    seen = {}
    for path in paths:
        found = [path] if path.is_file() else sorted((p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES), key=natural_key)
        if not found:
            raise InputError(f"there are no videos in {path}")
        for video in found:
            if video.stem in seen:
                raise InputError(f"{video} and {seen[video.stem]} have one name; rename one, for it names the recording")
            seen[video.stem] = video
    return seen.values()


def _teachers(args):
    from yolo3 import Detector
    from yolo3.adapt import adapted
    from yolo3.teacher import LEAST_SCORE

    teachers = []
    for cfg, weights, names in args.teacher:
        for side in args.teacher_sides or [None]:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(cfg)
                if side:
                    path = Path(folder) / path.name
                    path.write_text(adapted(cfg, size=(side, side)), encoding="latin-1")
                teachers.append(Detector(path, weights, names, args.classes, score_threshold=LEAST_SCORE / 2))
    return teachers


def _label_video(path, folder, teachers, args):
    """Write one video's folder, complete or not at all; returns how many frames and boxes."""
    import cv2

    from video.io import open_video
    from yolo3 import examples
    from yolo3.teacher import shrink

    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    frames = boxes = 0
    with open_video(path) as video:
        for number, image, rows in _labelled(video, path.with_suffix(".csv"), teachers, args):
            cv2.imwrite(str(partial / f"{number:06}.jpg"), shrink(image, SIDE), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            examples.write_labels(partial / f"{number:06}.txt", rows)
            frames, boxes = frames + 1, boxes + len(rows)
    partial.rename(folder)
    return frames, boxes


def _labelled(video, table, teachers, args):
    """Yield (frame number, image, rows) of every Nth frame, by the table where there is one, else by the teachers."""
    from yolo3.teacher import label, read_truth

    truth = read_truth(table, video.width, video.height) if table.is_file() else None
    waiting = []
    for frame in video:
        if (frame.number - 1) % args.every == 0:
            waiting.append((frame.number, frame.image))
        if len(waiting) == FRAMES_AT_ONCE:
            yield from _rows(waiting, truth, teachers, args.classes, label)
            waiting = []
    yield from _rows(waiting, truth, teachers, args.classes, label)


def _rows(waiting, truth, teachers, classes, label):
    import numpy as np

    if not waiting:
        return
    numbers, images = zip(*waiting, strict=True)
    nothing = np.empty((0, 6), np.float32)
    rows = label(list(images), teachers, classes) if truth is None else [truth.get(number, nothing) for number in numbers]
    yield from zip(numbers, images, rows, strict=True)


class Pictures(NamedTuple):
    """Lists of `yolo3.examples.Example`: labels to learn, what a teacher sees to learn, and held out to measure with."""

    labelled: list
    imitated: list
    held_out: list


def split_examples(args, folders):
    """`Pictures` of `folders` and args.imitate; what is held out has no recording in common with the others."""
    from yolo3 import examples

    sides = [[example for folder in some for example in examples.find(folder)] for some in (folders, args.imitate)]
    found = [example for side in sides for example in side]
    names = {example.recording for example in found}
    if len(names) < 2:
        raise InputError("all pictures are of one recording; at least two are needed, one of them to measure with")
    chosen = _listed(args.held_out_list, names) if args.held_out_list else examples.split(found, args.held_out, args.seed)
    kept = [[example for example in side if example.recording not in chosen] for side in sides]
    held_out = [example for example in found if example.recording in chosen]
    if not (held_out and any(kept)):
        raise InputError("one side has no recording: hold some out, and keep some to train with")
    return Pictures(*kept, held_out)


def _listed(path, names):
    try:
        lines = {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if not lines & names:
        raise InputError(f"none of the recordings in {path} is among the pictures; they are called {', '.join(sorted(names)[:3])}, …")
    return lines & names


def prepare_network(args, training):
    """Write the .cfg and the names; returns `Cfg` and `Paths`.

    Anchors are fitted to the boxes unless the training starts from weights or has a teacher to imitate, whose anchors the .cfg has.
    """
    from yolo3 import adapt
    from yolo3 import cfg as cfgs

    given = cfgs.read(args.cfg)
    if args.weights:
        from yolo3 import weights

        weights.check(args.weights, given)
    elif args.cfg.resolve() == (args.output / "person.cfg").resolve():
        raise InputError(f"{args.output} holds the network that is to be trained anew; choose another --output")
    anchors = None if args.weights or args.imitate else _anchors(given, training, len(args.classes))
    paths = Paths(*(args.output / f"person{suffix}" for suffix in (".cfg", ".weights", ".names")), args.output / "log.csv")
    text = adapt.adapted(args.cfg, None if given.classes == len(args.classes) else len(args.classes), anchors)
    write_text(paths.cfg, text)
    write_text(paths.names, "".join(f"{name}\n" for name in args.classes))
    return cfgs.read(paths.cfg), paths


def _anchors(cfg, training, classes):
    import numpy as np

    from yolo3 import anchors, examples

    rows = np.concatenate([examples.read_labels(example.labels, classes) for example in training])
    if not len(rows):
        raise InputError("there is no box in the training pictures")
    return anchors.fit(rows[:, 3:5] * (cfg.width, cfg.height), sum(len(head.anchors) for head in cfg.heads))


def train(args, cfg, pictures, paths):
    """Train on `Pictures`, yield an `Epoch` after each, and log it."""
    from common.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(args.seed)
    from yolo3 import cfg as cfgs
    from yolo3 import imitation, weights
    from yolo3 import training as trainer

    start = weights.read_apart(args.weights, cfgs.read(args.cfg)) if args.weights else None
    model = trainer.build(cfg, start)
    count = len(pictures.labelled) + len(pictures.imitated)
    pace = trainer.Pace(args.epochs * (count // min(args.batchsize, count)), args.minutes)
    judged = pictures.held_out[:: -(-len(pictures.held_out) // JUDGED)]
    flags = {"batch_size": args.batchsize, "learning_rate": args.learning_rate, "seed": args.seed, "workers": args.workers}
    flags |= {"small_share": args.small_share, "precision": args.precision, "imitated": pictures.imitated}
    flags |= {"teacher": imitation.Teacher(*args.teacher[0], args.classes, cfg) if args.imitate else None}
    log = LOG
    for epoch in trainer.train(model, cfg, pictures.labelled, judged, pace, paths.weights, **flags):
        log += ",".join(f"{value:.5g}" if isinstance(value, float) else str(value) for value in epoch) + "\n"
        write_text(paths.log, log)
        yield epoch
