"""Labels from several looks of teachers, and from tables of true boxes."""

import numpy as np
import pytest

from common.errors import InputError
from yolo3 import teacher
from yolo3.boxes import Detections
from yolo3.examples import to_tlbr

BOX = np.float32([10, 10, 30, 60])


class FakeTeacher:
    """Finds people in the left half only: a box at a bright pixel's column, of class 1."""

    names = ("dog", "person")

    def detect(self, frames):
        found = []
        for frame in frames:
            x = float(np.argmax(frame[0, :, 0]))
            box = np.float32([[x, 0, x + 10, 20]]) if x < frame.shape[1] / 2 else np.empty((0, 4), np.float32)
            found.append(Detections(box, np.full(len(box), 0.8, np.float32), np.full(len(box), 1)))
        return found


def look(*boxes):
    tlbr, score = zip(*boxes, strict=True) if boxes else ((), ())
    return np.reshape(tlbr, (-1, 4)), np.array(score), np.zeros(len(boxes), int)


def test_looks_that_agree_make_one_box():
    (row,) = teacher.fuse([look((BOX, 0.9)), look((BOX + 2, 0.3))], 100, 100)
    assert row[5] == pytest.approx(0.9)  # the better one of two
    assert np.allclose(to_tlbr(row[None], 100, 100), BOX + 0.5, atol=0.01)  # weights 0.9 and 0.3


def test_one_look_among_four_is_no_certain_label():
    (row,) = teacher.fuse([look((BOX, 0.9)), look(), look(), look()], 100, 100)
    assert row[5] == pytest.approx(0.45)


def test_weak_boxes_and_empty_looks_make_no_label():
    assert teacher.fuse([look((BOX, 0.15)), look(), look(), look()], 100, 100).shape == (0, 6)
    assert teacher.fuse([look(), look()], 100, 100).shape == (0, 6)


def test_apart_is_apart():
    rows = teacher.fuse([look((BOX, 0.9), (BOX + 15, 0.8))], 100, 100)
    assert np.allclose(rows[:, 5], [0.9, 0.8])


def test_the_mirror_image_is_looked_at_too():
    """The teacher sees only the left half; a person in the right half is found in the mirror, and at its own place."""
    frames = np.zeros((2, 30, 100, 3), np.uint8)
    frames[0, 0, 20], frames[1, 0, 79] = 255, 255
    left, right = teacher.label(list(frames), [FakeTeacher()], ("person",))
    assert left[0, 0] == right[0, 0] == 0
    assert np.allclose(to_tlbr(left, 100, 30), [[20, 0, 30, 20]], atol=0.01)
    assert np.allclose(to_tlbr(right, 100, 30), [[70, 0, 80, 20]], atol=0.01)


def test_a_table_gives_certain_labels_of_who_can_be_seen(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("frame,left,top,width,height,visible\n3,10,10,20,50,1\n3,40,10,20,50,0.3\n4,40,10,20,50,0.1\n")
    truth = teacher.read_truth(path, 100, 100)
    assert list(truth) == [3]
    assert np.allclose(to_tlbr(truth[3], 100, 100), [BOX, [40, 10, 60, 60]], atol=0.01)
    assert np.allclose(truth[3][:, 5], [1, 0.5])


def test_another_table_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("frame,x\n1,2\n")
    with pytest.raises(InputError, match="no table of boxes"):
        teacher.read_truth(path, 100, 100)


def test_shrinking_keeps_proportions_and_never_enlarges():
    assert teacher.shrink(np.zeros((90, 160, 3), np.uint8), 80).shape == (45, 80, 3)
    assert teacher.shrink(np.zeros((9, 16, 3), np.uint8), 80).shape == (9, 16, 3)
