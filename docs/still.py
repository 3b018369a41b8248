"""Save one frame of a video as a picture: how the pictures of README and docs were taken from predict's output.

    python docs/still.py output/street_actions.mp4 9.5 docs/street.jpg

The arguments are the video, the second in it and the picture (.jpg or .png).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common.cli import run, script_parser

JPEG_QUALITY = 85


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("video")
    parser.add_argument("second", type=float)
    parser.add_argument("picture", type=Path)
    return parser.parse_args()


def main():
    args = parse_args()
    import cv2

    from common.errors import InputError
    from common.files import writing
    from video.io import open_video

    with open_video(args.video) as video:
        frame = next((frame for frame in video if frame.time_s >= args.second), None)
    if frame is None:
        raise InputError(f"{args.video} ends before second {args.second:g}")
    quality = [] if args.picture.suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    with writing(args.picture) as partial:
        partial.write_bytes(cv2.imencode(args.picture.suffix, frame.image, quality)[1])


if __name__ == "__main__":
    run(main)
