"""Which rows of a network's output answer for which box."""

import numpy as np
import pytest

from yolo3 import cfg as cfgs
from yolo3 import targets

HEADS = """[net]
width=64
height=32
[convolutional]
filters=12
size=3
stride=8
pad=1
[yolo]
mask=0,1
anchors=4,8, 8,16, 30,30
num=3
scale_x_y=2
[route]
layers=0
[convolutional]
filters=6
size=3
stride=2
pad=1
[yolo]
mask=2
anchors=4,8, 8,16, 30,30
num=3
""".replace("num=3", "num=3\nclasses=1").replace("layers=0", "layers=-2")


@pytest.fixture
def cfg(tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text(HEADS)
    return cfgs.read(path)


def label(x, y, width, height, confidence=1.0):
    """Pixels of a 64×32 input -> a row of a label file."""
    return np.float32([0, x / 64, y / 32, width / 64, height / 32, confidence])


def test_rows_are_head_by_head_and_y_x_anchor(cfg):
    rows = targets.rows(cfg)
    assert len(rows) == 8 * 4 * 2 + 4 * 2 == rows.heads[1][0] + 8
    assert rows.cell[[0, 1, 2, 16]].tolist() == [[0, 0], [0, 0], [8, 0], [0, 8]]
    assert rows.anchor[[0, 1, 64]].tolist() == [[4, 8], [8, 16], [30, 30]]
    assert rows.stride[[0, 64], 0].tolist() == [8, 16] and rows.scale[[0, 64], 0].tolist() == [2, 1]
    assert len(targets.rows(cfg, 32, 32)) == 4 * 4 * 2 + 2 * 2


def test_a_box_goes_to_its_size_and_to_the_nearest_cells(cfg):
    """10×20 at (30, 13): the second anchor within a ratio of 3, the first at 2.5 and the third at 3.0; nearest: right and below."""
    rows = targets.rows(cfg)
    found = np.flatnonzero(targets.assign(label(30, 13, 10, 20)[None], rows, 1)[:, 4])
    assert {(tuple(rows.cell[i]), tuple(rows.anchor[i])) for i in found} == {
        *(((x, y), anchor) for x, y in ((24, 8), (32, 8), (24, 16)) for anchor in ((4, 8), (8, 16))),
        ((16, 0), (30, 30)),
    }


def test_a_target_holds_pixels_confidence_and_class(cfg):
    rows = targets.rows(cfg)
    target = targets.assign(np.float32([[1, 0.5, 0.5, 0.1, 0.5, 0.7]]), rows, 2)
    row = target[target[:, 4] > 0][0]
    assert np.allclose(row, [32, 16, 6.4, 16, 0.7, 0, 1])


def test_a_box_of_no_anchors_size_has_the_nearest(cfg):
    rows = targets.rows(cfg)
    found = np.flatnonzero(targets.assign(label(32, 16, 2, 30)[None], rows, 1)[:, 4])
    assert {tuple(rows.anchor[i]) for i in found} == {(4, 8)}  # 3.75 times, the others 4 and 15


@pytest.mark.parametrize(("first", "second", "winner"), [(1.0, 1.0, 1), (1.0, 0.3, 0), (0.3, 1.0, 1), (0.2, 0.4, 1)])
def test_two_boxes_for_one_row(cfg, first, second, winner):
    """The certain one has it; of equals the smaller, the second here."""
    boxes = np.stack([label(20, 12, 10, 20, first), label(20, 12, 8, 16, second)])
    target = targets.assign(boxes, targets.rows(cfg), 1)
    claimed = target[(target[:, 4] > 0) & (targets.rows(cfg).anchor[:, 0] == 8)]
    assert len(claimed) == 3 and (claimed[:, 2] == boxes[winner, 3] * 64).all()


def test_a_centre_on_the_border_stays_inside(cfg):
    rows = targets.rows(cfg)
    found = np.flatnonzero(targets.assign(label(64, 32, 8, 16)[None], rows, 1)[:, 4])
    assert {tuple(rows.cell[i]) for i in found} == {(56, 24)}
    assert targets.assign(np.empty((0, 6), np.float32), targets.rows(cfg), 1).sum() == 0
