"""Average precision, against figures worked out by hand."""

import numpy as np
import pytest

from yolo3.average_precision import average_precision, evaluate, match

BOX = np.float32([0, 0, 10, 10])
RIGHT = np.float32([1, 0, 1, 0])
AWAY = np.float32([50, 50, 60, 60])


def test_a_true_box_is_found_once():
    assert match(np.stack([BOX, BOX + 1, AWAY]), np.stack([BOX])).tolist() == [True, False, False]


def test_a_detection_takes_the_box_it_overlaps_most():
    truth = np.stack([BOX, BOX + 4 * RIGHT])
    assert match(np.stack([BOX + 3 * RIGHT, BOX]), truth).tolist() == [True, True]


def test_nothing_true_makes_every_detection_wrong():
    assert match(np.stack([BOX, AWAY]), np.empty((0, 4))).tolist() == [False, False]


@pytest.mark.parametrize(
    ("right", "truths", "expected"),
    [
        ([True, True], 2, 1.0),
        ([True, False, True], 2, (1 + 2 / 3) / 2),
        ([False, True, True], 2, 2 / 3),  # precision made falling: the later 2/3 counts for both
        ([True], 4, 0.25),
        ([False], 1, 0.0),
    ],
)
def test_area_under_the_curve(right, truths, expected):
    scores = np.linspace(0.9, 0.1, len(right))
    order = np.random.default_rng(0).permutation(len(right))
    assert average_precision(scores[order], np.array(right)[order], truths) == pytest.approx(expected)


def test_without_truth_there_is_no_figure():
    assert np.isnan(average_precision([0.5], [False], 0))


def test_pictures_are_ranked_together():
    """The wrong box of the second picture outranks the right one of the first."""
    results = [(np.stack([BOX]), np.float32([0.6])), (np.stack([AWAY]), np.float32([0.9]))]
    assert evaluate(results, [np.stack([BOX]), np.empty((0, 4), np.float32)]) == pytest.approx(0.5)
