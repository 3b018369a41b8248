"""Somebody is seen for 8 frames, not for 1.2 seconds, and for 8 frames elsewhere: what every kind of window makes of it."""

import numpy as np
import pytest
from tiny_pose import write_network

from video.box_windows import BoxWindows
from video.fixed_windows import FixedWindows
from video.io import Frame
from video.pose import PoseEstimator
from video.pose_windows import FixedPoseWindows, PoseWindows
from video.windows import Windows

KINDS = [
    (Windows, ("RGB", "Flow", "Fuse")),
    (FixedWindows, ("RGB", "Flow", "Fuse")),
    (BoxWindows, ("RGB", "Flow", "Fuse")),
    (PoseWindows, ("Pose", "RGB+Pose")),
    (FixedPoseWindows, ("Pose", "Flow+Pose")),
]
SHAPES = {"rgb": (16, 32, 32, 3), "flow": (16, 32, 32, 2), "pose": (16, 17, 3), "box": (4,)}


@pytest.fixture(scope="module")
def estimator(tmp_path_factory):
    return PoseEstimator(write_network(tmp_path_factory.mktemp("network")))


@pytest.mark.parametrize("stops", [False, True], ids=["person away", "video stops"])
@pytest.mark.parametrize("fps", [None, 25.0, 10.0])
@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind, modes in KINDS for mode in modes])
def test_sixteen_frames_are_enough_with_a_gap_between(estimator, kind, mode, fps, stops):
    estimators = [estimator] if "Pose" in mode else []
    windows, due = kind(*estimators, 16, 16, 32, mode, fps=fps, min_frames=16), []
    for number in (*range(1, 9), *(() if stops else range(9, 39)), *range(39, 47)):
        x = 50 if number < 9 else 150
        image = np.full((100, 200, 3), number, np.uint8)
        image[49:51, x - 1 : x + 1] = 255
        frame = Frame(number, (number - 1) / 25, image)
        windows.look(frame)
        if not 9 <= number < 39:
            windows.add(1, frame, np.float32([x - 25, 25, x + 25, 75]))
        if windows.due(frame):
            due.append(number)
    assert due == [46]
    inputs = windows.inputs([1])
    assert {name: array.shape[1:] for name, array in inputs.items()} == {name: SHAPES[name] for name in inputs}
    if "pose" in inputs:
        check_joints(inputs["pose"][0], kind, fps, stops)
    if "box" in inputs:
        np.testing.assert_allclose(inputs["box"][0], [125 / 200, 0.25, 175 / 200, 0.75], atol=1e-6)  # where the person is now


def check_joints(pose, kind, fps, stops):
    """The joint of the figure's middle stays in the person's crop, or is where the person is now."""
    found = pose[:, 12, 2] > 0
    if kind is PoseWindows:
        assert found.all() and np.ptp(pose[:, 12, :2]) < 0.05
    else:
        shown = {None: 8, 25.0: 8, 10.0: 3}[fps]  # frames of the last eight that count; after a gap in the video nothing else does
        assert found.all() if stops else found.tolist() == [False] * (16 - shown) + [True] * shown
        np.testing.assert_allclose(pose[found, 12, 0], 150, atol=1.1)
