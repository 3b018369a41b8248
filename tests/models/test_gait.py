"""GaitNN on the features of a pose network: its size, the recurrent layer by hand, OpenVINO and the file, and what learns."""

import keras
import numpy as np
import pytest

import models
from models import human_pose, runtime
from models.front import cut
from models.gait import gait, head
from models.transfer import start_from

SIZE, FRAMES = 75, 3


@pytest.fixture(scope="module")
def small():
    """A network on one block of each kind, whose statistics are of its own two clips, and the clips."""
    keras.utils.set_random_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(human_pose, "BLOCKS", (1, 1))
        model = models.build("gait", 3, frames=FRAMES, size=SIZE, options={"shrink": 16})
    clips = np.random.default_rng(0).integers(0, 256, (2, FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
    clips[1] //= 4
    trunk = model.get_layer("trunk")
    trunk.trainable = True
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.1
    for _ in range(3):
        model({"rgb": clips}, training=True)
    trunk.trainable = False
    return model, {"rgb": clips}


def test_published_size():
    """Counted by hand: a unit of a GRU has 3·(512 + 512 + 1) numbers, a batch norm without scale 3 per channel."""
    features = keras.Input((2, 17 * 17 * 32))
    model = keras.Model(features, head(features, 7, 17))
    first = 32 * 256 + 3 * 256
    second = (256 * 512 + 512) + (256 * 64 + 64) + (9 * 64 * 64 + 64) + (64 * 512 + 512) + 3 * (256 + 64 + 64)
    third = (512 * 512 + 512) + (512 * 128 + 128) + (9 * 128 * 128 + 128) + (128 * 512 + 512) + 3 * (512 + 128 + 128)
    last = 512 * 256 + 3 * 256 + 9 * 256 * 256 + 3 * 256 + (5 * 5 * 256 * 512 + 512)
    recurrent = 3 * 512 * (512 + 512 + 1)
    assert model.count_params() == first + second + third + last + recurrent + 513 * 7
    assert first + second + third + last + recurrent == 6_346_752
    assert model.get_layer("4x4").output.shape == (None, 5, 5, 512) and model.get_layer("temporal").output.shape == (None, 512)


def test_recurrent_layer_by_hand(small):
    """The identification vector is the mean over time of a GRU as TensorFlow 1 computed it: the reset gate comes before the product."""
    model, clips = small
    pose = keras.Model(model.input, model.get_layer("recurrent_1").input)(clips)
    kernel, recurrent, bias = model.get_layer("recurrent_1").get_weights()
    state, states = np.zeros((2, 512), np.float32), []
    for x in np.moveaxis(np.asarray(pose), 1, 0):
        told, kept = x @ kernel + bias, state @ recurrent
        update, reset = (1 / (1 + np.exp(-told[:, part] - kept[:, part])) for part in (slice(512), slice(512, 1024)))
        new = np.tanh(told[:, 1024:] + (reset * state) @ recurrent[:, 1024:])
        state = update * state + (1 - update) * new
        states.append(state)
    temporal = np.asarray(keras.Model(model.input, model.get_layer("temporal").output)(clips))
    assert np.ptp(temporal, axis=0).max() > 0.05
    np.testing.assert_allclose(temporal, np.mean(states, axis=0), atol=1e-4)


def test_openvino_and_the_file_compute_the_same(small, tmp_path):
    model, clips = small
    expected = np.asarray(model(clips))
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(runtime.compile(model, "openvino", precision="float32")(clips), expected, atol=1e-4)
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "model.keras")(clips), expected, atol=1e-6)


def test_only_what_follows_the_pose_network_learns(small):
    model, clips = small
    front, top = cut(model, "features")
    assert front.trainable_variables == [] and front.output_shape == (None, FRAMES, 3 * 3 * 32)
    assert len(top.trainable_variables) == len(model.trainable_variables) == 35
    np.testing.assert_allclose(top({"features": np.asarray(front(clips))}), model(clips), atol=1e-6)


def test_takes_the_trunk_of_a_pose_network(monkeypatch, tmp_path):
    monkeypatch.setattr(human_pose, "BLOCKS", (1, 1))
    pose = human_pose.human_pose(107, "coco17", 16)
    human_pose.save(pose, tmp_path / "pose.keras", "coco17")
    model = gait(3, frames=2, size=SIZE, shrink=16, recurrent_unit="lstm", recurrent_layers=2)
    loaded, new = start_from(model, tmp_path / "pose.keras")
    assert all(name.startswith("trunk/") for name in loaded) and not any(name.startswith("trunk/") for name in new)
    for ours, theirs in zip(model.get_layer("trunk").get_weights(), pose.get_layer("trunk").get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
