"""A .cfg for other classes, anchors and sizes."""

import numpy as np
import pytest

from common.errors import InputError
from yolo3 import adapt
from yolo3 import cfg as cfgs

TEXT = """[net]
# the picture
width=64
height=32
[convolutional]
filters=12
size=1
[yolo]
mask=2,3
classes=1
anchors=1,2, 3,4, 5,6, 7,8
num=4
[route]
layers=0
[convolutional]
filters = 12
[yolo]
mask = 0,1
anchors=1,2, 3,4, 5,6, 7,8
num=4
classes=1
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text(TEXT.replace("layers=0", "layers=-2"))
    return path


def read(tmp_path, text):
    (tmp_path / "b.cfg").write_text(text)
    return cfgs.read(tmp_path / "b.cfg")


def test_nothing_to_change_changes_nothing(path):
    assert adapt.adapted(path) == path.read_text()


def test_classes_anchors_and_size(path, tmp_path):
    anchors = np.float32([[10, 20], [11, 21], [12, 22], [13, 23]])
    cfg = read(tmp_path, adapt.adapted(path, classes=3, anchors=anchors, size=(96, 64)))
    assert (cfg.width, cfg.height, cfg.classes) == (96, 64, 3)
    assert [head.anchors for head in cfg.heads] == [((12, 22), (13, 23)), ((10, 20), (11, 21))]
    assert [layer.filters for layer in cfg.layers if layer.kind == "convolutional"] == [16, 16]


def test_a_head_without_convolution_cannot_get_classes(tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text(TEXT.replace("[yolo]\nmask=2,3", "[maxpool]\nsize=1\n[yolo]\nmask=2,3"))
    with pytest.raises(InputError, match="cannot get other classes"):
        adapt.adapted(path, classes=2)
