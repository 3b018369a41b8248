"""group_frames.py through its command line."""

import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest


@pytest.fixture
def group(root, tmp_path):
    """Runs the script in a folder with three tracks of two videos, one name with spaces and a leading dash."""
    gap = [*range(1, 171), *range(181, 201)]
    for video, track_id, frames in [("-cam 1 ü", 4, range(1, 151)), ("-cam 1 ü", 5, range(11, 61)), ("yard", 7, gap)]:
        folder = tmp_path / video / str(track_id)
        folder.mkdir(parents=True)
        for number in frames:
            cv2.imwrite(str(folder / f"{number:06d}.jpg"), np.full((16, 16, 3), number % 256, np.uint8))
        (tmp_path / video / "tracks.csv").write_text("frame,track_id,left,top,width,height,score\n")
        (tmp_path / video / "video.json").write_text(json.dumps({"source": f"videos/{video}.mp4", "fps": 12.5}))

    def run(*arguments, typed="", code=0):
        done = subprocess.run(
            [sys.executable, root / "group_frames.py", *arguments], cwd=tmp_path, input=typed, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


def tree(folder):
    """Every file with what would change if it were written again."""
    return {str(p.relative_to(folder)): (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.rglob("*")}


def examples(folder):
    return sorted(str(path.parent.relative_to(folder)) for path in folder.glob("*/*/example.json"))


def test_ids(group, tmp_path):
    said = group("--class-name", "Fighting", "--ids", "4", "7")
    assert examples(tmp_path) == [
        "Fighting/-cam 1 ü_4_1-75", "Fighting/-cam 1 ü_4_76-150", "Fighting/yard_7_6-85", "Fighting/yard_7_86-165"
    ]  # fmt: skip
    for name in ("Fighting", "Standing", "Walking"):
        assert (tmp_path / name).is_dir()
    assert (tmp_path / "classes.txt").read_text() == "Fighting\nStanding\nWalking\n"
    folder = tmp_path / "Fighting/-cam 1 ü_4_76-150"
    numbers = sorted(int(path.stem) for path in folder.glob("*.jpg"))
    assert numbers == list(range(76, 151))
    assert all(os.path.samefile(path, tmp_path / "-cam 1 ü/4" / path.name) for path in folder.glob("*.jpg"))
    assert json.loads((folder / "example.json").read_text())["source"] == "videos/-cam 1 ü.mp4"
    assert [line.split() for line in said.splitlines()[-4:]] == [
        ["Fighting", "4", "4"], ["Standing", "0", "0"], ["Walking", "0", "0"], ["total", "4", "4"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["--class-name", "Fighting", "--ids", "4", "7"], ""),
        (["--class-name", "Walking", "--videos", "*", "--keep-short"], ""),
        (["--labels", "labels.csv"], ""),
        ([], "1\ns\n"),
    ],
)
def test_running_twice_changes_nothing(group, tmp_path, arguments, typed):
    (tmp_path / "labels.csv").write_text("track_id,first_frame,last_frame,class\n4,,,Walking\n7,1,70,Standing\n")
    group(*arguments, typed=typed)
    before = tree(tmp_path)
    assert len(examples(tmp_path)) > 1
    group(*arguments, typed=typed)
    assert tree(tmp_path) == before


def test_labels(group, tmp_path):
    (tmp_path / "my labels.csv").write_text("track_id,first_frame,last_frame,class\n4,1,70,Walking\n4,71,150,fight\n5,,,fight\n")
    said = group("--labels", "my labels.csv", "--classes", "Walking", "fight")
    assert examples(tmp_path) == ["Walking/-cam 1 ü_4_1-70", "fight/-cam 1 ü_4_71-150"]
    assert "1 of 3 rows gave no example (no run of 64 frames; --keep-short takes 16)" in said
    assert (tmp_path / "classes.txt").read_text() == "Walking\nfight\n"


def test_a_wrong_row_writes_nothing(group, tmp_path):
    (tmp_path / "labels.csv").write_text("track_id,first_frame,last_frame,class\n4,,,Walking\n5,,,Runing\n")
    before = tree(tmp_path)
    assert group("--labels", "labels.csv", code=1).startswith("error: labels.csv, line 3: there is no class 'Runing' among Fighting")
    assert tree(tmp_path) == before


def test_videos_by_name(group, tmp_path):
    group("--class-name", "noFight", "--videos", "ya*", "--classes", "fight", "noFight")
    assert {name.split("_")[0] for name in examples(tmp_path)} == {"noFight/yard"}
    assert "no tracks of videos named x*" in group("--class-name", "fight", "--videos", "x*", "--classes", "fight", "noFight", code=1)


def test_keep_short(group, tmp_path):
    group("--class-name", "Standing", "--ids", "5", "7", "--keep-short")
    assert examples(tmp_path) == [
        "Standing/-cam 1 ü_5_11-60", "Standing/yard_7_181-200", "Standing/yard_7_6-85", "Standing/yard_7_86-165"
    ]  # fmt: skip


def test_typed_answers_and_resuming(group, tmp_path):
    said = group(typed="3\nq\n")
    assert examples(tmp_path) == ["Walking/-cam 1 ü_4_1-75", "Walking/-cam 1 ü_4_76-150"]
    sheet = tmp_path / "-cam 1 ü" / "4_contact_sheet.jpg"
    assert str(sheet.relative_to(tmp_path)) in said and cv2.imread(str(sheet)).shape == (904, 800, 3)
    said = group(typed="1\n")
    assert "track 4 of" not in said and "track 7 of yard" in said and "every track has its answer" in said
    assert len(examples(tmp_path)) == 4


def test_another_class_for_the_same_frames(group, tmp_path):
    group("--class-name", "Fighting", "--ids", "4")
    before = tree(tmp_path)
    said = group("--class-name", "Walking", "--ids", "4", "7", code=1)
    assert said.startswith("error: Fighting/-cam 1 ü_4_1-75 holds frames of track 4 already") and said.count("\n") == 1
    assert tree(tmp_path) == before
    group("--class-name", "Walking", "--ids", "4", "--replace")
    assert examples(tmp_path) == ["Walking/-cam 1 ü_4_1-75", "Walking/-cam 1 ü_4_76-150"]


def test_input_and_output_folders(group, tmp_path):
    group("--input", str(tmp_path), "--output", "some where", "--class-name", "Fighting", "--ids", "4")
    assert len(examples(tmp_path / "some where")) == 2 and not (tmp_path / "Fighting").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--class-name", "Figting", "--ids", "4"], "error: there is no class 'Figting' among Fighting, Standing, Walking; did you mean"),
        (["--class-name", "Fighting", "--ids", "99"], "error: there is no track 99 (there are 3, from 4 to 7)"),
        (["--class-name", "a", "--ids", "4", "--classes", "a", "b/c"], "error: 'b/c' cannot be a class"),
        (["--class-name", "a", "--ids", "4", "--classes", "a", "a"], "error: 'a' cannot be a class: a class is named once"),
        (["--class-name", "yard", "--ids", "4", "--classes", "yard"], "error: yard holds the tracks of a video"),
        (["--input", "nowhere"], "error: there is no folder nowhere"),
        (["--input", "yard"], "error: no tracks in yard"),
        (["--labels", "absent.csv"], "error: cannot read absent.csv"),
    ],
)
def test_bad_input_is_one_line(group, tmp_path, arguments, message):
    before = tree(tmp_path)
    said = group(*arguments, code=1)
    assert said.startswith(message) and said.count("\n") == 1
    assert tree(tmp_path) == before


@pytest.mark.parametrize("arguments", [["--ids", "4"], ["--class-name", "Fighting"], ["--class-name", "Fighting", "--labels", "a.csv"]])
def test_flags_that_do_not_go_together(group, arguments):
    assert group(*arguments, code=2).startswith("usage:")


def test_examples_of_a_class_that_is_none_are_named(group):
    group("--class-name", "Fighting", "--ids", "4")
    assert "Fighting holds examples, but Fighting is not among the classes a, b" in group(
        "--classes", "a", "b", "--class-name", "a", "--ids", "7", code=1
    )
