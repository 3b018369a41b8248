import numpy as np

from deep_sort.iou_matching import iou_cost, tlbr_to_xyah, xyah_to_tlbr


def test_box_formats_by_hand_and_back():
    tlbr = np.array([[10.0, 20, 50, 100], [-5, 0, 5, 40]])
    assert tlbr_to_xyah(tlbr).tolist() == [[30, 60, 0.5, 80], [0, 20, 0.25, 40]]
    np.testing.assert_allclose(xyah_to_tlbr(tlbr_to_xyah(tlbr)), tlbr)


def test_a_box_shrunk_below_zero_has_no_extent():
    assert xyah_to_tlbr(np.array([7.0, 9, 0.5, -4])).tolist() == [7, 9, 7, 9]
    assert xyah_to_tlbr(np.array([7.0, 9, -0.5, 4])).tolist() == [7, 7, 7, 11]


def test_overlap_by_hand():
    tracks = np.array([[0.0, 0, 10, 10], [100, 100, 100, 100]])  # the second has no extent
    boxes = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10], [2, 2, 4, 7], [-30, -30, -20, -20]])
    np.testing.assert_allclose(1 - iou_cost(tracks, boxes), [[1, 1 / 3, 0, 0.1, 0], [0, 0, 0, 0, 0]], atol=1e-15)


def test_no_boxes():
    assert iou_cost(np.empty((0, 4)), np.ones((3, 4))).shape == (0, 3)
    assert iou_cost(np.ones((3, 4)), np.empty((0, 4))).shape == (3, 0)
