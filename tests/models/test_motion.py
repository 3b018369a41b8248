"""The descriptors measure what they say."""

import keras
import numpy as np
import pytest

from common.errors import InputError
from models import motion

SIZE = 96
CAMERA = np.float32([5, -3])


def describe(field):
    """Descriptors of one clip of flow in pixels, (T, 96, 96, 2)."""
    clip = np.clip(np.rint(128 + field * 127 / 20), 0, 255).astype(np.uint8)
    return np.asarray(motion.MotionDescriptors()(clip[None]))[0]


def blob(step, frames=12):
    """A square of motion in the middle, the border at rest: frame t moves by `step(t)` pixels."""
    field = np.zeros((frames, SIZE, SIZE, 2), np.float32)
    for t in range(frames):
        field[t, 36:60, 36:60] = step(t)
    return field


def test_the_cameras_motion_is_taken_off():
    still = blob(lambda t: (0, 0))
    np.testing.assert_allclose(describe(still + CAMERA), describe(still), atol=0.06)
    moving = blob(lambda t: (4, 0))
    np.testing.assert_allclose(describe(moving + CAMERA), describe(moving), atol=0.1)  # steps of the encoding: 0.16 pixels


def test_averages_are_those_of_the_part_that_moves():
    """A quarter each way, 1/16 of the picture, moves at 4 pixels a frame; the last level is 4, and so is that average's unit."""
    value = np.expm1(describe(blob(lambda t: (4, 0)))[2]) / 4
    assert value == pytest.approx(1 / 16, abs=0.003)


def test_to_and_fro_is_told_from_one_way():
    away, to_and_fro = (describe(blob(step)) for step in (lambda t: (3, 0), lambda t: (3 * (-1) ** t, 0)))
    # the same speed, so equal averages of it; but its change, and the way gone at last, are others
    np.testing.assert_allclose(away[:5], to_and_fro[:5], atol=0.02)
    assert np.abs(away - to_and_fro).max() > 0.5


def test_a_mirror_image_is_described_alike():
    field = np.random.default_rng(0).normal(0, 3, (8, 12, 12, 2)).repeat(8, 1).repeat(8, 2).astype(np.float32)
    mirrored = field[:, :, ::-1] * np.float32([-1, 1])
    assert np.abs(describe(mirrored) - describe(field)).mean() < 0.01 < np.abs(describe(2 * field) - describe(field)).mean() / 10


def test_the_first_field_is_left_out():
    field = blob(lambda t: (t, 0))
    other = field.copy()
    other[0] = 9
    np.testing.assert_array_equal(describe(field), describe(other))


def test_a_smaller_clip_of_the_same_motion_is_described_alike():
    """Motion counts in shares of the picture: 48 pixels moving by 2 are like 96 moving by 4."""
    field = blob(lambda t: (4, 0))
    small = np.asarray(motion.MotionDescriptors()(np.rint(128 + field[None, :, ::2, ::2] / 2 * 127 / 20).astype(np.uint8)))[0]
    np.testing.assert_allclose(small, describe(field), atol=0.05)


def test_weights_and_descriptors():
    model = motion.motion(3)
    assert model.count_params() == 111_451 and model.get_layer("descriptors").output.shape == (None, 428)
    assert isinstance(keras.models.model_from_json(model.to_json()).get_layer("descriptors"), motion.MotionDescriptors)


@pytest.mark.parametrize(("frames", "size"), [(3, 96), (20, 11)])
def test_too_little_is_refused(frames, size):
    with pytest.raises(InputError, match="motion needs 4 frames of 12 pixels"):
        motion.motion(3, frames=frames, size=size)
    assert motion.motion(3, frames=4, size=12).output_shape == (None, 3)
