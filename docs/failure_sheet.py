"""Where the default action model is wrong on recordings it has not seen, as a sheet: docs/failures.jpg.

    python docs/failure_sheet.py --data ../shared/data --work output/default_action

Every clip of `MISSED` (fights, upper rows) and `FALSE_ALARMS` goes through predict.py, all flags at default, with that model of
recipes/default_action.py --folds (seed 0, in --work) which did not learn from its recording. The number behind a clip is the second shown.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from common.cli import run, script_parser  # noqa: E402

MISSED = (
    ("fight/fi043", 0.9),  # on the ground before a shop: nobody is found
    ("fight/fi149", 0.9),  # bus driver, from above: nobody is found
    ("fight/fi067", 0.9),  # on the floor of a canteen: nobody is found
    ("fight/fi008", 0.9),  # infrared, on the floor: those who look on are found
    ("fight/fi013", 0.9),  # in the dark: those who look on are found
    ("fight/fi017", 0.9),  # behind a pool table: two at the side are found
    ("fight/fi135", 0.9),  # hold each other in a shop
    ("fight/fi086", 0.9),  # far away at night
)
FALSE_ALARMS = (
    ("noFight/nofi050", 0.9),  # a group that has just stopped fighting
    ("noFight/nofi059", 0.9),  # work close together
    ("noFight/nofi094", 0.9),  # crowd before a counter and bend down
    ("noFight/nofi137", 0.9),  # comes through a door right before the camera
)
COLUMNS, TILE = 4, (320, 240)  # width and height in pixels
JPEG_QUALITY = 80


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="folder that holds fight_cctv")
    parser.add_argument("--work", type=Path, default=ROOT / "output/default_action", help="--work of the recipe")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/failures.jpg", help="the picture")
    return parser.parse_args()


def main():
    args = parse_args()
    import cv2
    import numpy as np

    from common.files import writing

    with tempfile.TemporaryDirectory() as folder:
        tiles = [tile(args, Path(folder), clip, second) for clip, second in (*MISSED, *FALSE_ALARMS)]
    sheet = np.vstack([np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)])
    with writing(args.output) as partial:
        partial.write_bytes(cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])


def tile(args, folder, clip, second):
    """A frame of predict.py's video of a clip, (240, 320, 3) uint8 BGR, grey around it."""
    import cv2
    import numpy as np

    from video.io import open_video

    path = (args.data / "fight_cctv" / clip).with_suffix(".mp4")
    flags = ("--path", unseen_by(args.work, path.name), "--video", path, "--output", folder)
    subprocess.run([sys.executable, ROOT / "predict.py", *map(str, flags)], check=True, capture_output=True)
    with open_video(folder / f"{path.stem}_actions.mp4") as video:
        image = next(frame for frame in video if frame.time_s >= second).image
    scale = min(TILE[0] / image.shape[1], TILE[1] / image.shape[0])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = np.full((*TILE[::-1], 3), 128, np.uint8)
    top, left = (TILE[1] - image.shape[0]) // 2, (TILE[0] - image.shape[1]) // 2
    picture[top : top + image.shape[0], left : left + image.shape[1]] = image
    return picture


def unseen_by(work, name):
    """The run of seed 0 in whose list of clips held out a file is."""
    (found,) = (path.parent for path in work.glob("seed_0_fold_*/videos.txt") if f"/{name} " in path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    run(main)
