"""Cut tracks into examples of 64 to 80 consecutive frames, each in the folder of its class.

    python group_frames.py                                        asks, track by track
    python group_frames.py --class-name Fighting --ids 4 5
    python group_frames.py --class-name Fighting --videos 'fi*'   every track of the videos of these names
    python group_frames.py --labels labels.csv                    a table track_id,first_frame,last_frame,class

    in   <video>/<track id>/000123.jpg …                          as extract_frames.py writes it
    out  <class>/<video>_<track id>_<first>-<last>/000123.jpg …   hard links to the same pictures, and example.json
         classes.txt                                              the classes in order, for generate_64.py

Running it again changes nothing.
"""

import argparse
from pathlib import Path

from common import cli
from common.errors import InputError
from common.files import write_text

CLASSES = ("Fighting", "Standing", "Walking")


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=Path, default=Path("."), help="folder that extract_frames.py wrote into (default: here)")
    parser.add_argument("--output", type=Path, default=Path("."), help="folder for the class folders (default: here)")
    parser.add_argument("--classes", nargs="+", default=CLASSES, metavar="CLASS", help=f"all, in order (default: {' '.join(CLASSES)})")
    parser.add_argument("--videos", nargs="+", metavar="NAME", help="only videos of these names, in which * and ? stand for anything")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--class-name", metavar="CLASS", help="the class of the tracks of --ids, or of all tracks of --videos")
    how.add_argument("--labels", type=Path, metavar="CSV", help="table track_id,first_frame,last_frame,class; empty frames = whole track")
    parser.add_argument("--ids", nargs="+", type=cli.positive_int, metavar="ID", help="the tracks for --class-name")
    parser.add_argument("--keep-short", action="store_true", help="make a run of 16 to 63 frames one example (see reverse_oversample.py)")
    parser.add_argument("--replace", action="store_true", help="remove examples that hold the same frames in another class or cut")
    args = parser.parse_args()
    if args.ids and not args.class_name:
        parser.error("--ids needs --class-name")
    if args.class_name and not (args.ids or args.videos):
        parser.error("--class-name needs --ids or --videos")
    return args


def check_classes(classes, output, stored):
    """Refuse class names that cannot be folders of their own, and examples stored in folders of no class."""
    for name in classes:
        if name != name.strip() or not name or name[0] in ".-" or "/" in name or "\n" in name or list(classes).count(name) > 1:
            raise InputError(f"{name!r} cannot be a class: a class is named once, and its name is a folder's")
        if (output / name / "video.json").exists() or (output / name / "tracks.csv").exists():
            raise InputError(f"{output / name} holds the tracks of a video: give another --output, or rename the class")
    for example in stored:
        if example.label not in classes:
            raise InputError(
                f"{example.folder.parent} holds examples, but {example.label} is not among the classes {', '.join(classes)}: "
                "name all classes with --classes, or remove that folder"
            )


def read_spans(args, tracks):
    """What is to be labelled, from --labels or from --class-name with --ids and --videos."""
    from video.examples import find_track
    from video.labels import Span, check_class, read_labels

    if args.labels:
        return read_labels(args.labels, tracks, args.classes)
    label = check_class(args.class_name, args.classes)
    chosen = [find_track(tracks, track_id) for track_id in dict.fromkeys(args.ids)] if args.ids else tracks
    return [Span(track, label) for track in chosen]


def store(spans, library, args):
    """Cut the spans and store the examples; says how much gave none."""
    from video.examples import cut_track

    parts = [cut_track(span.track, span.label, args.keep_short, span.first, span.last) for span in spans]
    library.put([example for part in parts for example in part], args.replace)
    if empty := sum(not part for part in parts):
        hint = "no run of 16 frames" if args.keep_short else "no run of 64 frames; --keep-short takes 16"
        print(f"{empty} of {len(parts)} {'rows' if args.labels else 'tracks'} gave no example ({hint})")


def prepare(args):
    """Make the class folders and classes.txt where they are not there yet."""
    for name in args.classes:
        (args.output / name).mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name}\n" for name in args.classes)
    path = args.output / "classes.txt"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def report(library, classes):
    """Print examples per class, all and new."""
    rows = [(name, *(sum(e.label == name for e in group) for group in (library.stored, library.added))) for name in classes]
    rows.append(("total", len(library.stored), len(library.added)))
    width = max(len(row[0]) for row in rows)
    print(f"{'class':{width}}  examples    new")
    for name, stored, new in rows:
        print(f"{name:{width}}  {stored:8}  {new:5}")


def main():
    args = parse_args()
    from video.examples import Library, find_tracks

    library = Library(args.output)
    check_classes(args.classes, args.output, library.stored)
    tracks = find_tracks(args.input, args.videos or ["*"], args.classes)
    if args.labels or args.class_name:
        store(read_spans(args, tracks), library, args)
        prepare(args)
    else:
        from video.ask import Questions  # with OpenCV, which the other ways do without

        questions = Questions(tracks, library, args.classes, args.keep_short)
        prepare(args)
        questions.run()
    report(library, args.classes)


if __name__ == "__main__":
    cli.run(main)
