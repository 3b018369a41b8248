"""Random changes: alike for all frames and both inputs, and physically right for flow."""

import numpy as np
import pytest

from video.augment import ANGLE, BLUR, CHANGES, MIN_SIDE, Change, _colour, draw


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


def test_rotation_turns_the_picture_and_the_motion():
    """A quarter clockwise: what is at the top comes to the right, and what moved up moves right."""
    rgb, flow = np.zeros((2, 20, 20, 3), np.uint8), np.full((2, 20, 20, 2), 128, np.uint8)
    rgb[:, :5], flow[:, :5, :, 1] = 240, 128 - 40
    changed = Change(angle=90.0)({"rgb": rgb, "flow": flow})
    assert (changed["rgb"][:, :, 15:] == 240).all() and (changed["rgb"][:, :, :15] == 0).all()
    assert (changed["flow"][:, :, 15:] == (128 + 40, 128)).all() and (changed["flow"][:, :, :15] == 128).all()


def test_rotation_and_crop_keep_the_middle_of_the_part():
    rgb = np.zeros((1, 40, 40, 3), np.uint8)
    rgb[:, 18:22, 28:32] = 240  # about the middle of the part from 10 to 30, 20 to 40
    changed = Change(crop=(0.5, 0.25, 0.5), angle=30.0)({"rgb": rgb})["rgb"][0, ..., 0] > 120
    np.testing.assert_allclose(np.argwhere(changed).mean(axis=0), [19.5, 19.5], atol=0.3)
    assert changed.sum() == pytest.approx(64, abs=8)


def test_erased_is_one_rectangle_of_all_frames_grey_and_still(inputs):
    changed = Change(erase=(0.25, 0.5, 0.2, 0.3))(inputs)
    for name, clip in changed.items():
        assert (clip[:, 10:16, 5:9] == 128).all()
        clip[:, 10:16, 5:9] = inputs[name][:, 10:16, 5:9]
        np.testing.assert_array_equal(clip, inputs[name])


def test_blur_and_noise_leave_flow_alone(inputs):
    soft, noisy = Change(blur=0.1)(inputs), Change(noise=(10.0, 5))(inputs)
    assert np.diff(soft["rgb"].astype(int), axis=2).std() < 0.3 * np.diff(inputs["rgb"].astype(int), axis=2).std()
    inside = (inputs["rgb"] > 40) & (inputs["rgb"] < 215)  # nothing is cut off there
    noise = (noisy["rgb"].astype(int) - inputs["rgb"])[inside]
    assert noise.std() == pytest.approx(10, rel=0.1) and abs(noise.mean()) < 1.5
    np.testing.assert_array_equal(noisy["rgb"], Change(noise=(10.0, 5))(inputs)["rgb"])
    for changed in (soft, noisy):
        np.testing.assert_array_equal(changed["flow"], inputs["flow"])


def test_heavy_draws_stay_in_range_and_leave_the_generator_and_the_others_alone():
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    heavy, medium = draw(CHANGES, first), draw(CHANGES[:4], second)
    assert (heavy.crop, heavy.flip) == (medium.crop, medium.flip) and first.random() == second.random()
    assert (medium.angle, medium.blur, medium.noise, medium.erase) == (0.0, 0.0, None, None)
    drawn = [draw(CHANGES, np.random.default_rng([1, i])) for i in range(200)]
    angles = [change.angle for change in drawn]
    assert -ANGLE <= min(angles) < -0.8 * ANGLE and 0.8 * ANGLE < max(angles) <= ANGLE
    erased = np.array([change.erase for change in drawn])
    assert erased.min() >= 0 and (erased[:, :2] + erased[:, 2:]).max() <= 1
    assert len({change.noise for change in drawn}) == 200 and max(change.blur for change in drawn) <= BLUR
