"""The figures of a recipe are honest: recordings are kept apart, and a list says to evaluate.py what the folds mean."""

import csv

import numpy as np
import pytest

from recipes import protocol
from recipes.material import Video, staged
from video.lists import read_list


@pytest.fixture
def videos(tmp_path):
    """40 files of 12 recordings, half of them fights."""
    made = [Video(tmp_path / f"a clip {i}.mp4", f"source{i // 2 % 12}", i % 2) for i in range(40)]
    for video in made:
        video.path.touch()
    return made


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_recording_is_on_both_sides(videos, seed):
    split = protocol.folds(videos, 5, seed)
    assert sorted(np.concatenate([held for _, held in split])) == list(range(40))
    for training, held in split:
        groups = [{videos[i].group for i in side} for side in (training, held)]
        assert not groups[0] & groups[1] and len(training) + len(held) == 40
        assert {videos[i].fight for i in held} == {0, 1}


def test_fights_are_class_0_of_the_list(videos, tmp_path):
    protocol.write_list(tmp_path / "lists/videos.txt", videos)
    assert [(example.path, example.label) for example in read_list(tmp_path / "lists/videos.txt", 3)] == [
        (video.path, 1 - video.fight) for video in videos
    ]


def test_report_is_mean_and_spread_over_seeds(videos, tmp_path, capsys):
    fights = np.array([video.fight for video in videos])
    scores = np.stack([fights * 1.0, 1.0 - fights])  # one seed all right, one all wrong
    protocol.report("toy", videos, [protocol.folds(videos, 5, seed) for seed in (0, 1)], scores)
    assert "toy, by seed: accuracy 0.500 ± 0.500, ROC AUC 0.500 ± 0.500" in capsys.readouterr().out
    protocol.write_scores(tmp_path / "scores.csv", videos, scores)
    (first, *_), rows = (list(csv.DictReader((tmp_path / "scores.csv").open(encoding="utf-8"))) for _ in range(2))
    assert first == {"path": "a clip 0.mp4", "group": "source0", "fight": "0", "seed_0": "0.0000", "seed_1": "1.0000"} and len(rows) == 40


@pytest.mark.parametrize(("time_s", "action"), [(2.0, "Walking"), (3.4, None), (5.0, "Standing")])
def test_an_actors_window_is_named_by_its_middle(time_s, action):
    """It walks for two and a half seconds and stands then; windows are two seconds long, and the second about their middle counts."""
    frames = np.arange(1, 151)
    table = np.column_stack([frames, np.ones(150), *np.tile([[10], [20], [50], [120]], 150)])
    actions = np.where(frames <= 62, "Walking", "Standing")
    times = np.arange(0, time_s, 1 / 25)
    own = np.column_stack([times, np.ones(len(times)), *np.tile([[12], [20], [52], [120]], len(times)), np.full(len(times), 0.9)])
    assert staged(own, time_s, table, actions, 25.0) == action
    own[:, 2:6] += 200
    assert staged(own, time_s, table, actions, 25.0) is None
