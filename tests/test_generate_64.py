"""generate_64.py through its command line."""

import csv
import json
import subprocess
import sys
from functools import cache

import av
import cv2
import numpy as np
import pytest


@cache
def jpeg(value, size=32):
    return cv2.imencode(".jpg", np.full((size, size, 3), value, np.uint8))[1].tobytes()


def make_example(folder, label, video, track_id, first, count, fps=12.5, named=True):
    place = folder / label / f"{video}_{track_id}_{first}-{first + count - 1}"
    place.mkdir(parents=True)
    for number in range(first, first + count):
        (place / f"{number:06d}.jpg").write_bytes(jpeg(number % 256))
    if named:
        about = {"video": video, "source": f"videos/{video}.mp4", "fps": fps, "track_id": track_id, "frames": count}
        (place / "example.json").write_text(json.dumps(about))
    return place


@pytest.fixture
def run(root, tmp_path):
    def run(*arguments, code=0):
        command = [sys.executable, root / "generate_64.py", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


def listed(folder, name):
    """(path, class index) of the lines of a list, read as its format says: the index follows the last space."""
    lines = (folder / "datasetlist" / name).read_text().splitlines()
    return [(line.rsplit(" ", 1)[0], int(line.rsplit(" ", 1)[1])) for line in lines]


def grey(path):
    """The grey value of each frame of a clip, and its frame rate."""
    with av.open(str(path)) as container:
        values = [int(frame.to_ndarray(format="gray").mean().round()) for frame in container.decode(video=0)]
        return values, container.streams.video[0].average_rate


def test_first_and_last_64_frames(run, tmp_path):
    make_example(tmp_path, "Fighting", "my cam ü", 3, 11, 75)
    make_example(tmp_path, "Walking", "b", 4, 1, 64)
    run("--val-fraction", "0")
    assert listed(tmp_path, "trainlist.txt") == [
        ("clips/Fighting/my cam ü_3_11-85_first.avi", 0),
        ("clips/Fighting/my cam ü_3_11-85_last.avi", 0),
        ("clips/Walking/b_4_1-64_first.avi", 2),
    ]
    assert (tmp_path / "datasetlist/classes.txt").read_text() == "Fighting\nStanding\nWalking\n"
    assert (tmp_path / "datasetlist/vallist.txt").read_text() == ""
    for name, start in [("first", 11), ("last", 22)]:
        values, fps = grey(tmp_path / f"clips/Fighting/my cam ü_3_11-85_{name}.avi")
        assert values == pytest.approx(range(start, start + 64), abs=1) and fps == 12.5
    assert len(list((tmp_path / "clips").rglob("*"))) == 5
    capture = cv2.VideoCapture(str(tmp_path / "clips/Walking/b_4_1-64_first.avi"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 64 and capture.read()[1].shape == (32, 32, 3)


def test_no_recording_on_both_sides(run, tmp_path):
    for number in range(20):
        make_example(tmp_path, "Fighting", f"f{number // 2}", number, 1, 70 if number % 3 else 64)
        make_example(tmp_path, "Walking", f"w{number // 4}" if number > 7 else f"f{number}", 100 + number, 1, 64)
    (tmp_path / "classes.txt").write_text("Walking\nFighting\n")
    lists = {}
    for seed in ("0", "0", "1", "2"):
        run("--seed", seed)
        train, val = (listed(tmp_path, name) for name in ("trainlist.txt", "vallist.txt"))
        assert not {path.split("/")[2].split("_")[0] for path, _ in train} & {path.split("/")[2].split("_")[0] for path, _ in val}
        paths = [path for path, _ in train + val]
        assert sorted(paths) == sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("clips/*/*.avi"))
        assert all(path.split("/")[1] == ("Walking", "Fighting")[index] for path, index in train + val)
        assert train == sorted(train) and val == sorted(val)
        for index, total in [(0, 20), (1, 33)]:
            assert abs(sum(label == index for _, label in val) / total - 0.2) <= 0.1
        lists.setdefault(seed, (train, val))
        assert lists[seed] == (train, val)


def test_groups_of_videos_cut_from_one_recording(run, tmp_path):
    rows = [("path", "class", "source")]
    for number in range(12):
        label, video = ("Fighting", "Walking")[number % 2], f"v{number}_g{number // 3}"
        make_example(tmp_path, label, video, number + 1, 1, 64)
        rows.append((f"videos/{video}.mp4", label, f"recording {number // 3}"))
    with open(tmp_path / "groups.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    lists = []
    for arguments in (["--groups", "groups.csv"], ["--group-by", "g[0-9]"]):
        run("--val-fraction", "0.25", *arguments)
        train, val = ({path.split("_")[1] for path, _ in listed(tmp_path, f"{side}list.txt")} for side in ("train", "val"))
        assert len(train) == 3 and len(val) == 1 and not train & val
        lists.append((train, val))
    assert lists[0] == lists[1]
    before = (tmp_path / "datasetlist/vallist.txt").read_bytes()
    (tmp_path / "groups.csv").write_text("path,source\nv1,a\n")
    assert run("--groups", "groups.csv", code=1).startswith("error: groups.csv has no row")
    assert (tmp_path / "datasetlist/vallist.txt").read_bytes() == before


def test_one_recording_is_said(run, tmp_path):
    for number in range(4):
        make_example(tmp_path, "Fighting", "only", number + 1, 1, 64)
        make_example(tmp_path, "Walking", f"w{number}", number + 11, 1, 64)
    said = run()
    assert "warning: all clips of Fighting are of one recording (only), so all are for training" in said
    assert "warning: there are no clips of Standing" in said
    assert [index for _, index in listed(tmp_path, "vallist.txt")] == [2]


def test_short_examples_are_counted_and_left_out(run, tmp_path):
    make_example(tmp_path, "Fighting", "a", 1, 1, 63)
    make_example(tmp_path, "Fighting", "b", 2, 1, 64)
    said = run()
    assert "left out 1 examples of fewer than 64 frames; reverse_oversample.py lengthens them" in said
    assert listed(tmp_path, "trainlist.txt") == [("clips/Fighting/b_2_1-64_first.avi", 0)]


def test_a_broken_picture_costs_its_example_only(run, tmp_path):
    broken = make_example(tmp_path, "Fighting", "a", 1, 1, 64) / "000009.jpg"
    broken.write_bytes(broken.read_bytes()[:200])
    odd = make_example(tmp_path, "Fighting", "b", 2, 1, 64) / "000010.jpg"
    odd.write_bytes(jpeg(0, 48))
    make_example(tmp_path, "Fighting", "c", 3, 1, 64)
    said = run(code=1)
    assert said.splitlines() == [
        "error: Fighting/a_1_1-64/000009.jpg is not a complete JPEG picture; delete it, or extract its video again",
        "error: Fighting/b_2_1-64/000010.jpg is 48×48, but 000001.jpg is 32×32; "
        "the pictures of one example must have one size: extract its video again",
    ]
    assert listed(tmp_path, "trainlist.txt") == [("clips/Fighting/c_3_1-64_first.avi", 0)]


def test_again_after_a_change(run, tmp_path):
    gone = make_example(tmp_path, "Fighting", "a", 1, 1, 70)
    make_example(tmp_path, "Fighting", "b", 2, 1, 64)
    run()
    clip = tmp_path / "clips/Fighting/b_2_1-64_first.avi"
    written = clip.stat().st_mtime_ns
    for path in gone.iterdir():
        path.unlink()
    gone.rmdir()
    make_example(tmp_path, "Walking", "a", 1, 1, 64)
    said = run()
    names = [path for name in ("trainlist.txt", "vallist.txt") for path, _ in listed(tmp_path, name)]
    assert sorted(names) == ["clips/Fighting/b_2_1-64_first.avi", "clips/Walking/a_1_1-64_first.avi"]
    assert "2 clips in clips are of no example any more and not listed" in said
    assert clip.stat().st_mtime_ns == written
    (tmp_path / "Fighting/b_2_1-64/000001.jpg").write_bytes(jpeg(200))
    run()
    assert grey(clip)[0][0] == 200


def test_examples_made_by_hand(run, tmp_path):
    make_example(tmp_path, "run", "a", 1, 1, 64, named=False)
    make_example(tmp_path, "jump", "b", 2, 1, 64, named=False)
    (tmp_path / "jump/third").mkdir()
    said = run("--val-fraction", "0")
    assert (tmp_path / "datasetlist/classes.txt").read_text() == "jump\nrun\n"
    assert "2 examples do not say the frame rate of their recording: 25 taken" in said
    assert "left out 1 folders not named <video>_<track id>_<first>-<last>, such as jump/third" in said
    assert grey(tmp_path / "clips/run/a_1_1-64_first.avi")[1] == 25


def test_other_folders_and_classes(run, tmp_path):
    for label in ("run", "jump", "sit"):
        make_example(tmp_path / "in", label, label, 1, 1, 64)
    folders = ["--input", "in", "--output", "out put", "--lists", "sub/datasetlist"]
    run(*folders, "--classes", "sit", "jump", "--val-fraction", "0")
    assert listed(tmp_path / "sub", "trainlist.txt") == [("out put/jump/jump_1_1-64_first.avi", 1), ("out put/sit/sit_1_1-64_first.avi", 0)]
    (tmp_path / "in/classes.txt").write_text("sit\njump\n")
    assert "in/run holds examples, but in/classes.txt does not name run" in run(*folders, code=1)


def test_nothing_to_do_is_one_line(run, tmp_path):
    assert run(code=1) == "error: no example of 64 frames in .; group_frames.py makes them\n"
    assert not (tmp_path / "datasetlist").exists()
