"""Render people who walk, stand and fight, with the truth about every frame: to test, to train on, to try things out.

    python samples/stage.py --output scene.mp4 --seed 3 --seconds 20 --people 6 --scene street --camera night noise
    python samples/stage.py --sample                 remakes samples/street.mp4 and its truth

    scene.mp4          the video (H.264)
    scene.csv          frame, track_id, left, top, width, height, action, visible
    scene_joints.csv   frame, track_id, then x and y of 17 joints, in whole pixels; also of joints that are hidden

Boxes are pixels around all of a person that lies in the picture; visible is the share of the person that is in the picture
and hidden by nobody. In Python: `samples.scene.Scene` plays any script of `samples.script`, frame by frame.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from common.cli import positive_int, run, script_parser  # noqa: E402

SCENES = ("street", "crossing", "fight", "crowd")
PLACES = ("street", "room")
LIGHTS = ("sun", "overcast", "indoor")
VIEWS = ("level", "high", "low")
MANNERS = ("lowres", "blur", "noise", "night", "grey", "compressed", "stamped")
SAMPLE = ROOT / "samples/street.mp4"
COLUMNS = "frame,track_id,left,top,width,height,action,visible"


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--output", type=Path, default=Path("scene.mp4"), help="the video; its truth is written beside it")
    parser.add_argument(
        "--sample", action="store_true", help="remake the bundled sample (at --output, if given); the other flags do not count"
    )
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same scene")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--people", type=positive_int, default=6)
    parser.add_argument("--scene", choices=SCENES, default="street", help="what they do")
    parser.add_argument("--place", choices=PLACES, default="street", help="where")
    parser.add_argument("--light", choices=LIGHTS, help="default: sun on the street, indoor in the room")
    parser.add_argument("--view", choices=VIEWS, default="level", help="from how high the camera looks")
    parser.add_argument("--camera", nargs="*", choices=MANNERS, default=[], metavar="MANNER", help=f"any of {' '.join(MANNERS)}")
    parser.add_argument("--size", type=size, default=(640, 360), metavar="WxH", help="pixels (default 640x360)")
    parser.add_argument("--fps", type=float, default=25.0, help="frames per second")
    args = parser.parse_args()
    if args.seconds * args.fps < 1 or args.fps <= 0 or args.seed < 0:
        parser.error("--seconds, --fps and --seed must give at least one frame and not be negative")
    return args


def size(text):
    """argparse type for 640x360."""
    width, height = (int(part) for part in text.split("x"))
    if min(width, height) < 64 or max(width, height) > 4096:
        raise ValueError(text)
    return width, height


def main():
    args = parse_args()
    if args.sample:
        from samples.sample import scene

        made, path = scene(), SAMPLE if args.output == Path("scene.mp4") else args.output
    else:
        made, path = compose(args), args.output
    write(made, path)
    print(f"{path}: {round(made.seconds * made.fps)} frames, {len(made.actors)} people; truth in {path.with_suffix('.csv')}")


def compose(args):
    """The `samples.scene.Scene` that the flags describe."""
    from dataclasses import replace

    import numpy as np

    from samples.scene import Scene
    from samples.scenes import SCENES, VIEWS

    camera = replace(VIEWS[args.view], size=args.size)
    actors = SCENES[args.scene](np.random.default_rng((args.seed, 1)), args.people, args.seconds, camera)
    light = args.light or {"street": "sun", "room": "indoor"}[args.place]
    return Scene(actors, args.seed, args.seconds, camera, args.place, light, tuple(args.camera), args.fps)


def exact_writer(path, scene):
    """A `video.io.VideoWriter` that gives the same bytes for the same pictures, whatever the processor, its cores and the memory.

    x264's fast paths round by how their buffers happen to lie in memory; cpu-independent forbids those that do.
    """
    from video.io import VideoWriter

    class ExactWriter(VideoWriter):
        def _open(self, partial):
            super()._open(partial)
            self._stream.options = {**self._stream.options, "x264-params": "cpu-independent=1:threads=1"}

    return ExactWriter(path, scene.fps, scene.camera.size)


def write(scene, path):
    """Write a scene's video, and its truth beside it."""
    from common.errors import InputError
    from common.files import write_text
    from samples.skeleton import KEYPOINTS

    if path.suffix != ".mp4":
        raise InputError(f"{path} does not end in .mp4; the video is H.264 in an MP4 file")
    truth, joints = [COLUMNS], ["frame,track_id," + ",".join(f"{name}_x,{name}_y" for name in KEYPOINTS)]
    with exact_writer(path, scene) as video:
        for frame in scene.frames():
            video.write(frame.image)
            truth += [truth_row(frame.number, person) for person in frame.people]
            joints += [f"{frame.number},{p.track_id}," + ",".join(f"{round(float(v))}" for v in p.joints.ravel()) for p in frame.people]
    write_text(path.with_suffix(".csv"), "\n".join(truth) + "\n")
    write_text(path.with_name(f"{path.stem}_joints.csv"), "\n".join(joints) + "\n")


def truth_row(number, person):
    """One line of the truth: pixels to a tenth, the visible share to a hundredth."""
    left, top, right, bottom = (float(value) for value in person.tlbr)
    box = f"{left:.1f},{top:.1f},{right - left:.1f},{bottom - top:.1f}"
    return f"{number},{person.track_id},{box},{person.action},{person.visible:.2f}"


if __name__ == "__main__":
    run(main)
