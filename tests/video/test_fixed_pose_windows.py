"""Joints in the picture's pixels, beside flow in a square that stands still; and people of whom nothing is seen."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from tiny_pose import joints, write_network

from models.pose_gru import pose_gru
from video.crops import Person
from video.io import Frame
from video.pose import PoseEstimator
from video.pose_windows import FixedPoseWindows, PoseWindows
from video.recognise import Recognition, windows_of

FACTS = {"frames": 10, "window": 10, "size": 32, "mode": "Flow+Pose", "fps": 10.0, "context": 2.0, "crop": "fixed", "flow": "dis"}
PLACES = tuple(FACTS[name] for name in ("frames", "window", "size", "mode", "fps"))


@pytest.fixture(scope="module")
def estimator(tmp_path_factory):
    return PoseEstimator(write_network(tmp_path_factory.mktemp("network")))


def picture(x, y):
    image = np.zeros((100, 200, 3), np.uint8)
    image[y - 1 : y + 1, x - 1 : x + 1] = 255
    return image


def box(x, y):
    """One whose crop is two picture's pixels to one of the network's."""
    return np.float32([x - 25.6, y - 25.6, x + 25.6, y + 25.6])


def walk(windows, frames, missed=()):
    """Somebody goes two pixels to the right in each frame, 30 frames a second, and is not found in some of them."""
    for i in range(frames):
        frame = Frame(i + 1, i / 30, picture(20 + 2 * i, 50))
        windows.look(frame)
        if i not in missed:
            windows.add(1, frame, box(20 + 2 * i, 50))
        windows.due(frame)
    return windows


def test_the_way_a_person_goes_is_in_the_joints(estimator):
    windows = windows_of(SimpleNamespace(**FACTS), 16, estimator)
    assert isinstance(windows, FixedPoseWindows)
    inputs = walk(windows, 45).inputs([1])
    assert {name: array.shape for name, array in inputs.items()} == {"flow": (1, 10, 32, 32, 2), "pose": (1, 10, 17, 3)}
    seen = inputs["pose"][0, :, 12]  # the joint in the middle of the figure, at 10 of the 30 frames of a second
    np.testing.assert_allclose(seen[:, 0], 20 + 2 * np.arange(17, 45, 3), atol=1.1)
    np.testing.assert_allclose(seen[:, 1], 50, atol=1.1)
    np.testing.assert_allclose(inputs["pose"][0, 0, 13, :2] - seen[0, :2], 2 * (joints(1, 1)[13] - joints(1, 1)[12]), atol=0.1)


def test_moments_without_the_person_hold_no_joints(estimator):
    windows = walk(FixedPoseWindows(estimator, *PLACES), 45, missed=range(20, 32))
    pose = windows.inputs([1])["pose"][0]
    assert (pose[:, 0, 2] > 0).tolist() == [True] + [False] * 4 + [True] * 5 and not pose[1:5].any()


@pytest.mark.parametrize("kind", [PoseWindows, FixedPoseWindows])
def test_joints_are_found_when_they_count_or_are_drawn(estimator, kind):
    calls = []

    class Counting:
        description, layout = estimator.description, estimator.layout

        def __call__(self, crops):
            calls.append(len(crops))
            return estimator(crops)

    windows = walk(kind(Counting(), *PLACES), 31)
    assert sum(calls) == 11  # a third of the frames
    frame = Frame(31, 1.0, picture(80, 50))
    assert (windows.drawn(frame).image != frame.image).any() and sum(calls) == 12
    windows.drawn(frame)
    assert sum(calls) == 12


def test_an_action_of_nobody_is_unknown(estimator):
    """The box is there, but in it is no body: the network has no opinion, and --threshold says so."""

    class Unsure:
        description, layout = estimator.description, estimator.layout

        def __call__(self, crops):
            return estimator(crops) * np.float32([1, 1, 0.1])

    keras.utils.set_random_seed(0)
    network = pose_gru(3, frames=4)
    windows = windows_of(SimpleNamespace(**FACTS | {"mode": "Pose", "frames": 4}), 16, Unsure())
    recognition = Recognition(lambda inputs: np.asarray(network(inputs, training=False)), ["a", "b", "c"], windows, threshold=0.5)
    for i in range(20):
        frame = Frame(i + 1, i / 30, picture(20 + 2 * i, 50))
        recognition.step(frame, [Person(1, box(20 + 2 * i, 50), 0.9, True, 0)])
    assert recognition.answers[1].action == "unknown"
    np.testing.assert_allclose(recognition.answers[1].scores, 1 / 3, atol=1e-5)
