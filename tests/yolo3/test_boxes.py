"""Pictures in, boxes out: hand-computed cases, and OpenCV's suppression."""

import cv2
import numpy as np
import pytest

from yolo3 import boxes


def random_boxes(count, seed=0):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 80, (count, 2))
    tlbr = np.concatenate([corner, corner + rng.uniform(5, 40, (count, 2))], axis=1).astype(np.float32)
    return tlbr, rng.uniform(0, 1, count).astype(np.float32), rng.integers(0, 3, count)


def test_a_stretched_frame_fills_the_input_in_rgb():
    frame = np.full((30, 60, 3), (1, 2, 3), np.uint8)  # BGR
    picture, placement = boxes.fit(frame, 32, 64, letter_box=False)
    assert picture.shape == (64, 32, 3)
    assert (picture == (3, 2, 1)).all()
    tlbr = boxes.to_pixels(np.float32([[0.5, 0.5, 1, 1]]), placement)
    assert tlbr.tolist() == [[0, 0, 60, 30]]


@pytest.mark.parametrize("shape", [(30, 60), (60, 30), (64, 32), (1, 1), (1, 500), (500, 1)], ids=str)
def test_a_letterboxed_frame_keeps_its_proportions_and_the_way_back_hits_its_borders(shape):
    frame = np.full((*shape, 3), 255, np.uint8)
    picture, placement = boxes.fit(frame, 64, 32, letter_box=True)
    rows, columns = np.nonzero((picture == 255).all(axis=2))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert height == 32 or width == 64
    assert abs(height - width * shape[0] / shape[1]) <= 1 or min(height, width) == 1
    assert set(np.unique(picture)) <= {boxes.GREY, 255}
    edges = np.float32([[columns.min() + width / 2, rows.min() + height / 2, width, height]]) / np.float32([64, 32, 64, 32])
    np.testing.assert_allclose(boxes.to_pixels(edges, placement), [[0, 0, shape[1], shape[0]]], atol=1e-3)


def test_overlap_of_known_boxes():
    box = np.float32([0, 0, 10, 10])
    others = np.float32([[0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10], [2, 2, 4, 4], [3, 3, 3, 3]])
    np.testing.assert_allclose(boxes.iou(box, others), [1, 1 / 3, 0, 0.04, 0], rtol=1e-6)
    assert boxes.iou(others[4], others[4:]).tolist() == [0]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.45, 0.7, 1.0])
def test_suppression_equals_opencvs_in_each_class(seed, threshold):
    tlbr, score, class_id = random_boxes(200, seed)
    expected = []
    for k in range(3):
        rows = np.flatnonzero(class_id == k)
        tlwh = np.concatenate([tlbr[rows, :2], tlbr[rows, 2:] - tlbr[rows, :2]], axis=1).astype(float)
        expected += rows[cv2.dnn.NMSBoxes(tlwh, score[rows], 0.0, threshold)].tolist()
    kept = boxes.suppress(tlbr, score, class_id, threshold)
    assert sorted(kept.tolist()) == sorted(expected)
    assert (np.diff(score[kept]) <= 0).all()


def test_suppression_is_greedy_and_not_transitive():
    # b overlaps a and c; a and c are apart. b falls to a, so c stays although b was better than it.
    tlbr = np.float32([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]])
    kept = boxes.suppress(tlbr, np.float32([0.9, 0.8, 0.7]), np.zeros(3, int), 0.3)
    assert kept.tolist() == [0, 2]


def test_of_equal_scores_the_earlier_box_stays():
    assert boxes.suppress(np.float32([[0, 0, 9, 9]] * 3), np.float32([0.5] * 3), np.zeros(3, int), 0.5).tolist() == [0]


def rows_of(*rows):
    return np.array(rows, np.float32)


def test_scores_are_objectness_times_class_and_every_wanted_class_counts():
    output = rows_of([0.5, 0.5, 0.2, 0.4, 0.8, 0.9, 0.1, 0.7], [0.2, 0.2, 0.1, 0.1, 0.4, 1, 1, 1])
    found = boxes.detections(output, boxes.Placement(200, 100), np.array([0, 2]), 0.5, 0.45)
    np.testing.assert_allclose(found.score, [0.72, 0.56], rtol=1e-6)
    assert found.class_id.tolist() == [0, 2]
    np.testing.assert_allclose(found.tlbr, [[80, 30, 120, 70]] * 2, rtol=1e-5)
    assert (found.tlbr.dtype, found.score.dtype, found.class_id.dtype) == (np.float32, np.float32, np.int64)


def test_boxes_end_at_the_frame_and_those_outside_are_dropped():
    output = rows_of([0, 0, 0.5, 0.5, 1, 1], [1.5, 0.5, 0.2, 0.2, 1, 0.9], [0.5, 0.5, 9, 9, 1, 0.8])
    found = boxes.detections(output, boxes.Placement(100, 40), np.array([0]), 0.5, 0.45)
    assert found.tlbr.tolist() == [[0, 0, 25, 10], [0, 0, 100, 40]]


def test_nothing_found_and_senseless_numbers_give_no_boxes():
    output = rows_of([0.5, 0.5, 0.1, 0.1, 0.1, 1], [0.5, 0.5, np.inf, 0.1, 1, 1], [np.nan] * 6)
    found = boxes.detections(output, boxes.Placement(10, 10), np.array([0]), 0.5, 0.45)
    assert (found.tlbr.shape, found.score.shape, found.class_id.shape, len(found)) == ((0, 4), (0,), (0,), 0)
    assert (found.tlbr.dtype, found.class_id.dtype) == (np.float32, np.int64)
