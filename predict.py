"""Who does what, when: annotate a video, a camera or a stream with every person's action.

    python predict.py --mode RGB --path save_weight/my_run --video test1.mp4 --batch False

    test1.mp4  ->  output/test1_actions.mp4   boxes, ids, actions and scores, a colour per class (H.264)
                   output/test1_actions.csv   frame,time_s,track_id,left,top,width,height,action,score,<a column per class>
                   output/test1_events.csv    track_id,action,start,end,mean_score   (seconds)

A camera or stream goes on until Ctrl-C, which ends the files properly.
"""

import re
import time
from contextlib import closing
from pathlib import Path

from common.cli import boolean, bundled, fraction, positive_int, run, script_parser
from common.person_flags import add_person_flags, add_pose_flag, build_estimator, person_source, region_to_follow
from common.threads import Background, prefetch
from models import MODES

START = time.perf_counter()
DRAW_HELP = "pose: skeletons too, with a pose run; bars: the surest classes beside the picture, of each stream of a Fuse run too"


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--video", required=True, help="a file, a camera index (0) or a stream address (rtsp://…)")
    parser.add_argument("--path", default=bundled("save_weight/default"), help="run folder, .keras, or .hdf5 with its meta.json")
    parser.add_argument("--mode", choices=tuple(MODES), help="checked against the run, which knows its mode itself")
    parser.add_argument("--batch", type=boolean, default=False, help="True: all persons that are due in one call")
    parser.add_argument("--region", choices=("person", "frame"), help="each person or the whole picture (default: as the run was trained)")
    parser.add_argument("--stride", type=positive_int, default=16, help="frames between two answers for a person")
    parser.add_argument("--smooth", type=positive_int, default=2, help="average each answer over a person's last N windows")
    parser.add_argument("--threshold", type=fraction, default=0.0, help='an answer under this score is "unknown"')
    parser.add_argument("--every", type=positive_int, default=1, help="detect on every Nth frame, follow in between")
    parser.add_argument("--output", default="output", help="folder for the three files")
    parser.add_argument("--draw", choices=("boxes", "pose", "bars"), default="boxes", help=DRAW_HELP)
    parser.add_argument("--show", action="store_true", help="show the picture in a window while it runs; q ends")
    add_pose_flag(parser, default=None)
    add_person_flags(parser)
    return parser.parse_args()


def main():
    args = parse_args()
    from common.errors import InputError
    from common.threads import Stages
    from models.run import Run
    from models.runtime import compile
    from video.io import open_video
    from video.show import Window
    from video.summary import summary

    trained = Run.open(args.path)
    if args.mode not in (None, trained.mode):
        raise InputError(f"{args.path} was trained with --mode {trained.mode}, not {args.mode}")
    if trained.mode == "Features" or (args.draw == "pose" and not trained.sees_poses):
        raise InputError(f"{args.path} has --mode {trained.mode}, and sees no " + ("videos" if trained.mode == "Features" else "poses"))
    stages = Stages()
    with open_video(args.video) as reader, Window(args.show) as window:
        network, bars = with_bars(trained, args.runtime, reader.height) if args.draw == "bars" else (compile(trained, args.runtime), None)
        outputs, frames, first_s = annotate(args, trained, network, reader, window, stages, bars)
    rate = (frames - 1) / max(time.perf_counter() - START - first_s, 1e-9)
    print("\n".join([*summary(outputs.paths[-1]), "", *map(str, outputs.paths)]))
    print(f"{frames} frames, {rate:.1f} per second; first frame after {first_s:.1f} s; per frame: {stages.per_frame(frames)}")


def annotate(args, trained, network, reader, window, stages, bars=None):
    """Run the whole source through detector, tracker, recogniser and drawing; returns (`Outputs`, frames, seconds to the first)."""
    from video.outputs import Outputs
    from video.publish import Publisher
    from video.recognise import MAX_COAST, Recognition, confirmed, in_sight, tracked, windows_of

    windows = windows_of(trained, args.stride, build_estimator(args.pose, trained))
    recognition = Recognition(network, trained.classes, windows, args.smooth, args.threshold, args.batch, stages)
    follow = person_source(args, region_to_follow(args.region, trained), stages)
    outputs = Outputs(args.output, output_stem(args.video), reader.fps, (reader.width, reader.height), trained.classes, stages, bars)
    frames, first_s = 0, 0.0
    with closing(prefetch(reader, drop=reader.live)) as source, outputs, Background(lambda job: outputs.write(*job)) as writer:
        publisher = Publisher(outputs, writer, window, 0.0 if reader.live else hindsight(args, trained, reader.fps))
        coast = MAX_COAST if reader.live else 0  # in a file, who comes back is known before the frame goes out
        try:
            for frame, persons in follow(stages.watch("wait for decode", source)):
                fresh = {track_id: recognition.answers[track_id] for track_id in recognition.step(frame, persons)}
                frames += 1
                first_s = first_s or time.perf_counter() - START
                frame = windows.drawn(frame) if args.draw == "pose" else frame
                if not publisher.put(frame, in_sight(frame, persons, coast), tracked(persons), fresh, confirmed(persons)):
                    break
        except KeyboardInterrupt:
            if not reader.live:
                raise
        publisher.finish()
    return outputs, frames, first_s


def with_bars(trained, runtime, height):
    """(network, `video.draw_bars.Bars`) of a run: the network says what each stream says alone, where it has two that can."""
    from models import RECOGNISERS, STREAM_TITLES, by_stream
    from models.runtime import cache_path, compile
    from video.draw_bars import Bars

    names = MODES[trained.mode]
    if len(names) == 1 or RECOGNISERS[trained.recogniser].over:
        return compile(trained, runtime), Bars(trained.classes, [trained.recogniser], height)
    cache = cache_path(*trained.network_files)
    network = compile(lambda: by_stream(trained.load_model()), runtime, cache.with_name(f"streams-{cache.name}"))
    return network, Bars(trained.classes, [*(STREAM_TITLES[name] for name in names), "fused"], height)


def hindsight(args, trained, fps):
    """Seconds until the windows about a moment have been seen: half of what they span, and half the way to the next."""
    return (trained.window / (trained.fps or fps) + args.smooth * args.stride / fps) / 2


def output_stem(source):
    """Name of the output files: the video's, or one made from the camera index or the address without its password."""
    text = str(source)
    if text.isdecimal():
        return f"camera_{text}"
    if "://" in text:
        return re.sub(r"[^A-Za-z0-9]+", "_", text.split("://", 1)[1].split("@")[-1]).strip("_")
    return Path(text).stem


if __name__ == "__main__":
    run(main)
