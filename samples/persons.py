"""Render scenes and cut their persons out as extract_frames.py does, under their true identities: to train and test encoders on.

    python samples/persons.py --output persons --seed 1000 --scenes 20

    persons/01000/<track id>/<frame>.jpg  tracks.csv    one folder per scene, named by its seed
    persons/01000.mp4 01000.csv 01000_joints.csv        with --videos: the scene and its truth, as samples/stage.py writes them

Scenes differ in what happens, place, light, view, camera and the number of people; the seed decides them all. A person hidden
by more than six tenths leaves no picture. score in tracks.csv is the share of the person that can be seen.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from common.cli import positive_int, run, script_parser  # noqa: E402

SCENES = ("crossing", "crossing", "street", "crowd", "fight")
PLACES = {"street": ("sun", "sun", "overcast"), "room": ("indoor",)}
VIEWS = ("level", "level", "high", "low")
MANNERS = ("lowres", "blur", "noise", "night", "grey", "compressed")
VISIBLE = 0.4  # of a person, at least


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--output", type=Path, default=Path("persons"))
    parser.add_argument("--seed", type=int, default=1000, help="of the first scene; the next has the next")
    parser.add_argument("--scenes", type=positive_int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each scene")
    parser.add_argument("--fps", type=float, default=2.0, help="few: neighbouring frames teach nothing new")
    parser.add_argument("--videos", action="store_true", help="write the scenes as videos instead, to train detectors on")
    return parser.parse_args()


def main():
    args = parse_args()
    from tqdm import tqdm

    from samples import stage

    args.output.mkdir(parents=True, exist_ok=True)
    for seed in tqdm(range(args.seed, args.seed + args.scenes), unit=" scenes", disable=None):
        path = args.output / (f"{seed:05}.mp4" if args.videos else f"{seed:05}")
        done = args.output / f"{seed:05}_joints.csv" if args.videos else path  # written last
        if not done.exists():
            (stage.write if args.videos else write)(scene(seed, args.seconds, args.fps), path)


def scene(seed, seconds, fps):
    """The `samples.scene.Scene` of a seed."""
    import numpy as np

    from samples.scene import Scene
    from samples.scenes import SCENES as KINDS
    from samples.scenes import VIEWS as CAMERAS

    rng = np.random.default_rng((seed, 2))
    place = str(rng.choice(list(PLACES), p=(0.7, 0.3)))
    camera = CAMERAS[str(rng.choice(VIEWS))]
    manners = tuple(rng.choice(MANNERS, rng.choice(3, p=(0.4, 0.4, 0.2)), replace=False).tolist())
    actors = KINDS[str(rng.choice(SCENES))](rng, int(rng.integers(4, 9)), seconds, camera)
    return Scene(actors, seed, seconds, camera, place, str(rng.choice(PLACES[place])), manners, fps)


def write(made, folder):
    """Write a scene's persons to `folder`, which is complete or absent."""
    import os
    import shutil

    import cv2

    from video.crops import square_crop, tlwh
    from video.extract import COLUMNS, TRACKS

    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    rows = [",".join(COLUMNS)]
    for frame in made.frames():
        for person in (person for person in frame.people if person.visible >= VISIBLE):
            path = partial / str(person.track_id) / f"{frame.number:06}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".jpg", square_crop(frame.image, person.tlbr), [cv2.IMWRITE_JPEG_QUALITY, 95])[1])
            rows.append(",".join(map(str, (frame.number, person.track_id, *tlwh(person.tlbr), round(person.visible, 2)))))
    (partial / TRACKS).write_text("\n".join(rows) + "\n", encoding="utf-8")
    os.replace(partial, folder)


if __name__ == "__main__":
    run(main)
