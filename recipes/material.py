"""What the action model learns from: which videos, who kept them together, and what is known of each."""

import csv
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from deep_sort.iou_matching import iou_cost
from recipes.labels import gait, is_near_another, recent

CLASSES = ("Fighting", "Standing", "Walking")
ROOT = Path(__file__).resolve().parents[1]

WEIZMANN = ("walk", "wave1", "wave2", "bend")
VIEWS = (("level", ()), ("high", ("compressed", "grey")), ("low", ("noise",)), ("level", ("night", "lowres")))
MORE_VIEWS = (("level", ()), ("high", ()), ("low", ("grey",)), ("high", ("noise",)))
# Scenes of samples/stage.py: (what they do, people, view, camera); fights most, because actors' fights are known person by person.
STAGE = [(scene, people, *view) for scene, people in (("street", 6), ("fight", 5), ("crowd", 7), ("crossing", 4)) for view in VIEWS]
STAGE += [(scene, people, *view) for scene, people in (("street", 7), ("fight", 6)) for view in MORE_VIEWS]
STAGE_SECONDS = 12
SECONDS = 2.0  # of a window
SETTLED = 1.0  # seconds about the middle of a window that decide what an actor does in it


class Video(NamedTuple):
    """A video's `path`, the `group` that a split must not tear apart, `fight` (1, 0, or -1 for unknown), and its `truth`: a stage
    scene's table of boxes and actions, or None."""

    path: Path
    group: str
    fight: int
    truth: Path | None = None


def footage(data):
    """Real `Video`s below the data folder: the clips of fight_cctv first, each in the group of its recording."""
    with open(data / "fight_cctv/clips.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    clips = [Video(data / "fight_cctv" / row["path"], row["source"], int(row["class"] == "fight")) for row in rows]
    others = [data / "videos/vtest.mp4", *sorted(path for name in WEIZMANN for path in (data / "weizmann" / name).glob("*.avi"))]
    return clips, [Video(path, path.parent.name, 0) for path in others]


def stage(folder):
    """Rendered scenes as `Video`s, made in `folder` where they are not there yet."""
    videos = []
    for seed, (scene, people, view, camera) in enumerate(STAGE, 100):
        path = Path(folder) / f"stage_{seed}.mp4"
        if not path.with_suffix(".csv").exists():
            facts = ["--scene", scene, "--people", people, "--view", view, "--camera", *camera, "--seed", seed, "--seconds", STAGE_SECONDS]
            command = [sys.executable, ROOT / "samples/stage.py", "--output", path, *facts, "--place", ("street", "room")[seed % 2]]
            subprocess.run([str(part) for part in command], check=True)
        videos.append(Video(path, path.stem, -1, path.with_suffix(".csv")))
    return videos


def read_truth(path):
    """A stage scene's boxes (M, 6) float, frame, track_id, left, top, right, bottom, and its (M,) action names."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = np.array([[float(row[name]) for name in ("frame", "track_id", "left", "top", "width", "height")] for row in rows])
    table[:, 4:6] += table[:, 2:4]
    return table, np.array([row["action"] for row in rows])


def clip_of(video, windows, fps=25.0):
    """A video as `recipes.weak_labels.make_bags` takes it: (descriptors, weight, fight, action)."""
    weight, action = np.zeros(len(windows.track_id)), np.zeros((len(windows.track_id), len(CLASSES)), np.float32)
    truth = read_truth(video.truth) if video.truth else None
    for row, (track_id, time_s) in enumerate(zip(windows.track_id, windows.time_s, strict=True)):
        boxes = recent(windows.boxes, time_s, SECONDS)
        own = boxes[boxes[:, 1] == track_id]
        name = staged(own, time_s, *truth, fps) if truth else gait(own) if video.fight == 0 else None
        if name:
            action[row, CLASSES.index(name)] = 1
        candidate = video.fight == 0 or is_near_another(boxes, track_id)
        weight[row] = own[:, 6].mean() * min(len(own), 16) / 16 * (1.0 if candidate else 0.1)
    return windows.descriptors, weight, video.fight, action


def staged(own, time_s, table, actions, fps):
    """What the actor under a track did in the middle of a window that ends at `time_s`, or None if nobody is under it.

    `SETTLED` seconds count, half before the middle and half after it; where the action changes in them, the answer is None.
    """
    middle = time_s - SECONDS / 2
    box = own[np.abs(own[:, 0] - middle).argmin()]
    there = np.flatnonzero(table[:, 0] == round(float(box[0]) * fps) + 1)
    overlap = 1 - iou_cost(box[None, 2:6], table[there, 2:6])[0]
    if overlap.max(initial=0) < 0.5:
        return None
    times = (table[:, 0] - 1) / fps
    settled = (table[:, 1] == table[there[overlap.argmax()], 1]) & (np.abs(times - middle) <= SETTLED / 2)
    done = set(actions[settled].tolist())
    return done.pop() if len(done) == 1 else None
