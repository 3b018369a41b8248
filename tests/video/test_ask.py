"""Labelling by hand: contact sheets, keys, resuming, changing one's mind."""

import os
import pty
import sys
import termios
import threading
import time

import cv2
import numpy as np
import pytest

from common.errors import InputError
from video import ask
from video.ask import Questions
from video.contact_sheet import write_contact_sheet
from video.examples import Library, find_tracks

CLASSES = ("Fighting", "Standing", "Walking")


@pytest.fixture
def tracks(tmp_path):
    for video, track_id, count in [("a", 1, 70), ("a", 2, 70), ("a", 3, 20), ("b", 4, 130)]:
        folder = tmp_path / "in" / video / str(track_id)
        folder.mkdir(parents=True)
        for number in range(1, count + 1):
            cv2.imwrite(str(folder / f"{number:06d}.jpg"), np.full((16, 16, 3), number, np.uint8))
    return find_tracks(tmp_path / "in")


def answer(tmp_path, tracks, keys, **options):
    """Answer with `keys`, then with end of input; returns the folders of examples."""
    given = iter([*keys, "q"])
    library = Library(tmp_path / "out")
    Questions(tracks, library, CLASSES, **options).run(lambda: next(given))
    return sorted(f"{stored.label}/{stored.folder.name}" for stored in Library(tmp_path / "out").stored)


def test_one_key_labels_a_track(tmp_path, tracks, capsys):
    assert answer(tmp_path, tracks, ["3", "1"]) == ["Fighting/a_2_1-70", "Walking/a_1_1-70"]
    said = capsys.readouterr().out
    assert "1/3  track 1 of a: 70 frames, 1 to 70" in said  # track 3 is too short to be asked for
    assert str(tmp_path / "in/a/1_contact_sheet.jpg") in said


def test_a_later_start_goes_on(tmp_path, tracks, capsys):
    answer(tmp_path, tracks, ["s", "1"])
    capsys.readouterr()
    assert answer(tmp_path, tracks, ["2"]) == ["Fighting/a_2_1-70", "Standing/b_4_1-65", "Standing/b_4_66-130"]
    assert "3/3  track 4 of b" in capsys.readouterr().out
    answer(tmp_path, tracks, [])
    assert capsys.readouterr().out == "every track has its answer\n"


def test_back_changes_an_answer(tmp_path, tracks, capsys):
    assert answer(tmp_path, tracks, ["1", "b", "3", "s"]) == ["Walking/a_1_1-70"]
    assert "so far: Fighting" in capsys.readouterr().out
    assert answer(tmp_path, tracks, ["b", "2"]) == ["Standing/a_2_1-70", "Walking/a_1_1-70"]
    assert answer(tmp_path, tracks, ["b", "s"]) == ["Walking/a_1_1-70"]
    assert not (tmp_path / "out/Standing/a_2_1-70").exists()


def test_back_at_the_first_track_stays_there(tmp_path, tracks):
    assert answer(tmp_path, tracks, ["b", "b", "1"]) == ["Fighting/a_1_1-70"]


def test_other_keys_are_asked_again(tmp_path, tracks, capsys):
    assert answer(tmp_path, tracks, ["4", "", "11", "\x1b[a", "1"]) == ["Fighting/a_1_1-70"]
    assert capsys.readouterr().out.count("is none of these keys") == 4


def test_short_tracks_are_asked_for_with_keep_short(tmp_path, tracks):
    assert answer(tmp_path, tracks, ["s", "s", "2"], keep_short=True) == ["Standing/a_3_1-20"]


def type_when_asked(master, slave, typed):
    """Type once the terminal gives single keys; what was typed before the question is thrown away."""
    deadline = time.monotonic() + 20
    while termios.tcgetattr(slave)[3] & termios.ICANON and time.monotonic() < deadline:
        time.sleep(0.005)
    os.write(master, typed if time.monotonic() < deadline else b"\n")


def test_a_terminal_gives_single_keys(monkeypatch):
    master, slave = pty.openpty()
    got = []
    with os.fdopen(slave, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        for typed in [b"1", b"S", b"\x1b[A", b"\x04"]:
            typist = threading.Thread(target=type_when_asked, args=(master, slave, typed))
            typist.start()
            got.append(ask._read_key())
            typist.join()
        assert termios.tcgetattr(slave)[3] & termios.ICANON
    os.close(master)
    assert got == ["1", "s", "\x1b[a", "q"]


def test_more_classes_than_keys_are_refused(tmp_path, tracks):
    with pytest.raises(InputError, match="use --labels"):
        Questions(tracks, Library(tmp_path), [f"class{i}" for i in range(40)])


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (5, 2), (16, 4), (500, 4)])
def test_contact_sheet(tmp_path, count, rows):
    pictures = {}
    for number in range(count):
        pictures[number] = tmp_path / f"{number:06d}.jpg"
        cv2.imwrite(str(pictures[number]), np.full((40, 20, 3), 255 * number // max(count - 1, 1), np.uint8))
    write_contact_sheet(tmp_path / "sheet.jpg", pictures)
    sheet = cv2.imread(str(tmp_path / "sheet.jpg"))
    assert sheet.shape == (rows * 226, 800, 3)
    centres = [int(sheet[226 * (i // 4) + 100, 200 * (i % 4) + 50].mean()) for i in range(min(count, 16))]
    expected = np.linspace(0, 255 if count > 1 else 0, min(count, 16))  # the first, the last, and evenly between
    assert np.abs(np.array(centres) - expected).max() < 6
