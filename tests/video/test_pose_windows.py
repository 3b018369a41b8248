"""What a pose run sees of everybody in a video is what it saw of clips of one person."""

import numpy as np
import pytest
from tiny_pose import joints, spot, write_network

from video.io import Frame, VideoWriter
from video.pose import PoseEstimator
from video.pose_samples import PoseSampler
from video.pose_windows import PoseWindows


@pytest.fixture(scope="module")
def estimator(tmp_path_factory):
    return PoseEstimator(write_network(tmp_path_factory.mktemp("network")))


@pytest.fixture
def clip(tmp_path):
    """A white pixel that goes to the right, one pixel a frame, on 20 frames."""
    path = tmp_path / "a clip.avi"
    with VideoWriter(path, 25, (32, 32), codec="mjpeg") as writer:
        for i in range(20):
            writer.write(np.repeat(np.repeat(spot(3 + i // 2, 8, 16), 2, 0), 2, 1))
    return path


def test_samples_are_the_joints_of_chosen_frames(estimator, clip):
    sample = PoseSampler(4, 16, estimator)(clip)["pose"]
    assert sample.shape == (4, 17, 3) and sample.dtype == np.float32
    assert np.diff(sample[:, 12, 0]) == pytest.approx([4, 4, 4], abs=1.1)  # every fourth frame of the middle sixteen


def test_found_once_and_again_when_the_clip_changes(estimator, clip):
    calls = []

    class Counting:
        description, layout, digest = estimator.description, estimator.layout, estimator.digest

        def __call__(self, crops):
            calls.append(len(crops))
            return estimator(crops)

    first = PoseSampler(4, 16, Counting())(clip)["pose"]
    once = len(calls)
    again = PoseSampler(4, 16, Counting())(clip)["pose"]
    np.testing.assert_array_equal(first, again)
    assert (
        20 <= once == len(calls) <= 40 and len(list(clip.parent.glob(".pose/*.npz"))) == 1
    )  # the figure is small: most frames are looked at twice
    clip.write_bytes(clip.read_bytes() + b" ")
    PoseSampler(4, 16, Counting())(clip)
    assert len(calls) == 2 * once


def test_changes_at_random_keep_confidence_and_length(estimator, clip):
    sampler = PoseSampler(4, 16, estimator, augment=("flip", "time"))
    samples = [sampler(clip, np.random.default_rng(seed))["pose"] for seed in range(8)]
    assert len({sample.tobytes() for sample in samples}) == 8
    directions = {bool(sample[-1, 12, 0] > sample[0, 12, 0]) for sample in samples if sample[0, 12, 2]}
    assert directions == {True, False}


def test_two_persons_in_a_moving_picture(estimator):
    windows = PoseWindows(estimator, 8, 8, 32, "Pose", stride=1, context=1.0)
    for i in range(1, 17):
        picture = np.zeros((100, 200, 3), np.uint8)
        picture[40, 30 + i] = picture[60, 150] = 255
        frame = Frame(i, i / 25, picture)
        windows.look(frame)
        windows.add(1, frame, (14 + i, 24, 46 + i, 56))  # the box goes with the person
        windows.add(2, frame, (134, 44, 166, 76))
        due = windows.due(frame)
    assert due == [1, 2]
    inputs = windows.inputs(due)["pose"]
    assert inputs.shape == (2, 8, 17, 3)
    np.testing.assert_allclose(inputs[:, :, :, :2], np.broadcast_to(joints(16, 16) / 32, (2, 8, 17, 2)), atol=0.01)
    np.testing.assert_allclose(windows.latest[1][:, :2], joints(46, 40), atol=0.3)
    assert windows.drawn(frame).image[:, :, :].any(-1).sum() > 2 and (picture > 0).any(-1).sum() == 2


def test_pictures_and_joints_together(estimator):
    windows = PoseWindows(estimator, 8, 8, 16, "RGB+Pose", stride=1, context=1.0)
    for i in range(1, 17):
        frame = Frame(i, i / 25, spot(i, 12))
        windows.look(frame)
        windows.add(1, frame, (0, 0, 32, 32))
        due = windows.due(frame)
    inputs = windows.inputs(due)
    assert {name: array.shape for name, array in inputs.items()} == {"rgb": (1, 8, 16, 16, 3), "pose": (1, 8, 17, 3)}
    np.testing.assert_allclose(32 * inputs["pose"][0, :, 12, 0], np.arange(9, 17) + 0.5, atol=0.3)  # both of the last eight frames
    assert (inputs["rgb"][0].max(axis=(1, 3)).argmax(1) == np.arange(9, 17) // 2).all()
    windows.forget(keep=[])
    assert windows.due(frame) == []


def test_a_whole_picture_is_one_person(estimator):
    windows = PoseWindows(estimator, 8, 8, 32, "Pose", stride=1)
    for i in range(1, 17):
        frame = Frame(i, i / 25, spot(20, 12))
        windows.look(frame)
        windows.add(0, frame)
        due = windows.due(frame)
    found = windows.inputs(due)["pose"]
    assert found.shape == (1, 8, 17, 3)
    np.testing.assert_allclose(found[0, :, 12, :2], np.tile([20.5 / 32, 12.5 / 32], (8, 1)), atol=0.02)


def test_spread_samples_are_a_batch_from_the_beginning_to_the_end(estimator, clip):
    sampler = PoseSampler(4, 4, estimator)
    batch = sampler.spread(clip, 2)["pose"]
    every = PoseSampler(20, 20, estimator)(clip)["pose"]
    np.testing.assert_array_equal(batch, [every[:4], every[16:]])
