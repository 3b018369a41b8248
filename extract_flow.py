"""Compute the optical flow of a whole data set once, as two pictures a frame.

    python extract_flow.py --videos UCF-101 --output tvl1_flow

    UCF-101/Archery/v_Archery_g01_c01.avi  ->  tvl1_flow/u/v_Archery_g01_c01/frame000001.jpg …   motion along x
                                               tvl1_flow/v/v_Archery_g01_c01/frame000001.jpg …   motion along y

The layout is that of the published tvl1_flow archive of UCF-101; train.py and evaluate.py --flow-archive tvl1_flow read either. A
finished video is skipped at the next start, an interrupted one is done again.
"""

import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed

from common.cli import positive_int, run, script_parser


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--videos", default="videos", help="folder with videos, searched at any depth, or one file")
    parser.add_argument("--output", default="tvl1_flow", help="folder for the pictures")
    parser.add_argument("--method", choices=("tvl1", "dis"), default="tvl1", help="tvl1 is as published; dis is some hundred times faster")
    parser.add_argument(
        "--side", type=positive_int, help="shrink frames to so many pixels at the shorter side first (default: as recorded)"
    )
    parser.add_argument("--workers", type=positive_int, default=os.cpu_count(), help="videos at the same time")
    return parser.parse_args()


def main():
    args = parse_args()
    import cv2
    from tqdm import tqdm

    from video.flow_archive import finished, write_flow

    videos = names_of(args.videos)
    todo = {path: name for path, name in videos.items() if not finished(args.output, name)}
    cv2.setNumThreads(1)  # every worker has a video of its own
    start, frames, failed = time.perf_counter(), 0, 0
    with ThreadPoolExecutor(args.workers) as pool, tqdm(total=len(todo), unit="video", dynamic_ncols=True) as bar:
        stop = threading.Event()
        facts = {"method": args.method, "side": args.side, "stop": stop}
        jobs = [pool.submit(attempt, write_flow, path, args.output, name, **facts) for path, name in todo.items()]
        try:
            for job in as_completed(jobs):
                count, error = job.result()
                frames, failed = frames + count, failed + bool(error)
                if error:
                    tqdm.write(f"error: {error}", file=sys.stderr)
                bar.update()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    rate = frames / (time.perf_counter() - start)
    print(f"{len(todo) - failed} videos, {frames} fields, {rate:.1f} per second with {args.workers} at the same time; "
          f"{len(videos) - len(todo)} finished before, {failed} could not be read")  # fmt: skip
    return 1 if failed else 0


def names_of(folder):
    """{video: its name in the archive}. Raises InputError where two videos would share one."""
    from common.errors import InputError
    from video.io import list_videos

    videos = {path: path.stem for path in list_videos(folder)}
    twice = [name for name, count in Counter(videos.values()).items() if count > 1]
    if twice:
        raise InputError(f"{len(twice)} names stand for more than one video, {twice[0]} for one; the archive needs names of their own")
    return videos


def attempt(function, *arguments, **facts):
    """(what `function` returns, None), or (0, the InputError)."""
    from common.errors import InputError

    try:
        return function(*arguments, **facts), None
    except InputError as error:
        return 0, error


if __name__ == "__main__":
    run(main)
