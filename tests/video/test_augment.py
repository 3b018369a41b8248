"""Random changes: alike for all frames and both inputs, and physically right for flow."""

import numpy as np
import pytest

from video.augment import CHANGES, MIN_SIDE, Change, _colour, draw


@pytest.fixture
def inputs():
    rng = np.random.default_rng(1)
    rgb, flow = (rng.integers(1, 256, (3, 20, 20, channels), dtype=np.uint8) for channels in (3, 2))
    return {"rgb": rgb, "flow": flow}


def test_without_changes_nothing_changes(inputs):
    changed = draw((), np.random.default_rng(0))(inputs)
    for name, array in inputs.items():
        np.testing.assert_array_equal(changed[name], array)


def test_flip_mirrors_both_and_turns_the_motion_round(inputs):
    changed = Change(flip=True)(inputs)
    np.testing.assert_array_equal(changed["rgb"], inputs["rgb"][:, :, ::-1])
    np.testing.assert_array_equal(changed["flow"][..., 1], inputs["flow"][:, :, ::-1, 1])
    np.testing.assert_array_equal(changed["flow"][..., 0].astype(int) - 128, 128 - inputs["flow"][:, :, ::-1, 0].astype(int))


def test_flip_of_the_fastest_motion_does_not_wrap_round():
    changed = Change(flip=True)({"flow": np.zeros((1, 4, 4, 2), np.uint8)})
    assert (changed["flow"][..., 0] == 255).all() and (changed["flow"][..., 1] == 0).all()


def test_crop_takes_the_same_part_of_both_and_zooms_the_motion():
    rgb, flow = np.zeros((2, 20, 20, 3), np.uint8), np.full((2, 20, 20, 2), 128, np.uint8)
    rgb[:, 5:15, 10:20], flow[:, 5:15, 10:20] = 240, 158
    changed = Change(crop=(0.5, 0.25, 0.5))({"rgb": rgb, "flow": flow})
    assert (changed["rgb"][:, 1:-1, 1:] == 240).all()
    assert (changed["flow"][:, 1:-1, 1:] == 128 + 2 * 30).all()  # twice as near, twice as fast
    np.testing.assert_array_equal(changed["rgb"][..., 0] > 120, changed["flow"][..., 0] > 158)


@pytest.mark.parametrize("flip", [False, True])
def test_a_box_moves_with_what_is_in_it(flip):
    rgb = np.zeros((1, 40, 40, 3), np.uint8)
    rgb[:, 16:24, 20:32] = 255
    changed = Change(flip=flip, crop=(0.25, 0.3, 0.6))({"rgb": rgb, "box": np.float32([20, 16, 32, 24]) / 40})
    inside = np.argwhere(changed["rgb"][0, :, :, 0] > 127)
    top, left, bottom, right = *inside.min(0), *(inside.max(0) + 1)
    np.testing.assert_allclose(changed["box"] * 40, [left, top, right, bottom], atol=1)


def test_crop_of_everything_is_everything(inputs):
    changed = Change(crop=(0.0, 0.0, 1.0))(inputs)
    for name, array in inputs.items():
        np.testing.assert_array_equal(changed[name], array)


def test_colour_leaves_flow_alone_and_changes_all_frames_alike(inputs):
    inputs["rgb"][:] = inputs["rgb"][:1]
    changed = draw(("colour",), np.random.default_rng(5))(inputs)
    np.testing.assert_array_equal(changed["flow"], inputs["flow"])
    assert np.abs(changed["rgb"].astype(int) - inputs["rgb"]).mean() > 2
    np.testing.assert_array_equal(changed["rgb"][0], changed["rgb"][2])


def test_colour_matrix():
    np.testing.assert_allclose(_colour(0, 0, 0), np.eye(3, 4), atol=1e-12)
    grey = np.array([127.5, 127.5, 127.5, 1])
    np.testing.assert_allclose(_colour(0, 1, -1) @ grey, grey[:3])  # contrast turns about mid-grey, saturation about grey
    np.testing.assert_allclose(_colour(1, 0, 0) @ grey, grey[:3] + 30)


def test_draws_follow_the_generator_and_stay_in_range():
    drawn = [draw(CHANGES, np.random.default_rng([0, 2, i])) for i in range(200)]
    assert drawn[7].crop == draw(CHANGES, np.random.default_rng([0, 2, 7])).crop
    assert 70 < sum(change.flip for change in drawn) < 130
    crops = np.array([change.crop for change in drawn])
    assert crops[:, 2].min() >= MIN_SIDE and crops[:, 2].max() <= 1
    assert crops[:, :2].min() >= 0 and (crops[:, :2] + crops[:, 2:]).max() <= 1


def test_one_more_kind_leaves_the_others_as_they_were():
    alone, both = (draw(kinds, np.random.default_rng(3)) for kinds in (("crop",), ("flip", "crop")))
    assert alone.crop == both.crop and not alone.flip and alone.colour is None
