"""What the network sees of a body: neither where it stands nor how large it is, and nothing of joints that are not seen."""

import keras
import numpy as np
import pytest

from common.errors import InputError
from common.pose_layouts import LAYOUTS
from models import runtime
from models.pose_gru import PoseFeatures, pose_gru

FRAMES = 8


def poses(count=2, frames=FRAMES, layout="coco17", dimensions=2, seed=0):
    rng = np.random.default_rng(seed)
    body = rng.normal(0, 1, (count, 1, len(LAYOUTS[layout].names), dimensions))
    steps = rng.normal(0, 0.2, (count, frames, body.shape[2], dimensions)).cumsum(1)
    return np.concatenate([body + steps, np.ones_like(body[..., :1].repeat(frames, 1))], axis=-1).astype(np.float32)


def features(clip, layout="coco17"):
    kinds, seen = PoseFeatures(layout)(keras.ops.convert_to_tensor(clip))
    return {name: np.asarray(values) for name, (values, _) in kinds.items()}, np.asarray(seen), kinds


def shaken(**options):
    """A network for small clips whose biases and statistics are not those it began with."""
    keras.utils.set_random_seed(0)
    model = pose_gru(3, frames=FRAMES, **options)
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if "seed" not in weight.path and "kernel" not in weight.path:
            weight.assign(np.abs(weight.numpy() + rng.normal(0, 0.05, weight.shape)))
    return model


def answer(model, clip):
    return np.asarray(model({"pose": keras.ops.convert_to_tensor(clip)}, training=False))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_place_and_size_do_not_count(dimensions):
    clip = poses(dimensions=dimensions)
    moved = clip.copy()
    moved[..., :-1] = 250 * moved[..., :-1] + 400
    for name, values in features(clip)[0].items():
        np.testing.assert_allclose(features(moved)[0][name], values, atol=2e-3, err_msg=name)


def test_numbers_by_hand():
    clip = poses(1)
    found, seen, _ = features(clip)
    at, hips, shoulders = clip[0, :, :, :2], [11, 12], [5, 6]
    torso = np.linalg.norm(at[:, hips].mean(1) - at[:, shoulders].mean(1), axis=-1).mean()
    np.testing.assert_allclose(found["slow"][0, 3], ((at[4] - at[3]) / torso).ravel(), atol=1e-4)
    np.testing.assert_allclose(found["fast"][0, 3], ((at[5] - at[3]) / torso).ravel(), atol=1e-4)
    np.testing.assert_allclose(found["distance"][0, 0, 0], np.linalg.norm(at[0, 0] - at[0, 1]) / torso, rtol=1e-4)
    centre = (at[:, hips].sum(1) + 1e-3 * np.delete(at, hips, 1).sum(1)) / (2 + 15e-3)
    np.testing.assert_allclose(found["position"][0], ((at - centre[:, None]) / torso).reshape(FRAMES, -1), atol=1e-4)
    assert (seen == 1).all()


def test_a_lost_joint_is_where_it_was_seen_last():
    clip = poses(1)
    clip[0, 4:, 9, :2] = clip[0, 3, 9, :2]
    lost = clip.copy()
    lost[0, 4:, 9] = (1e3, -1e3, 0.1)
    for name, values in features(clip)[0].items():
        np.testing.assert_allclose(features(lost)[0][name][:, 6:], values[:, 6:], atol=0.3, err_msg=name)
    assert np.abs(features(lost)[0]["position"]).max() < 10  # the estimator's guess of 1e3 is nowhere


def test_a_joint_that_is_never_seen_does_not_count():
    model, clip = shaken(), poses()
    clip[:, :, 9, 2] = 0.1
    elsewhere = clip.copy()
    elsewhere[:, :, 9, :2] = 77
    np.testing.assert_allclose(answer(model, elsewhere), answer(model, clip), atol=1e-6)
    _, _, kinds = features(clip)
    assert all(np.asarray(known).min() == 0 for _, known in kinds.values())


def test_nobody_has_no_action():
    model, clip = shaken(), poses()
    clip[1, ..., 2] = 0
    probabilities = answer(model, clip)
    assert np.ptp(probabilities[0]) > 1e-3 and np.ptp(probabilities[1]) == pytest.approx(0, abs=1e-6)


def test_openvino_computes_the_same_with_people_who_go_away():
    model, clip = shaken(recurrent_unit="lstm", recurrent_layers=2), poses(3)
    clip[1, 4:, :, 2] = 0  # gone in the second half: the state is kept
    clip[2, :4, :, 2] = 0
    expected = answer(model, clip)
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(runtime.compile(model, "openvino", precision="float32")({"pose": clip}), expected, atol=1e-5)
    assert model.get_layer("temporal").output.shape == (None, 512)


def test_weights_and_shapes():
    assert pose_gru(3, frames=8).count_params() == 1_220_923
    assert pose_gru(27, frames=4, layout="kinect20", dimensions=3).input["pose"].shape == (None, 4, 20, 4)
    with pytest.raises(InputError, match="4 frames"):
        pose_gru(3, frames=3)
