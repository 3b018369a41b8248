"""Pictures with label files, and sides without a recording in common."""

import cv2
import numpy as np
import pytest

from common.errors import InputError
from yolo3 import examples


@pytest.fixture
def picture(tmp_path):
    def make(name, labels="0 0.5 0.5 0.2 0.4\n"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((8, 16, 3), 99, np.uint8))
        if labels is not None:
            path.with_suffix(".txt").write_text(labels)
        return path

    return make


def test_a_folder_is_a_recording_and_a_lone_picture_too(tmp_path, picture):
    for name in ("hall/10.jpg", "hall/9.jpg", "deep/er/1.png", "a.jpg"):
        picture(name)
    found = examples.find(tmp_path)
    assert [one.image.name for one in found] == ["a.jpg", "1.png", "9.jpg", "10.jpg"]
    assert [one.recording for one in found] == ["a", "deep/er", "hall", "hall"]
    assert examples.read_image(found[0]).shape == (8, 16, 3)


def test_labels_in_a_folder_of_their_own(tmp_path, picture):
    image = picture("images/a.jpg", labels=None)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("")
    (one,) = examples.find(tmp_path)
    assert one == examples.Example(image, tmp_path / "labels/a.txt", "a")
    assert examples.read_labels(one.labels, 1).shape == (0, 6)


def test_a_picture_without_labels_is_named(tmp_path, picture):
    picture("a.jpg", labels=None)
    with pytest.raises(InputError, match=r"no label file a\.txt"):
        examples.find(tmp_path)


@pytest.mark.parametrize(
    "line", ["0 0.5 0.5 0.2", "0 0.5 0.5 0 0.1", "0 0.5 1.5 0.1 0.1", "a b c d e", "0 0.5 0.5 0.1 0.1 nan", "1 0.5 0.5 0.1 0.1"]
)
def test_bad_labels_are_refused(tmp_path, line):
    path = tmp_path / "a.txt"
    path.write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(InputError, match="line 2"):
        examples.read_labels(path, 1)


def test_labels_come_back(tmp_path):
    tlbr = np.float32([[10, 20, 30, 60], [-5, 0, 5, 10], [200, 0, 210, 9]])
    rows = examples.to_rows(tlbr, np.array([0, 1, 0]), np.float32([1, 0.25, 1]), 100, 80)
    assert len(rows) == 2  # the third lies outside
    examples.write_labels(tmp_path / "a.txt", rows)
    again = examples.read_labels(tmp_path / "a.txt", 2)
    assert again[:, [0, 5]].tolist() == [[0, 1], [1, 0.25]]
    assert np.abs(examples.to_tlbr(again, 100, 80) - [[10, 20, 30, 60], [0, 0, 5, 10]]).max() < 0.01


def test_no_recording_is_on_both_sides():
    found = [examples.Example(None, None, f"r{i % 10}") for i in range(50)]
    held = examples.split(found, 0.3, seed=1)
    assert len(held) == 3 and held == examples.split(found, 0.3, seed=1) and held != examples.split(found, 0.3, seed=2)
    assert len(examples.split(found, 0.0)) == 1 and len(examples.split(found, 1.0)) == 9
