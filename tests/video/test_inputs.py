"""From a clip's frames to what a network eats."""

import numpy as np
import pytest

from video.clips import clip_indices
from video.flow import flow_clip
from video.inputs import fit, make_inputs
from video.io import Frame
from video.windows import Windows


@pytest.fixture
def clip():
    """12 frames of 24×24: a soft blob that moves, on noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:24, :24]
    blobs = [np.exp(-((x - 6 - t) ** 2 + (y - 12) ** 2) / 18) * 200 for t in range(12)]
    return np.stack([np.dstack([blob, blob / 2, blob / 4]) + rng.integers(0, 30, (24, 24, 3)) for blob in blobs]).astype(np.uint8)


def test_rgb_has_red_first_and_the_chosen_frames(clip):
    inputs = make_inputs(clip, np.array([3, 0, 3]), 24)
    assert list(inputs) == ["rgb"]
    np.testing.assert_array_equal(inputs["rgb"], clip[[3, 0, 3], :, :, ::-1])


def test_shapes_and_types_of_both_inputs(clip):
    inputs = make_inputs(clip, np.arange(5), 16, "Fuse")
    assert {name: (array.shape, array.dtype.name) for name, array in inputs.items()} == {
        "rgb": ((5, 16, 16, 3), "uint8"),
        "flow": ((5, 16, 16, 2), "uint8"),
    }


def test_flow_is_that_of_neighbours_in_the_clip_at_the_networks_size(clip):
    small = np.stack([fit(frame, 16) for frame in clip])
    inputs = make_inputs(clip, np.array([2, 6, 10]), 16, "Flow")
    np.testing.assert_array_equal(inputs["flow"], flow_clip(small)[[2, 6, 10]])


def test_given_flow_is_taken_and_needs_no_clip(clip):
    fields = np.arange(12 * 16 * 16 * 2).reshape(12, 16, 16, 2).astype(np.uint8)
    np.testing.assert_array_equal(make_inputs(None, np.array([1, 11]), 16, "Flow", fields)["flow"], fields[[1, 11]])


def test_a_picture_shrinks_by_areas():
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2, :2] = 200
    image[0, 2:] = 100
    assert fit(image, 2)[:, :, 0].tolist() == [[200, 50], [0, 0]]


@pytest.mark.parametrize("mode", ["RGB", "Flow", "Fuse"])
@pytest.mark.parametrize("window", [12, 4])
def test_prediction_feeds_the_network_what_training_feeds_it(clip, mode, window):
    windows = Windows(4, window, 16, mode)
    for i, image in enumerate(clip):
        windows.add(0, Frame(i + 1, i / 25, image))
    predicted = windows.inputs([0])
    clip = clip[-window:]
    if window == 4 and mode != "RGB":  # the window's first field reaches back to the frame before the window
        predicted = {name: array[:, 1:] for name, array in predicted.items()}
    trained = make_inputs(clip, clip_indices(len(clip), 4, window), 16, mode)
    for name, array in trained.items():
        np.testing.assert_array_equal(predicted[name][0], array[-predicted[name].shape[1] :])
