import numpy as np
import pytest

from common.pose_layouts import LAYOUTS
from video.pose_changes import change, resample

COCO = LAYOUTS["coco17"]


def sequence(frames=20, dimensions=2):
    places = np.random.default_rng(0).normal(0, 1, (1, 17, dimensions)) + np.linspace(0, 1, frames)[:, None, None]
    return np.concatenate([places, np.ones((frames, 17, 1))], axis=-1).astype(np.float32)


@pytest.mark.parametrize(("frames", "wanted"), [(20, 32), (20, 7), (1, 4)])
def test_resampled_evenly_from_end_to_end(frames, wanted):
    poses = sequence(frames)
    found = resample(poses, wanted)
    assert found.dtype == np.float32 and found.shape == (wanted, 17, 3)
    line = poses[0, 0, 0] + np.linspace(0, poses[-1, 0, 0] - poses[0, 0, 0], wanted)
    np.testing.assert_allclose(found[:, 0, 0], line, atol=1e-5)


def test_a_place_comes_from_where_the_joint_is_seen():
    poses = sequence(2)
    poses[1, 0] = (1000, 1000, 0)
    middle = resample(poses, 3)[1, 0]
    np.testing.assert_allclose(middle, [*poses[0, 0, :2], 0.5], atol=1e-2)


def test_random_parts_stay_inside_and_in_order():
    poses = sequence(40)
    for seed in range(20):
        times = resample(poses, 16, np.random.default_rng(seed))[:, 0, 0] - poses[0, 0, 0]
        assert (np.diff(times) > 0).all() and times.min() > -1e-5 and times.max() < 1 + 1e-5 and np.ptp(times) > 0.7


def test_mirrored_bodies_have_their_left_where_the_right_was():
    poses = sequence()
    poses[:, COCO.names.index("left wrist"), 0] += 50
    sides = set()
    for seed in range(12):
        changed = change(poses, COCO, np.random.default_rng(seed))
        left, right = (changed[:, COCO.names.index(f"{side} wrist"), 0] for side in ("left", "right"))
        assert abs(left.mean() - right.mean()) > 30
        sides.add((bool(abs(left.mean()) > abs(right.mean())), bool((left + right).mean() > 0)))
    assert sides == {(True, True), (False, False)}  # the far hand: to the right a left one, to the left, in the mirror, a right one


def test_kept_as_they_are_where_sides_matter():
    poses = sequence(dimensions=3)
    poses[:, COCO.names.index("left wrist"), 0] += 50
    before = poses.copy()
    for seed in range(12):
        changed = change(poses, COCO, np.random.default_rng(seed), mirror=False)
        assert changed[:, COCO.names.index("left wrist"), 0].mean() > 20
    np.testing.assert_array_equal(poses, before)


def test_changes_are_small_and_lose_whole_joints():
    poses = sequence(dimensions=3)
    lost = 0
    for seed in range(30):
        changed = change(poses, COCO, np.random.default_rng(seed), mirror=False)
        lost += (changed[..., -1] == 0).all(0).sum()
        assert set(np.unique(changed[..., -1])) <= {0, 1}
        assert np.abs(changed[..., :-1] - poses[..., :-1]).max() < 3
    assert 10 <= lost <= 45  # of 510, one in twenty
