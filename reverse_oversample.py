"""Lengthen examples of fewer than 64 frames: played forth and back until they have 64.

    python reverse_oversample.py Fighting Walking

    in   <class>/<example>/000000.jpg … 000031.jpg
    out  <class>/<example>/000032.jpg … 000063.jpg   the pictures 30, 29, … 1, 0, 1, … again, as hard links

The pictures that were there stay as they are; example.json keeps their number. Running it again changes nothing.
"""

import argparse
from pathlib import Path

from common import cli
from common.errors import InputError
from common.files import write_json, writing

LENGTH = 64


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("classes", nargs="+", metavar="CLASS", help="class folders")
    parser.add_argument("--input", type=Path, default=Path("."), help="folder with the class folders (default: here)")
    return parser.parse_args()


def lengthen(folder):
    """Append pictures to the example in `folder` up to LENGTH; returns how many."""
    from video.clips import forth_and_back
    from video.examples import link, pictures, read_json

    present = pictures(folder)
    if not 0 < len(present) < LENGTH:
        return 0
    about = read_json(folder / "example.json")
    if "lengthened_to" not in about:
        # Written before the first picture: after an interruption it tells the example's own pictures from the appended ones.
        about |= {"frames": len(present), "lengthened_to": LENGTH}
        write_json(folder / "example.json", about)
    own = present[: about["frames"]]
    order = forth_and_back(len(own), LENGTH)
    digits, last = len(own[-1].stem), int(own[-1].stem)
    for place in range(len(present), LENGTH):
        with writing(folder / f"{last + 1 + place - len(own):0{digits}}.jpg") as partial:
            link(own[order[place]], partial)
    return LENGTH - len(present)


def main():
    args = parse_args()
    from video.examples import pictures, subfolders

    for name in args.classes:
        if not (args.input / name).is_dir():
            raise InputError(f"there is no class folder {args.input / name}; group_frames.py makes them")
    for name in args.classes:
        folders = [folder for folder in subfolders(args.input / name) if pictures(folder)]
        if not folders:
            print(f"{name}: no examples")
            continue
        added = [count for count in map(lengthen, folders) if count]
        print(f"{name}: {len(added)} of {len(folders)} examples lengthened to {LENGTH} frames ({sum(added)} pictures appended)")


if __name__ == "__main__":
    cli.run(main)
