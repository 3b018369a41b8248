"""Cut every person out of every video: 224x224 pictures, one folder per person.

    python extract_frames.py --videos videos --output .

    videos/**/a.mp4  ->  a/1/000001.jpg a/1/000002.jpg …   one folder per track id, named by the video's own frame numbers
                         a/tracks.csv                      frame,track_id,left,top,width,height,score
                         a/video.json                      where it came from, frame rate, size

Track ids go on from video to video. A finished video is skipped at the next start, an interrupted one is done again.
Next: group_frames.py.
"""

import sys

from common.cli import positive_int, run, script_parser
from common.person_flags import add_person_flags


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--videos", default="videos", help="folder with videos, searched at any depth, or one file")
    parser.add_argument("--output", default=".", help="folder for the persons' folders (default: here)")
    parser.add_argument("--size", type=positive_int, default=224, help="side of a picture in pixels")
    parser.add_argument("--context", type=float, default=1.2, help="side of the cut-out over the longer side of the person")
    parser.add_argument("--min-frames", type=positive_int, default=16, help="drop persons seen for less")
    parser.add_argument("--every", type=positive_int, default=1, help="detect on every Nth frame, follow in between")
    add_person_flags(parser)
    return parser.parse_args()


def main():
    args = parse_args()
    from common.errors import InputError
    from common.person_flags import build_detector, build_encoder, build_tracker
    from video.extract import extract, finished, folder_names
    from video.io import list_videos

    videos = list_videos(args.videos)
    detector, encoder = build_detector(args), build_encoder(args)
    failed, persons, done = [], 0, 0
    for path, folder in folder_names(videos, args.videos, args.output):
        if finished(folder):
            done += 1
            continue
        try:
            persons += extract(path, folder, detector, build_tracker(args, encoder), encoder, args)
        except InputError as error:
            failed.append(path)
            print(f"error: {error}", file=sys.stderr)
    print(f"{persons} persons from {len(videos) - done - len(failed)} videos; {done} finished before, {len(failed)} could not be read")
    return 1 if failed else 0


if __name__ == "__main__":
    run(main)
