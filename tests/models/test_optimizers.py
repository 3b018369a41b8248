import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from models import losses
from models.optimizers import Lookahead, RectifiedAdam

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-5  # relative, at every step, as the issue of parity demands


def make(case, parameters):
    """The optimizer of a golden case."""
    parameters = dict(parameters)
    if not case.startswith("lookahead"):
        return RectifiedAdam(**parameters)
    inner = {"sgd": keras.optimizers.SGD, "radam": RectifiedAdam}[parameters.pop("inner")]
    outer = {name: parameters.pop(name) for name in ("sync_period", "slow_step_size")}
    return Lookahead(inner(**parameters), **outer)


def compiled_step(optimizer, weights):
    """A function from gradient to new weights, compiled as Keras' trainers compile a step on this backend."""
    optimizer.build([weights])
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        apply = tensorflow.function(lambda gradient: optimizer.apply([gradient], [weights]))
        return lambda gradient: (apply(gradient), weights.numpy())[1]
    import jax

    stateless = jax.jit(optimizer.stateless_apply)
    state = {"values": [weights.value], "optimizer": [variable.value for variable in optimizer.variables]}

    def step(gradient):
        state["values"], state["optimizer"] = stateless(state["optimizer"], [gradient], state["values"])
        return np.asarray(state["values"][0])

    return step


def descend(golden, optimizer):
    """Weights (60, 3) after each step on the golden quadratic."""
    a, b = np.float32(golden["A"]), np.float32(golden["b"])
    now, seen = np.float32(golden["w0"]), []
    step = compiled_step(optimizer, keras.Variable(now))
    for _ in range(60):
        now = step(keras.ops.convert_to_tensor(a @ now - b))
        seen.append(now)
    return np.array(seen)


def largest_errors(golden):
    """Largest relative error of any weight at any step, by case."""
    errors = {}
    for case, facts in golden["cases"].items():
        expected = np.float64(facts["weights_after_each_step"])
        assert expected.shape == (60, 3)
        seen = descend(golden, make(case, facts["hyperparameters"]))
        errors[case] = float(np.max(np.abs(seen - expected) / np.abs(expected)))
    return errors


@pytest.fixture(scope="module")
def golden_file(data):
    file = data.parent / "golden" / "tensorflow_addons_optimizers.json"
    if not file.is_file():
        pytest.skip(f"no {file}")
    return file


def test_equal_to_tensorflow_addons_on_tensorflow(golden_file):
    assert keras.backend.backend() == "tensorflow"
    errors = largest_errors(json.loads(golden_file.read_text()))
    assert len(errors) == 6
    assert max(errors.values()) <= TOLERANCE, errors


def classifier(optimizer, policy=None):
    keras.utils.set_random_seed(3)
    clip = keras.Input((6,), name="x")
    hidden = keras.layers.Dense(8, activation="tanh", dtype=policy)(clip)
    model = keras.Model(clip, keras.layers.Dense(3, activation="softmax", dtype="float32")(hidden))
    model.compile(optimizer, losses.get("cross_entropy"))
    return model


def batches(count):
    random = np.random.default_rng(5)
    return [(random.normal(size=(4, 6)).astype("float32"), np.eye(3, dtype="float32")[random.integers(0, 3, 4)]) for _ in range(count)]


def ranger():
    return Lookahead(RectifiedAdam(0.05, weight_decay=0.01, amsgrad=True, total_steps=20, min_lr=0.001), sync_period=4)


def trained(model, steps):
    for x, y in steps:
        model.train_on_batch(x, y)
    return np.concatenate([weight.numpy().ravel() for weight in model.weights])


def trained_from_fixed_weights():
    """Weights of the small classifier after nine steps of Keras' trainer from weights that no backend drew."""
    model = classifier(ranger())
    random = np.random.default_rng(7)
    model.set_weights([random.normal(size=weight.shape).astype("float32") for weight in model.weights])
    return trained(model, batches(9))


@pytest.fixture(scope="module")
def on_jax(golden_file):
    """What `largest_errors` and `trained_from_fixed_weights` give in a process where Keras has the JAX backend."""
    code = """
import json, sys
import keras
from test_optimizers import largest_errors, trained_from_fixed_weights
assert keras.backend.backend() == "jax"
print(json.dumps([largest_errors(json.load(open(sys.argv[1]))), trained_from_fixed_weights().tolist()]))
"""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"}
    done = subprocess.run([sys.executable, "-c", code, golden_file], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_equal_to_tensorflow_addons_on_jax(on_jax):
    errors = on_jax[0]
    assert len(errors) == 6
    assert max(errors.values()) <= TOLERANCE, errors


def test_trainer_on_jax_goes_the_same_way(on_jax):
    np.testing.assert_allclose(on_jax[1], trained_from_fixed_weights(), rtol=1e-4, atol=1e-5)


# 0 and 3 are before the first synchronisation, 6 between two, 8 at one.
@pytest.mark.filterwarnings("ignore:Skipping variable loading", "ignore:Lookahead starts anew")
@pytest.mark.parametrize("saved_after", [0, 3, 6, 8])
def test_resumed_training_is_the_uninterrupted_one(tmp_path, saved_after):
    steps = batches(13)
    model = classifier(ranger())
    trained(model, steps[:saved_after])
    model.save(tmp_path / "model.keras")
    resumed = keras.models.load_model(tmp_path / "model.keras")
    assert int(resumed.optimizer.iterations) == int(resumed.optimizer.inner_optimizer.iterations) == saved_after
    np.testing.assert_array_equal(trained(resumed, steps[saved_after:]), trained(classifier(ranger()), steps))


def test_state_is_saved_once(tmp_path):
    import zipfile

    import h5py

    model = classifier(ranger())
    trained(model, batches(2))
    model.save(tmp_path / "model.keras")
    weights = sum(weight.numpy().size for weight in model.weights)
    with zipfile.ZipFile(tmp_path / "model.keras") as archive, h5py.File(archive.open("model.weights.h5")) as file:
        stored = []
        file["optimizer"].visititems(lambda name, item: stored.append(item.size) if isinstance(item, h5py.Dataset) else None)
    assert sum(stored) == 4 * weights + 4  # m, v, vhat and slow; two step counters and two learning rates


def test_weights_loaded_after_building_are_where_lookahead_starts():
    model = classifier(Lookahead(keras.optimizers.SGD(0.1), sync_period=1, slow_step_size=0.5))
    model.optimizer.build(model.trainable_variables)
    start = np.concatenate([weight.numpy().ravel() + 1 for weight in model.weights])
    for weight in model.weights:
        weight.assign(weight + 1)
    other = classifier(keras.optimizers.SGD(0.1))
    other.set_weights(model.get_weights())
    fast = trained(other, batches(1))
    np.testing.assert_allclose(trained(model, batches(1)), (start + fast) / 2, rtol=1e-5, atol=1e-6)


def test_config_round_trip():
    optimizer = keras.optimizers.deserialize(keras.optimizers.serialize(ranger()))
    assert (optimizer.sync_period, optimizer.slow_step_size, optimizer.name) == (4, 0.5, "Lookahead")
    inner = optimizer.inner_optimizer
    assert isinstance(inner, RectifiedAdam) and inner.get_config() == ranger().inner_optimizer.get_config()
    assert (inner.step_weight_decay, inner.weight_decay, inner.amsgrad, inner.total_steps) == (0.01, None, True, 20)


def test_learning_rate_is_the_inner_ones():
    optimizer = ranger()
    optimizer.learning_rate = 0.25
    assert float(optimizer.inner_optimizer.learning_rate) == float(optimizer.learning_rate) == 0.25


def test_schedule_is_followed():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.1, 0.0])
    model = classifier(Lookahead(RectifiedAdam(schedule), sync_period=100))
    before = trained(model, batches(4))
    np.testing.assert_array_equal(trained(model, batches(2)), before)


def test_mixed_float16_scales_the_loss():
    model = classifier(ranger(), "mixed_float16")
    model.compile(keras.optimizers.LossScaleOptimizer(ranger()), losses.get("focal"))
    before = trained(model, [])
    after = trained(model, batches(6))
    assert np.isfinite(after).all() and np.abs(after - before).max() > 1e-3


def test_gradient_accumulation_counts_real_steps():
    x, y = batches(1)[0]
    accumulating = classifier(Lookahead(keras.optimizers.SGD(0.1, gradient_accumulation_steps=2), sync_period=2))
    plain = classifier(Lookahead(keras.optimizers.SGD(0.1), sync_period=2))
    np.testing.assert_allclose(trained(accumulating, [(x, y)] * 8), trained(plain, [(x, y)] * 4), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_losses_prefer_the_right_class(name):
    loss = losses.get(name)
    label = np.float32([[0, 1, 0]])
    right, wrong = (float(loss(label, np.float32([scores]))) for scores in ([0.1, 0.8, 0.1], [0.8, 0.1, 0.1]))
    assert 0 < right < wrong


def test_focal_loss_by_hand():
    value = float(losses.get("focal", alpha=0.25, gamma=2.0)(np.float32([[0, 1]]), np.float32([[0.3, 0.7]])))
    assert value == pytest.approx(-0.25 * 0.3**2 * np.log(0.7), rel=1e-5)
