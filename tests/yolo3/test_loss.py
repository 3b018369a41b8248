"""The detector's loss, part by part, against figures worked out by hand."""

import keras
import numpy as np
import pytest

from yolo3 import cfg as cfgs
from yolo3 import loss, targets

ONE_CELL = """[net]
width=32
height=32
[convolutional]
filters=6
size=32
stride=32
[yolo]
classes=1
anchors=10,20
scale_x_y=2
"""


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text(ONE_CELL)
    return targets.rows(cfgs.read(path))


def box(*values):
    return np.float32([values])


@pytest.mark.parametrize(
    ("true", "found", "overlap", "penalty"),
    [
        ((0, 0, 4, 4), (0, 0, 4, 4), 1, 0),
        ((0, 0, 4, 4), (2, 0, 4, 4), 1 / 3, 4 / (36 + 16)),
        ((0, 0, 2, 2), (10, 0, 2, 2), 0, 100 / (144 + 4)),
    ],
)
def test_ciou(true, found, overlap, penalty):
    got = [float(value[0]) for value in loss.ciou(box(*true), box(*found))]
    assert got == pytest.approx([overlap, penalty], abs=1e-5)


def test_ciou_minds_proportions():
    """Equal centres and IoU 0.25: only the term of proportions is left, weight × (4/π²)(atan 4 − atan 1)²."""
    overlap, penalty = (float(value[0]) for value in loss.ciou(box(0, 0, 4, 4), box(0, 0, 4, 1)))
    proportion = 4 / np.pi**2 * (np.arctan(4) - np.arctan(1)) ** 2
    assert overlap == pytest.approx(0.25, abs=1e-5)
    assert penalty == pytest.approx(proportion**2 / (0.75 + proportion), abs=1e-5)


def value(rows, target, output):
    return float(loss.YoloLoss(rows)(np.float32([[target]]), np.float32([[output]])))


def test_a_row_without_a_box_pays_for_its_objectness_only(rows):
    assert value(rows, [0] * 6, [9, 9, 9, 9, 0, 9]) == pytest.approx(np.log(2))
    assert value(rows, [0] * 6, [0, 0, 0, 0, -20, 0]) == pytest.approx(0, abs=1e-6)


def test_a_perfect_row_pays_nothing(rows):
    assert value(rows, [16, 16, 10, 20, 1, 1], [0, 0, 0, 0, 20, 20]) == pytest.approx(0, abs=1e-5)


def test_a_misplaced_row_pays_for_its_box_and_expects_less_of_itself(rows):
    """Twice as wide: IoU 0.5, so an objectness target of 0.75, whose cross-entropy at logit 0 is log 2."""
    output = [0, 0, np.log(2), 0, 0, 20]
    overlap, penalty = (float(part[0]) for part in loss.ciou(box(16, 16, 10, 20), box(16, 16, 20, 20)))
    assert overlap == pytest.approx(0.5, abs=1e-5)
    assert value(rows, [16, 16, 10, 20, 1, 1], output) == pytest.approx(5 * (1 - overlap + penalty) + np.log(2), abs=1e-4)


def test_an_uncertain_label_weighs_by_its_confidence(rows):
    """At a confidence of 0.2 the best objectness is 0.2, not 0 and not 1."""
    costs = [value(rows, [16, 16, 10, 20, 0.2, 1], [0, 0, 0, 0, np.log(p / (1 - p)), 20]) for p in (0.05, 0.2, 0.8)]
    assert costs[1] < costs[0] < costs[2]


def test_the_loss_teaches(rows):
    """Gradient steps on the outputs alone lead to the true box."""
    true = np.float32([[[25, 6, 18, 9, 1, 1]]])
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Reshape((1, 6))(keras.layers.Dense(6, use_bias=False, kernel_initializer="zeros")(inputs)))
    model.compile(keras.optimizers.Adam(0.05), loss.YoloLoss(rows))
    for _ in range(150):
        model.train_on_batch(np.ones((1, 1), np.float32), true)
    output = model.predict_on_batch(np.ones((1, 1), np.float32))
    found = np.asarray(loss.YoloLoss(rows).decode(output))[0, 0]
    assert np.abs(found - true[0, 0, :4]).max() < 0.5
    assert output[0, 0, 4] > 1
