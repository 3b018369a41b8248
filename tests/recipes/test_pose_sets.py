"""Who is trained on and who is tested, in the public sets of poses."""

import numpy as np
import pytest

from recipes.pose_batches import PoseBatches
from recipes.pose_data import PoseSet, Sequences, jhmdb, utd_mhad
from recipes.pose_sets import validation_of


def toy(count=24, groups=None):
    rng = np.random.default_rng(0)
    poses = [rng.random((9 + i, 15, 3)).astype(np.float32) for i in range(count)]
    known = Sequences(poses, np.arange(count) % 3, np.arange(count) if groups is None else np.arange(count) % groups)
    return PoseSet("jhmdb15", 2, ["a", "b", "c"], known, known, mirror=True)


def test_jhmdb_has_its_official_split(data):
    found = jhmdb(data)
    assert (len(found.train.poses), len(found.test.poses), len(found.classes)) == (433, 176, 14)
    assert found.train.poses[0].shape[1:] == (15, 3) and sum(map(len, found.test.poses)) == 5918
    frames = {frame.tobytes() for poses in found.train.poses for frame in poses}
    assert not any(frame.tobytes() in frames for poses in found.test.poses for frame in poses)


def test_utd_mhad_keeps_subjects_apart(data):
    found = utd_mhad(data)
    assert set(found.train.groups) == {1, 3, 5, 7} and set(found.test.groups) == {2, 4}
    assert (len(found.train.poses), len(found.test.poses), len(found.classes)) == (431, 216, 27) and not found.mirror
    head, foot = found.train.poses[0][0, [0, 15], 1]
    assert head < foot  # y points down


@pytest.mark.parametrize("groups", [None, 8])
def test_validation_takes_nothing_of_the_test(groups):
    part = validation_of(toy(groups=groups))
    kept, held = ({poses.tobytes() for poses in side.poses} for side in (part.train, part.test))
    assert not kept & held and len(kept | held) == 24 and set(part.test.labels) == {0, 1, 2}
    if groups:
        assert set(part.test.groups) == {7} and 7 not in part.train.groups


def test_batches_follow_from_seed_and_epoch():
    first, again, other = (PoseBatches(toy(), 8, 10, seed) for seed in (0, 0, 1))
    assert len(first) == 2
    poses, labels = first[0]
    assert poses["pose"].shape == (10, 8, 15, 3) and poses["pose"].dtype == np.float32 and labels.shape == (10, 3)
    np.testing.assert_array_equal(again[0][0]["pose"], poses["pose"])
    assert (other[0][0]["pose"] != poses["pose"]).any()
    first.on_epoch_end()
    assert (first[0][0]["pose"] != poses["pose"]).any()
