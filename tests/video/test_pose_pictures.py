"""Pictures with joints: read, changed together, and judged."""

import numpy as np
import pytest

from common.errors import InputError
from common.pose_layouts import LAYOUTS
from video.pose_pictures import Pictures, PoseBatches, change, chosen, found, read_pictures, resized, targets

LAYOUT = LAYOUTS["coco17"]
SIDE = 48


def spots(count=3):
    """Dark pictures with a bright spot each, which all joints but the first lie on; of the first nothing is known."""
    rng = np.random.default_rng(0)
    pictures, joints = np.zeros((count, SIDE, SIDE, 3), np.uint8), np.zeros((count, 17, 3), np.float32)
    for picture, pose in zip(pictures, joints, strict=True):
        x, y = rng.integers(16, 32, 2)
        picture[y - 1 : y + 2, x - 1 : x + 2] = 200
        pose[1:] = x + 0.5, y + 0.5, 1
    return Pictures(pictures, joints, np.arange(count), "coco17")


def centre(picture):
    weight = picture[..., 0] / picture[..., 0].sum()
    return np.array([(weight.sum(axis) * (np.arange(SIDE) + 0.5)).sum() for axis in (0, 1)])


def test_joints_follow_the_picture():
    source = spots(1)
    for seed in range(8):
        picture, joints = change(source.pictures[0], source.joints[0], LAYOUT, np.random.default_rng(seed))
        np.testing.assert_allclose(joints[2, :2], centre(picture), atol=0.3)
        assert joints[:, 2].sum() == 16


def test_left_and_right_change_places_in_a_mirror():
    picture, joints = np.zeros((SIDE, SIDE, 3), np.uint8), np.full((17, 3), 24, np.float32)
    left, right = LAYOUT.numbers(["left wrist", "right wrist"])
    joints[left, 0], joints[right, 0] = 44, 4
    mirrored = [change(picture, joints, LAYOUT, np.random.default_rng(seed))[1] for seed in range(12)]
    assert all(pose[left, 0] > pose[right, 0] for pose in mirrored)  # whichever side it is on, it stays the one that was seen right


def test_batches_follow_from_the_seed_and_differ_from_epoch_to_epoch():
    first, again = (PoseBatches(spots(), 2, seed=1) for _ in range(2))
    assert len(first) == 1
    np.testing.assert_array_equal(first[0][0]["pictures"], again[0][0]["pictures"])
    again.on_epoch_end()
    assert (first[0][0]["pictures"] != again[0][0]["pictures"]).any()
    assert first[0][1].shape == (2, 17, 3) and (first[0][1][:, :, 2].sum(1) == 16).all()


def test_found_counts_known_joints_inside():
    wanted = targets(np.float32([[[24, 24, 1], [24, 24, 0.1], [-5, 24, 1], [4.8, 4.8, 0.9]]]), SIDE)
    np.testing.assert_allclose(wanted[0, 3], (0.1, 0.1, 1), atol=1e-6)
    said = wanted + np.float32([0.09, 0, 0])
    assert found(said, wanted) == 1
    said[0, 3, 1] += 0.06
    assert found(said, wanted) == 0.5


def test_file(tmp_path):
    source = spots()
    np.savez(tmp_path / "a.npz", **source._asdict())
    stored = read_pictures(tmp_path / "a.npz")
    np.testing.assert_array_equal(stored.pictures, source.pictures)
    half = resized(chosen(stored, [2]), SIDE // 2)
    assert half.pictures.shape == (1, SIDE // 2, SIDE // 2, 3)
    np.testing.assert_allclose(half.joints[0, 1, :2], source.joints[2, 1, :2] / 2)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"layout": "lizard"}, "layout one of"),
        ({"pictures": np.zeros((3, 8, 9, 3), np.uint8)}, "must be"),
        ({"joints": np.zeros((3, 16, 3))}, r"joints \(3, 16, 3\)"),
    ],
)
def test_a_file_that_does_not_fit_is_one_line(tmp_path, facts, says):
    np.savez(tmp_path / "a.npz", **(spots()._asdict() | facts))
    with pytest.raises(InputError, match=says):
        read_pictures(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"not an \.npz file with pictures, joints, recording, layout"):
        read_pictures(tmp_path / "b.npz")
