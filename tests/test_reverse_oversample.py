"""reverse_oversample.py through its command line, and killed at every place."""

import json
import os
import subprocess
import sys

import pytest

import reverse_oversample
from video import examples


def make_example(folder, numbers, about=None):
    folder.mkdir(parents=True)
    for number in numbers:
        (folder / f"{number:06d}.jpg").write_bytes(b"picture %d" % number)
    if about is not None:
        (folder / "example.json").write_text(json.dumps(about))
    return folder


def shown(folder):
    """The pictures in order, by the number in their content."""
    return [int(path.read_bytes().split()[1]) for path in sorted(folder.glob("[0-9]*.jpg"))]


def state(folder):
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*")}


@pytest.fixture
def run(root, tmp_path):
    def run(*arguments, code=0):
        done = subprocess.run(
            [sys.executable, root / "reverse_oversample.py", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


def test_command(run, tmp_path):
    half = make_example(tmp_path / "Fighting/a b_1_0-31", range(32), {"video": "a b", "frames": 32})
    few = make_example(tmp_path / "Fighting/c_2_100-115", range(100, 116))
    long = make_example(tmp_path / "Walking/d_3_1-64", range(1, 65), {"frames": 64})
    other = make_example(tmp_path / "Standing/e_4_1-20", range(1, 21))
    untouched = state(long) | state(other)
    originals = {path: (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) for path in half.glob("*.jpg")}
    said = run("Fighting", "Walking")

    assert shown(half) == [*range(32), *range(30, -1, -1), 1]
    assert sorted(path.name for path in half.glob("*.jpg"))[-1] == "000063.jpg"
    forth, back = list(range(100, 116)), list(range(114, 99, -1))
    assert shown(few) == [*forth, *back, *forth[1:], *back, *forth[1:4]]
    assert sorted(path.name for path in few.glob("*.jpg"))[16] == "000116.jpg"
    assert state(long) | state(other) == untouched
    assert {path: (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) for path in originals} == originals
    assert os.path.samefile(half / "000032.jpg", half / "000030.jpg")
    assert json.loads((half / "example.json").read_text()) == {"video": "a b", "frames": 32, "lengthened_to": 64}
    assert said.splitlines() == [
        "Fighting: 2 of 2 examples lengthened to 64 frames (80 pictures appended)",
        "Walking: 0 of 1 examples lengthened to 64 frames (0 pictures appended)",
    ]

    before = state(tmp_path)
    run("Fighting", "Walking")
    assert state(tmp_path) == before


def test_a_single_picture_is_repeated(run, tmp_path):
    folder = make_example(tmp_path / "data/Standing/x_1_5-5", [5])
    run("Standing", "--input", "data")
    assert shown(folder) == [5] * 64


@pytest.mark.parametrize("links", [True, False])
def test_killed_anywhere_and_started_again(tmp_path, monkeypatch, links):
    real = os.link

    def link(source, target):
        calls.append(source)
        if len(calls) == stop:
            raise KeyboardInterrupt
        if not links:
            raise OSError("no hard links here")
        real(source, target)

    monkeypatch.setattr(examples.os, "link", link)
    for stop in (1, 2, 17, 32):
        folder = make_example(tmp_path / str(stop), range(32))
        calls = []
        with pytest.raises(KeyboardInterrupt):
            reverse_oversample.lengthen(folder)
        assert len(shown(folder)) == 31 + stop
        reverse_oversample.lengthen(folder)
        assert shown(folder) == [*range(32), *range(30, -1, -1), 1]


def test_an_unknown_class_stops_before_the_first_is_touched(run, tmp_path):
    make_example(tmp_path / "Fighting/a_1_0-31", range(32))
    before = state(tmp_path)
    assert run("Fighting", "Runing", code=1) == "error: there is no class folder Runing; group_frames.py makes them\n"
    assert state(tmp_path) == before


def test_an_empty_class_is_said(run, tmp_path):
    (tmp_path / "Walking/.x_1_1-64.part").mkdir(parents=True)
    assert run("Walking") == "Walking: no examples\n"


def test_no_class_is_a_usage_error(run):
    assert run(code=2).startswith("usage:")
