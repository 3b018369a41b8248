"""Take a few frames of every video: the preprocessing of LRCN.

    python sample_clips.py --data UCF-101 --output UCF-101-sampled --num_frames_to_extract 5
    python sample_clips.py --data UCF-101 --output UCF-101-sampled --video_file_name v_Diving_g01_c02

    UCF-101/<class>/…/<video>.avi  ->  UCF-101-sampled/<class>/…/<video>.avi   5 frames, 224×224, 2.5 a second (Motion-JPEG)

Every tenth frame of the video at 25 frames a second, from a random start. train.py does the same by itself, from a new start in every
epoch (--augment time); use this where the videos are too large to keep. The result has the layout of its source:
train.py --model lrcn --dataset ucf101 --data UCF-101-sampled …
"""

import sys
from pathlib import Path

from common.cli import positive_int, run, script_parser
from common.errors import InputError
from common.training_run import nonnegative_int, positive_float


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--data", required=True, help="folder with the videos, at any depth")
    parser.add_argument("--output", default="sampled", help="folder for the clips")
    parser.add_argument("--video_file_name", metavar="NAME", help="only this video, by its name with or without suffix (default: all)")
    parser.add_argument("--num_frames_to_extract", type=positive_int, default=5, metavar="N", help="frames of a clip")
    parser.add_argument("--fps", type=positive_float, default=25.0, help="bring every video to this rate first")
    parser.add_argument("--sampling_rate", type=positive_int, default=10, metavar="N", help="take every Nth frame of --fps")
    parser.add_argument("--size", type=positive_int, default=224, help="height and width of a frame in pixels")
    parser.add_argument("--seed", type=nonnegative_int, default=0, help="of the random starts")
    parser.add_argument("--skip-bad", action="store_true", help="do without missing, corrupt, short and wrong-rate videos")
    return parser.parse_args()


def choose_videos(args):
    """The videos of --data that the arguments mean, as `Example`s. InputError where it is no folder, or none is called so."""
    from video.io import list_videos
    from video.lists import Example

    if Path(args.data).is_file():
        raise InputError(f"{args.data} is a file; give its folder with --data, and its name with --video_file_name")
    videos = list_videos(args.data)
    if args.video_file_name:
        videos = [path for path in videos if args.video_file_name in (path.name, path.stem)]
        if not videos:
            raise InputError(f"no video {args.video_file_name} below {args.data}")
    return [Example(path, 0, args.data) for path in videos]


def sample(args, path):
    """Write the clip of one video; its start follows from --seed and the video's name alone."""
    from zlib import crc32

    import numpy as np

    from video.clips import clip_indices
    from video.io import VideoWriter
    from video.samples import read_frames

    rng, count, fps = (
        np.random.default_rng([args.seed, crc32(path.stem.encode())]),
        args.num_frames_to_extract,
        args.fps / args.sampling_rate,
    )
    frames = read_frames(path, args.size, fps, lambda n: clip_indices(n, count, count, rng))
    target = (Path(args.output) / path.relative_to(args.data)).with_suffix(".avi")
    with VideoWriter(target, fps, (args.size, args.size), "mjpeg") as writer:
        for frame in frames:
            writer.write(frame)


def main():
    args = parse_args()
    from tqdm import tqdm

    from common.datasets import report_faults

    examples = choose_videos(args)
    bad = {
        fault.example.path for fault in report_faults(examples, args.num_frames_to_extract, args.fps / args.sampling_rate, args.skip_bad)
    }
    for example in tqdm([example for example in examples if example.path not in bad], unit="video", file=sys.stderr):
        sample(args, example.path)
    print(f"{len(examples) - len(bad)} clips of {args.num_frames_to_extract} frames in {args.output}")


if __name__ == "__main__":
    run(main)
