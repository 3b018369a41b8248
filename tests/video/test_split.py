"""Splitting by recording: nothing on both sides, shares as asked, the same answer every time."""

import csv
import itertools
import re

import numpy as np
import pytest

from common.errors import InputError
from video import split
from video.split import group_by, read_groups, split_clips, split_recordings, write_lists


def cost(counts, side, fraction):
    """The documented aim, written down once more."""
    total, validation = counts.sum(0), counts[side].sum(0)
    several = (counts > 0).sum(0) > 1
    missing = (validation == total).sum() + (several & (validation == 0)).sum()
    return len(total) * missing + ((validation / total - fraction) ** 2).sum()


def test_small_splits_are_the_best_of_all():
    rng = np.random.default_rng(1)
    for _ in range(60):
        shape = rng.integers(2, 10), rng.integers(1, 4)
        counts = rng.integers(0, 20, shape) * (rng.random(shape) < 0.6)
        counts = counts[:, counts.sum(0) > 0]
        if not counts.size:
            continue
        best = min(cost(counts, np.array(side), 0.2) for side in itertools.product([False, True], repeat=len(counts)))
        assert cost(counts, split_recordings(counts, 0.2), 0.2) == pytest.approx(best)


def test_every_class_is_on_both_sides_even_if_the_share_suffers():
    counts = np.array([[50, 0], [50, 0], [0, 10], [0, 10], [0, 10], [0, 10], [0, 10]])
    side = split_recordings(counts, 0.2)
    assert counts[side].sum(0).tolist() == [50, 10]


def test_a_class_of_one_recording_is_trained_on():
    for fraction in (0.1, 0.5, 0.9):
        assert not split_recordings(np.array([[10, 0], [0, 10], [0, 10]]), fraction)[0]


def test_fractions_zero_and_one_leave_a_side_empty():
    counts = np.ones((5, 2), int)
    assert not split_recordings(counts, 0).any()
    assert split_recordings(counts, 1).all()


def test_same_seed_same_side_and_another_seed_another():
    counts = np.random.default_rng(0).integers(1, 9, (40, 3))
    sides = [tuple(split_recordings(counts, 0.2, seed)) for seed in (0, 0, 1, 2, 3)]
    assert sides[0] == sides[1]
    assert len(set(sides)) > 2
    for side in sides:
        assert counts[list(side)].sum(0) / counts.sum(0) == pytest.approx([0.2] * 3, abs=0.02)


def test_many_recordings_are_split_without_exchanges(monkeypatch):
    monkeypatch.setattr(split, "MAX_SWAPPED", 10)
    counts = np.random.default_rng(0).integers(0, 9, (300, 4))
    assert counts[split_recordings(counts, 0.3)].sum(0) / counts.sum(0) == pytest.approx([0.3] * 4, abs=0.01)


def test_real_recordings_of_two_classes(data):
    with open(data / "fight_cctv/clips.csv", newline="") as file:
        rows = [(row["path"], ["fight", "noFight"].index(row["class"]), row["source"]) for row in csv.DictReader(file)]
    for seed in range(3):
        validation = split_clips(rows, 0.2, seed)
        chosen = [index for _, index, source in rows if source in validation]
        assert (chosen.count(0), chosen.count(1)) == (24, 24)  # a fifth of 120 each
    recording = read_groups(data / "fight_cctv/clips.csv")
    assert all(recording(path.split("/")[1][:-4], f"../data/fight_cctv/{path}") == source for path, _, source in rows)
    assert all(recording(path.split("/")[1][:-4], None) == source for path, _, source in rows)


def test_the_order_of_clips_does_not_matter():
    clips = [(f"{i}", i % 2, f"r{i // 3}") for i in range(60)]
    assert split_clips(clips, 0.2) == split_clips(clips[::-1], 0.2)


@pytest.mark.parametrize("header", ["path,class,source", "video,class,group"])
def test_groups(tmp_path, header):
    table = tmp_path / "groups.csv"
    table.write_text(f"{header}\na/x.mp4,1,A\nb/x.mp4,1,B\ny,0,C\nz.avi,0,C\n")
    recording = read_groups(table)
    assert recording("x", "videos/a/x.mp4") == "A"
    assert recording("b_x", "videos/b/x.mp4") == "B"
    assert recording("y", "videos/y.mp4") == recording("z", None) == "C"
    for video, source in [("x", None), ("w", "w.mp4")]:
        with pytest.raises(InputError, match=f"for the video {video}"):
            recording(video, source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,class\na,b\n", "line 1: needs the columns"),
        ("", "line 1: needs the columns"),
        ("path,source\na,\n", "line 2: the path or the source is empty"),
        ("path,source\na,A\na,B\n", "line 3: a is of B, but of A further up"),
    ],
)
def test_wrong_groups_are_named(tmp_path, text, message):
    table = tmp_path / "groups.csv"
    table.write_text(text)
    with pytest.raises(InputError, match=re.escape(message)):
        read_groups(table)("a", None)


def test_group_by():
    assert group_by("g[0-9]+")("v_Fencing_g07_c02", None) == "g07"
    assert group_by("_(g[0-9]+)_")("v_Fencing_g07_c02", None) == "g07"
    with pytest.raises(InputError, match="does not match the video name 'walk'"):
        group_by("g[0-9]+")("walk", None)
    with pytest.raises(InputError, match="not a regular expression"):
        group_by("(")


def test_a_path_with_a_line_break_is_refused(tmp_path):
    with pytest.raises(InputError, match="line break"):
        write_lists(tmp_path, ["a"], [(tmp_path / "a\nb.avi", 0, "r")], set())
    assert not list(tmp_path.iterdir())
