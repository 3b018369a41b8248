"""Lists of clips: what a line may look like, and what is said of a line that cannot be used."""

from pathlib import Path

import numpy as np
import pytest
from tiny_recogniser import write_clip

from common.errors import InputError
from video.lists import check_clips, read_classes, read_list


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """An empty datasetlist in the current directory, beside two clips of 3 and 5 frames."""
    monkeypatch.chdir(tmp_path)
    for name, frames in (("fight/a clip 1.avi", 3), ("b.avi", 5)):
        write_clip(tmp_path / name, np.zeros((frames, 16, 16, 3), np.uint8))
    (tmp_path / "datasetlist").mkdir()
    return tmp_path / "datasetlist"


def write(lists, text, name="trainlist.txt"):
    path = lists / name
    path.write_text(text, encoding="utf-8")
    return path


def test_path_ends_at_the_last_space(lists):
    path = write(lists, f"fight/a clip 1.avi 2\n\n{lists.parent}/b.avi 0\r\n")
    first, second = read_list(path, 3)
    assert (first.path, first.label, first.where) == (Path("fight/a clip 1.avi"), 2, f"{path}, line 1")
    assert (second.path, second.label, second.where) == (lists.parent / "b.avi", 0, f"{path}, line 3")


def test_relative_paths_are_also_looked_for_beside_the_lists_folder(lists, tmp_path_factory, monkeypatch):
    path = write(lists, "b.avi 1\n")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert read_list(path, 2)[0].path == lists.parent / "b.avi"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("b.avi 0\nb.avi 3\n", "trainlist.txt, line 2: class index 3, but there are 3 classes"),
        ("b.avi\n", "line 1: 'b.avi' is not of the form"),
        ("b.avi one\n", "line 1: 'b.avi one' is not of the form"),
        ("b.avi -1\n", "line 1: 'b.avi -1' is not of the form"),
        ("b.avi 0\nnowhere.avi 0\n", "line 2: there is no clip nowhere.avi"),
        ("\n \n", "lists no clip"),
    ],
)
def test_unusable_line_is_named(lists, text, says):
    with pytest.raises(InputError) as error:
        read_list(write(lists, text), 3)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_missing_list_is_named(lists):
    with pytest.raises(InputError, match=r"vallist.txt cannot be read \(No such file"):
        read_list(lists / "vallist.txt", 2)


def test_list_that_is_not_text_is_named(lists):
    (lists / "trainlist.txt").write_bytes(b"\xff\xfe\x00b")
    with pytest.raises(InputError, match="not UTF-8"):
        read_list(lists / "trainlist.txt", 2)


def test_frames_are_counted(lists):
    examples = read_list(write(lists, "fight/a clip 1.avi 0\nb.avi 0\n"), 1)
    assert check_clips(examples) == [3, 5]


def test_unreadable_clip_is_named_by_its_line_and_the_others_counted(lists):
    for name in ("c.avi", "d.avi"):
        (lists.parent / name).write_bytes(b"not a video")
    examples = read_list(write(lists, "b.avi 0\nc.avi 0\nd.avi 0\n"), 1)
    with pytest.raises(InputError, match=r"trainlist.txt, line 2: cannot open c.avi.*\(1 more clips cannot be read\)"):
        check_clips(examples)


def test_classes(lists):
    assert read_classes(lists) is None
    write(lists, "fight\nno fight\n\n", "classes.txt")
    assert read_classes(lists) == ["fight", "no fight"]


@pytest.mark.parametrize(("text", "says"), [("\n", "is empty"), ("a\nb\na\n", "'a' twice")])
def test_unusable_classes(lists, text, says):
    write(lists, text, "classes.txt")
    with pytest.raises(InputError, match=says):
        read_classes(lists)
