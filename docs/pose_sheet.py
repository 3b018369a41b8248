"""Good and bad poses on real footage, as a sheet: docs/poses.jpg.

    python docs/pose_sheet.py --data ../shared/data --pose movenet.tflite --output docs/poses.jpg

The persons are those of `GOOD` and `BAD`: a clip, the second in it, and the box (left, top, right, bottom) that yolo-fastest-1.1-xl gave.
Above each: the height of the box in pixels and the mean confidence of the joints.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from common.cli import run, script_parser  # noqa: E402
from common.person_flags import add_pose_flag, build_estimator  # noqa: E402

GOOD = (
    ("fight_cctv/noFight/nofi122.mp4", 1.23, (338, 52, 600, 572)),
    ("fight_cctv/fight/fi008.mp4", 1.05, (250, 30, 294, 124)),
    ("fight_cctv/noFight/nofi128.mp4", 1.10, (714, 211, 866, 473)),
    ("fight_cctv/fight/fi024.mp4", 1.28, (117, 23, 216, 246)),
    ("fight_cctv/fight/fi143.mp4", 0.60, (149, 32, 274, 267)),
    ("fight_cctv/fight/fi141.mp4", 0.93, (596, 92, 869, 720)),
    ("fight_cctv/noFight/nofi095.mp4", 1.23, (259, 73, 336, 299)),
    ("videos/vtest.mp4", 38.3, (342, 98, 360, 145)),
)
BAD = (
    ("fight_cctv/fight/fi053.mp4", 1.17, (769, 165, 1155, 655)),  # sits, half hidden by others
    ("fight_cctv/fight/fi120.mp4", 0.92, (173, 107, 238, 194)),  # two on the ground, one box
    ("fight_cctv/fight/fi024.mp4", 1.28, (167, 93, 380, 306)),  # seen from behind and above, bent
    ("fight_cctv/fight/fi143.mp4", 0.60, (350, 30, 470, 224)),  # bent, arms hidden
    ("fight_cctv/fight/fi066.mp4", 0.60, (222, 81, 247, 117)),  # 36 pixels, in a crowd
    ("fight_cctv/fight/fi030.mp4", 0.90, (277, 33, 314, 87)),  # legs under a table
    ("fight_cctv/fight/fi022.mp4", 1.20, (365, 1, 472, 88)),  # a poster
    ("fight_cctv/noFight/nofi128.mp4", 1.10, (900, 179, 1280, 720)),  # a box with nobody in its middle
)
TILE, AROUND = 200, 1.5  # pixels; side of a tile over the longer side of the box
JPEG_QUALITY = 80


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="folder that holds fight_cctv and videos")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/poses.jpg", help="the picture")
    add_pose_flag(parser)
    return parser.parse_args()


def main():
    args = parse_args()
    import cv2
    import numpy as np

    from common.files import writing

    estimator = build_estimator(args.pose)
    sheet = np.vstack([np.hstack([tile(args.data / clip, time_s, box, estimator) for clip, time_s, box in row]) for row in (GOOD, BAD)])
    with writing(args.output) as partial:
        partial.write_bytes(cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])


def tile(path, time_s, box, estimator):
    """(TILE, TILE, 3) uint8 BGR: the person with the skeleton, and two numbers."""
    import cv2

    from video.crops import square_crop
    from video.draw_pose import draw_pose
    from video.io import open_video
    from video.pose import poses_in

    with open_video(path) as video:
        image = next(frame for frame in video if frame.time_s >= time_s - 0.01).image
    (pose,) = poses_in(estimator, image, [box])
    draw_pose(image, pose, estimator.layout, height=box[3] - box[1])
    picture = square_crop(image, box, TILE, AROUND)
    words = f"{box[3] - box[1]} px, {pose[:, 2].mean():.2f}"
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(picture, words, (5, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness, cv2.LINE_AA)
    return picture


if __name__ == "__main__":
    run(main)
