"""Optimizers and losses by name, class weights, thresholds."""

import keras
import numpy as np
import pytest

from models.training import OPTIMIZERS, balanced_weights, best_threshold, compile


def small_model():
    keras.utils.set_random_seed(0)
    x = keras.Input((4,), name="x")
    return keras.Model({"x": x}, keras.layers.Dense(2, activation="softmax")(x))


def batch(n=64):
    x = np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
    return {"x": x}, np.eye(2, dtype=np.float32)[(x[:, 0] > 0).astype(int)]


@pytest.mark.parametrize(("optimizer", "loss"), [*((name, "cross_entropy") for name in OPTIMIZERS), ("adam", "focal")])
def test_every_optimizer_and_loss_learns(optimizer, loss):
    model = small_model()
    compile(model, optimizer, 0.2, loss)
    inputs, labels = batch()
    before = model.evaluate(inputs, labels, verbose=0, return_dict=True)
    for _ in range(60):
        model.train_on_batch(inputs, labels)
    after = model.evaluate(inputs, labels, verbose=0, return_dict=True)
    assert after["loss"] < 0.7 * before["loss"]
    assert after["accuracy"] > 0.75


def test_focal_loss_is_the_papers():
    model = small_model()
    compile(model, "sgd", 0.1, "focal")
    found = float(model.loss(np.float32([[1, 0]]), np.float32([[0.8, 0.2]])))
    assert found == pytest.approx(-0.25 * 0.2**2 * np.log(0.8), rel=1e-4)


def kernels_after_a_step(policy, frames):
    """Kernels of two 3-D convolutions (3×1×1 over so many frames, and 1×1×1) after a step with gradients of about 1."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    try:
        clip = keras.Input((frames, 4, 4, 32), name="clip")
        x = keras.layers.Conv3D(32, (3, 1, 1), padding="same", name="over_time")(clip)
        x = keras.layers.Conv3D(32, 1, name="within_frames")(x)
        x = keras.layers.Dense(2, activation="softmax", dtype="float32")(keras.layers.GlobalAveragePooling3D()(x))
        model = keras.Model({"clip": clip}, x)
    finally:
        keras.config.set_dtype_policy("float32")
    compile(model, "sgd", 1.0, "cross_entropy")
    clips = np.random.default_rng(0).normal(size=(8, frames, 4, 4, 32)).astype(np.float32)
    model.train_on_batch({"clip": clips}, np.eye(2, dtype=np.float32)[[0, 1] * 4])
    return model, [model.get_layer(name).get_weights()[0] for name in ("over_time", "within_frames")]


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_bfloat16_gives_the_gradients_of_float32(frames):
    _, exact = kernels_after_a_step("float32", frames)
    model, rounded = kernels_after_a_step("mixed_bfloat16", frames)
    for a, b in zip(exact, rounded, strict=True):
        np.testing.assert_allclose(b, a, atol=0.01)
    assert model.get_layer("within_frames").compute_dtype == "bfloat16"


def test_compiling_leaves_the_metrics_empty():
    model = small_model()
    compile(model, "adam", 0.1, "cross_entropy")
    inputs, labels = batch(8)
    wrong = 1 - labels if model.evaluate(inputs, labels, verbose=0)[1] == 1 else labels
    expected = float((model.predict(inputs, verbose=0).argmax(1) == wrong.argmax(1)).mean())
    assert model.test_on_batch(inputs, wrong, return_dict=True)["accuracy"] == pytest.approx(expected)


def test_balanced_weights_give_each_class_the_same_share():
    labels = np.array([0] * 6 + [2] * 2)
    weights = balanced_weights(labels, 3)
    assert weights == {0: pytest.approx(8 / (2 * 6)), 2: pytest.approx(8 / (2 * 2))}
    assert sum(weights[label] for label in labels) == pytest.approx(8)


@pytest.mark.parametrize(
    ("scores", "truth", "threshold", "balanced"),
    [
        ([0.1, 0.2, 0.6, 0.9], [0, 0, 1, 1], 0.4, 1.0),
        ([0.9, 0.8, 0.3, 0.2], [1, 1, 0, 0], 0.55, 1.0),
        ([0.1, 0.3, 0.4, 0.9], [0, 1, 0, 1], 0.65, 0.75),  # 0.2 is as good, and farther from 0.5
        ([0.5, 0.5, 0.5], [1, 0, 1], 0.25, 0.5),
        ([0.2, 0.3], [1, 0], 0.6500, 0.5),
    ],
)
def test_threshold_with_the_best_balanced_accuracy(scores, truth, threshold, balanced):
    found = best_threshold(np.array(scores), np.array(truth, bool))
    assert found == (pytest.approx(threshold), pytest.approx(balanced))


def test_no_threshold_without_both_sides():
    assert best_threshold(np.array([0.2, 0.4]), np.array([True, True])) == (None, None)
