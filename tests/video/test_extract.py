import argparse
import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.errors import InputError
from deep_sort import Tracker
from video.extract import extract, finished, folder_names
from video.io import VideoWriter

OPTIONS = argparse.Namespace(size=64, context=1.2, min_frames=16, every=1)


class Found:
    def __init__(self, tlbr):
        self.tlbr = np.float32(tlbr).reshape(-1, 4)
        self.score = np.full(len(self.tlbr), 0.9, np.float32)


class Bright:
    """A detector that really looks at the picture: bright rectangles are persons."""

    def detect(self, images):
        found = []
        for image in images:
            count, _, stats, _ = cv2.connectedComponentsWithStats((image[..., 0] > 128).astype(np.uint8))
            boxes = [(x, y, x + w, y + h) for x, y, w, h, area in stats[1:count] if area > 100]
            found.append(Found(boxes))
        return found


def film(path, persons, count=30):
    """`persons`: (first frame, last frame, top) of rectangles that walk to the right."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, 25, (320, 200)) as writer:
        for number in range(1, count + 1):
            image = np.zeros((200, 320, 3), np.uint8)
            for first, last, top in persons:
                if first <= number <= last:
                    image[top : top + 60, 20 + 4 * number : 50 + 4 * number] = 255
            writer.write(image)
    return path


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def rows(folder):
    return list(csv.DictReader((folder / "tracks.csv").read_text(encoding="utf-8").splitlines()))


def test_crops_tracks_and_where_they_came_from(tmp_path):
    path = film(tmp_path / "a film.mp4", [(1, 30, 2), (5, 28, 134), (3, 12, 68)])
    assert extract(path, tmp_path / "a film", Bright(), Tracker(), None, OPTIONS) == 2
    folder = tmp_path / "a film"
    assert sorted(p.name for p in folder.iterdir()) == ["1", "2", "tracks.csv", "video.json"]
    assert [p.name for p in sorted((folder / "2").iterdir())] == [f"{n:06d}.jpg" for n in range(5, 29)]  # the video's own numbers
    crop = cv2.imread(str(folder / "1" / "000020.jpg"))
    assert crop.shape == (64, 64, 3) and crop[32, 32].min() > 200 and crop[32, 2].max() < 60
    table = rows(folder)
    assert len(table) == 30 + 24 and {row["track_id"] for row in table} == {"1", "2"}
    last = [row for row in table if row["track_id"] == "1"][-1]
    assert float(last["left"]) == pytest.approx(140, abs=2) and float(last["height"]) == pytest.approx(60, abs=2)
    info = json.loads((folder / "video.json").read_text(encoding="utf-8"))
    assert info["fps"] == pytest.approx(25) and (info["width"], info["height"], info["frames"]) == (320, 200, 30)


def test_ids_go_on_over_videos_and_dropped_tracks_take_none(tmp_path):
    for name, persons in [("a", [(1, 30, 2), (3, 12, 68)]), ("b", [(1, 30, 10), (1, 30, 120)])]:
        extract(film(tmp_path / f"{name}.mp4", persons), tmp_path / "out" / name, Bright(), Tracker(), None, OPTIONS)
    assert {row["track_id"] for row in rows(tmp_path / "out" / "b")} == {"2", "3"}


def test_an_interrupted_video_is_redone_to_the_same_files(tmp_path):
    path = film(tmp_path / "a.mp4", [(1, 30, 10)])
    extract(path, tmp_path / "whole" / "a", Bright(), Tracker(), None, OPTIONS)

    class Dies(Bright):
        left = 12

        def detect(self, images):
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return super().detect(images)

    with pytest.raises(KeyboardInterrupt):
        extract(path, tmp_path / "cut" / "a", Dies(), Tracker(), None, OPTIONS)
    assert not finished(tmp_path / "cut" / "a") and not (tmp_path / "cut" / "a").exists()
    extract(path, tmp_path / "cut" / "a", Bright(), Tracker(), None, OPTIONS)
    assert files(tmp_path / "cut" / "a") == files(tmp_path / "whole" / "a")
    assert [p.name for p in (tmp_path / "cut").iterdir()] == ["a"]


def test_a_video_without_persons_is_finished_too(tmp_path):
    extract(film(tmp_path / "a.mp4", []), tmp_path / "a", Bright(), Tracker(), None, OPTIONS)
    assert finished(tmp_path / "a") and rows(tmp_path / "a") == []


def test_a_folder_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "i3d.py").write_text("mine")
    with pytest.raises(InputError, match="in the way"):
        extract(film(tmp_path / "models.mp4", []), tmp_path / "models", Bright(), Tracker(), None, OPTIONS)
    assert [p.name for p in (tmp_path / "models").iterdir()] == ["i3d.py"]


def test_videos_of_one_name_do_not_share_a_folder():
    videos = [Path("v/a.mp4"), Path("v/x/b.mp4"), Path("v/y/b.avi")]
    assert [folder.name for _, folder in folder_names(videos, "v", "out")] == ["a", "x_b.mp4", "y_b.avi"]
