"""Starting from other weights, and keeping them."""

import keras
import numpy as np
import pytest
from tiny_recogniser import tiny

import models
from common.errors import InputError
from models.run import Run
from models.transfer import freeze, leaves, start_from

HEAD, TRUNK = ["logits"], ["conv1", "bn1", "conv2", "bn2"]


def network(num_class=2, stream="rgb", seed=0):
    keras.utils.set_random_seed(seed)
    return tiny(num_class, stream, 4, 16)


def weights(model):
    return {name: layer.get_weights() for name, layer in leaves(model).items()}


def assert_same(model, other, names):
    mine, theirs = weights(model), weights(other)
    for name in names:
        for a, b in zip(mine[name], theirs[name], strict=True):
            np.testing.assert_array_equal(a, b)


SAVED = {
    "model.keras": lambda model, path: model.save(path),
    "model.h5": lambda model, path: model.save(path),
    "model.hdf5": lambda model, path: model.save(path),
    "model.weights.h5": lambda model, path: model.save_weights(path),
}


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
@pytest.mark.parametrize("name", SAVED)
def test_all_weights_of_the_same_network_are_taken(tmp_path, name):
    source, model = network(seed=1), network(seed=2)
    SAVED[name](source, tmp_path / name)
    assert start_from(model, tmp_path / name) == ([*TRUNK, *HEAD], [])
    assert_same(model, source, [*TRUNK, *HEAD])


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
@pytest.mark.parametrize("name", SAVED)
def test_classifier_for_other_classes_stays_new(tmp_path, name):
    source, model, same = network(3, seed=1), network(2, seed=2), network(2, seed=2)
    SAVED[name](source, tmp_path / name)
    assert start_from(model, tmp_path / name) == (TRUNK, HEAD)
    assert_same(model, source, TRUNK)
    assert_same(model, same, HEAD)


def test_weights_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setitem(models.RECOGNISERS, "tiny", models.Recogniser("tiny_recogniser", "tiny", 4, 16, 25.0))
    meta = {"recogniser": "tiny", "mode": "RGB", "classes": ["a", "b"], "frames": 4, "window": 4, "size": 16, "fps": None}
    run = Run.create(tmp_path / "run", meta | {"region": "person", "context": 1.2, "flow": "dis"})
    source, model = network(seed=1), network(seed=2)
    source.save(run.model_path)
    assert start_from(model, run.folder)[1] == []
    assert_same(model, source, [*TRUNK, *HEAD])


def test_colour_weights_in_a_flow_network_leave_the_first_layer_new(tmp_path):
    network(seed=1).save(tmp_path / "rgb.keras")
    assert start_from(network(stream="flow"), tmp_path / "rgb.keras")[1] == ["conv1"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("broken.keras", b"PK nothing", "cut short"),
        ("broken.h5", b"nothing", "not an HDF5 file"),
        ("weights.txt", b"1 2 3", "not a run's folder"),
        ("absent.keras", None, "no such run"),
    ],
)
def test_unusable_file_is_named_and_the_model_is_as_before(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    model = network(seed=2)
    with pytest.raises(InputError, match=says) as error:
        start_from(model, tmp_path / name)
    assert name in str(error.value)
    assert_same(model, network(seed=2), [*TRUNK, *HEAD])


def test_weights_of_another_network_are_refused(tmp_path):
    x = keras.Input((4,))
    keras.Model(x, keras.layers.Dense(2, name="other")(x)).save(tmp_path / "other.keras")
    with pytest.raises(InputError, match="no layer in it fits"):
        start_from(network(), tmp_path / "other.keras")


def trained(model):
    """What one step on a random batch changes, by layer."""
    before = weights(model)
    model.compile(keras.optimizers.SGD(0.5), "categorical_crossentropy")
    rng = np.random.default_rng(0)
    batch = {tensor.name: rng.integers(0, 256, (4, *tensor.shape[1:]), dtype=np.uint8) for tensor in model.inputs}
    model.train_on_batch(batch, np.eye(2, dtype=np.float32)[[0, 1, 0, 1]])
    after = weights(model)
    return [name for name in before if any((a != b).any() for a, b in zip(before[name], after[name], strict=True))]


def test_frozen_network_trains_its_classifier_only():
    model = network()
    assert trained(model) == [*TRUNK, *HEAD]  # batch-norm statistics included
    assert freeze(model) == HEAD
    assert trained(model) == HEAD


def test_both_classifiers_of_a_fused_network_train():
    model = models.fuse(network(), network(stream="flow"))
    head = freeze(model)
    assert len(head) == 2 and all(name.endswith("/logits") for name in head)
    assert trained(model) == head
