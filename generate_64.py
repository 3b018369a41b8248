"""Make 64-frame clips of the examples, and the lists to train and validate with.

    python generate_64.py --val-fraction 0.2 --seed 0

    in   <class>/<video>_<track id>_<first>-<last>/000123.jpg …   as group_frames.py writes it
    out  clips/<class>/<example>_first.avi, <example>_last.avi    the first and the last 64 frames (one clip if they are the same)
         datasetlist/trainlist.txt, vallist.txt                   lines "path class_index"
         datasetlist/classes.txt                                  the class of each index, a line each

No recording is in both lists. A recording is a video; where several videos were cut from one recording, say so with --groups or
--group-by: pictures of one scene on both sides make every validation figure worthless.
"""

import argparse
import sys
from pathlib import Path

from common import cli
from common.errors import InputError
from group_frames import CLASSES

FRAMES = 64
UNKNOWN_FPS = 25.0  # for pictures that were not cut by extract_frames.py


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=Path, default=Path("."), help="folder with the class folders (default: here)")
    parser.add_argument("--output", type=Path, default=Path("clips"), help="folder for the clips (default: clips)")
    parser.add_argument("--lists", type=Path, default=Path("datasetlist"), help="folder for the lists (default: datasetlist)")
    parser.add_argument("--classes", nargs="+", metavar="CLASS", help="only these, in this order (default: as group_frames.py was told)")
    parser.add_argument("--val-fraction", type=cli.fraction, default=0.2, help="share of each class for validation (default: 0.2)")
    parser.add_argument("--seed", type=int, default=0, help="decides between equally close splits (default: 0)")
    groups = parser.add_mutually_exclusive_group()
    groups.add_argument("--groups", type=Path, metavar="CSV", help="recordings: table with columns path (or video), source (or group)")
    groups.add_argument("--group-by", metavar="REGEX", help="part of the video's name that names the recording, for example 'g[0-9]+'")
    return parser.parse_args()


def find_classes(folder):
    """The classes in order: classes.txt of group_frames.py, else CLASSES, else the names of folders that hold examples."""
    from video.examples import find_examples

    found = list(dict.fromkeys(example.label for example in find_examples(folder)))
    path = folder / "classes.txt"
    classes = list(CLASSES) if set(found) <= set(CLASSES) else found
    if path.exists():
        classes = path.read_text(encoding="utf-8").splitlines()
    if unknown := [name for name in found if name not in classes]:
        raise InputError(f"{folder / unknown[0]} holds examples, but {path} does not name {unknown[0]}; name the classes with --classes")
    return classes


def find_recordings(args, examples):
    """The recording of each example: its video, or what --groups or --group-by make of that."""
    from video.split import group_by, read_groups

    if not (args.groups or args.group_by):
        return [example.video for example in examples]
    recording = read_groups(args.groups) if args.groups else group_by(args.group_by)
    return [recording(example.video, example.about.get("source")) for example in examples]


def make_clips(example, folder):
    """Write the clips of an example that are older than its pictures or not there yet; returns the paths, none for a short example."""
    from video.examples import pictures
    from video.mjpeg import write_mjpeg

    present = pictures(example.folder)
    if len(present) < FRAMES:
        return []
    changed = max(path.stat().st_mtime for path in [example.folder, *present])
    parts = [("first", present[:FRAMES]), ("last", present[-FRAMES:])][: 1 + (len(present) > FRAMES)]
    clips = []
    for name, chosen in parts:
        clip = folder / example.label / f"{example.folder.name}_{name}.avi"
        if not clip.exists() or clip.stat().st_mtime <= changed:
            write_mjpeg(clip, chosen, example.about.get("fps") or UNKNOWN_FPS)
        clips.append(clip)
    return clips


def make_all_clips(examples, folder):
    """Clips of every example. A broken picture costs one line and its example's clips; returns (lists of clips, how many are broken)."""
    from tqdm import tqdm

    clips, broken = [], 0
    for example in tqdm(examples, unit=" examples", disable=None):
        try:
            clips.append(make_clips(example, folder))
        except InputError as error:
            tqdm.write(f"error: {error}", file=sys.stderr)
            clips.append(None)
            broken += 1
    return clips, broken


def remarks(examples, made, folder):
    """Lines about what a user might not expect: examples left out, frame rates unknown, clips left over from earlier."""
    from video.examples import subfolders

    known = {example.folder for example in examples}
    others = [path for label in dict.fromkeys(path.parent for path in known) for path in subfolders(label) if path not in known]
    if others:
        yield f"left out {len(others)} folders not named <video>_<track id>_<first>-<last>, such as {others[0]}"
    if short := sum(paths == [] for paths in made):
        yield f"left out {short} examples of fewer than {FRAMES} frames; reverse_oversample.py lengthens them"
    if unknown := sum(not example.about.get("fps") for example in examples):
        yield f"{unknown} examples do not say the frame rate of their recording: {UNKNOWN_FPS:g} taken"
    listed = {path for paths in made for path in paths or []}
    if stale := [path for path in folder.glob("*/[!.]*.avi") if path not in listed]:
        yield f"{len(stale)} clips in {folder} are of no example any more and not listed, such as {stale[0]}"


def main():
    args = parse_args()
    from video.examples import label_examples
    from video.split import report, split_clips, write_lists

    classes = list(dict.fromkeys(args.classes or find_classes(args.input)))
    examples = [example for name in classes for example in label_examples(args.input / name)]
    recordings = find_recordings(args, examples)
    made, broken = make_all_clips(examples, args.output)
    for line in remarks(examples, made, args.output):
        print(line)
    clips = [
        (path, classes.index(example.label), recording)
        for example, recording, paths in zip(examples, recordings, made, strict=True)
        for path in paths or []
    ]
    if not clips:
        raise InputError(f"no example of {FRAMES} frames in {args.input}; group_frames.py makes them")
    validation = split_clips(clips, args.val_fraction, args.seed)
    write_lists(args.lists, classes, clips, validation)
    for line in report(clips, classes, validation):
        print(line)
    return 1 if broken else 0


if __name__ == "__main__":
    cli.run(main)
