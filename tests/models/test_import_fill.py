"""What an imported file must hold, single layers in PyTorch's layout, and the names of Kinetics-400."""

import importlib

import keras
import numpy as np
import pytest
from keras import layers
from named_tensors import generator
from tiny_recogniser import tiny

from common.errors import InputError
from models import RECOGNISERS
from models.imports import FORMATS, Weight, files, layouts
from models.imports.fill import LISTED, fill, kinetics_400
from models.transfer import leaves


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    return tiny(3, "rgb", 4, 16)


def plan_of(model):
    return {name: [Weight({f"{name}/{w.name}": tuple(w.shape)}) for w in layer.weights] for name, layer in leaves(model).items()}


def tensors_for(plan):
    shapes = {name: shape for weights in plan.values() for weight in weights for name, shape in weight.sources.items()}
    return {name: generator(name).standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_everything_is_taken(network):
    plan = plan_of(network)
    tensors = tensors_for(plan)
    fill(network, plan, tensors | {"steps": np.zeros(1)}, "file", is_ignored=lambda name: name == "steps")
    assert same([tensors[next(iter(w.sources))] for weights in plan.values() for w in weights], network.get_weights())


def test_all_faults_are_listed_and_nothing_is_changed(network):
    plan = plan_of(network)
    tensors, before = tensors_for(plan), network.get_weights()
    tensors["extra/kernel"] = tensors.pop("conv1/kernel")
    tensors["conv2/kernel"] = tensors["conv2/kernel"][:1]
    tensors["bn1/beta"][2] = np.nan
    with pytest.raises(InputError) as caught:
        fill(network, plan, tensors, "weights.h5")
    assert str(caught.value) == (
        "weights.h5: does not hold tiny: conv1/kernel is missing, bn1/beta holds values that are no numbers, "
        "conv2/kernel is 1×3×3×8×8 and not 3×3×3×8×8, extra/kernel is left over"
    )
    assert same(before, network.get_weights())


def test_a_long_list_is_cut(network):
    plan = plan_of(network)
    tensors = tensors_for(plan) | {f"extra{i}": np.zeros(1) for i in range(LISTED + 5)}
    with pytest.raises(InputError, match=f"extra{LISTED - 1} is left over and 5 more$"):
        fill(network, plan, tensors, "file")


@pytest.mark.parametrize("classes", [None, 400])
def test_new_classifier_keeps_its_own_weights(network, classes):
    plan = plan_of(network)
    tensors, before = tensors_for(plan), network.get_layer("logits").get_weights()
    if classes:
        tensors |= {"logits/kernel": np.zeros((8, classes)), "logits/bias": np.zeros(classes)}
    else:
        del tensors["logits/kernel"], tensors["logits/bias"]
    with pytest.raises(InputError, match=r"logits/kernel .*; --num_class N gives it a new classifier$"):
        fill(network, plan, tensors, "file")
    fill(network, plan, tensors, "file", new_classifier=True)
    assert same(before, network.get_layer("logits").get_weights())
    np.testing.assert_array_equal(network.get_layer("conv1").get_weights()[0], tensors["conv1/kernel"])


def test_scale_of_a_batch_norm_moves_into_the_convolution():
    """Also scales of 0 and below."""
    x = generator("x").standard_normal((2, 4, 5, 5, 3)).astype(np.float32)
    shapes = {"c.weight": (6, 3, 3, 3, 3), **{f"n.{part}": (6,) for part in ("weight", "bias", "running_mean", "running_var")}}
    tensors = {name: generator(name).standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    tensors["n.weight"][:2] = (0, -1.5)
    tensors["n.running_var"] **= 2
    inputs = keras.Input(x.shape[1:])
    convolution = layers.Conv3D(6, 3, use_bias=False, name="c")
    scaled, plain = layers.BatchNormalization(epsilon=1e-3), layers.BatchNormalization(epsilon=1e-3, scale=False, name="n")
    expected = keras.Model(inputs, scaled(convolution(inputs)))
    convolution.set_weights([np.moveaxis(tensors["c.weight"], (0, 1), (4, 3))])
    scaled.set_weights([tensors[f"n.{part}"] for part in ("weight", "bias", "running_mean", "running_var")])
    folded = layers.Conv3D(6, 3, use_bias=False, name="c")
    model = keras.Model(inputs, plain(folded(inputs)))
    plans = layouts.convolution_and_norm(folded, plain, "c", "n")
    fill(model, dict(zip(("c", "n"), plans, strict=True)), tensors, "file")
    np.testing.assert_allclose(model(x), expected(x), rtol=1e-5, atol=1e-5)


def test_layouts_of_pytorch():
    """A grouped 2-D convolution, a dense layer and a batch norm, each compared by hand at one place."""
    convolution, dense, norm = layers.Conv2D(4, (1, 2), groups=2, name="c"), layers.Dense(3, name="d"), layers.BatchNormalization(name="n")
    inputs = keras.Input((1, 2, 4))
    model = keras.Model(inputs, dense(norm(convolution(inputs))))
    plan = {"c": layouts.convolution(convolution, "c"), "d": layouts.dense(dense, "d"), "n": layouts.batch_norm(norm, "n")}
    tensors = tensors_for(plan)
    assert {name: array.shape for name, array in tensors.items() if name in ("c.weight", "d.weight")} == {
        "c.weight": (4, 2, 1, 2),
        "d.weight": (3, 4),
    }
    fill(model, plan, tensors, "file")
    kernel, bias = convolution.get_weights()
    assert kernel[0, 1, 0, 3] == tensors["c.weight"][3, 0, 0, 1] and bias[2] == tensors["c.bias"][2]
    assert dense.get_weights()[0][1, 2] == tensors["d.weight"][2, 1]
    assert same(norm.get_weights(), [tensors[f"n.{part}"] for part in ("weight", "bias", "running_mean", "running_var")])


def test_names_of_kinetics_400():
    """As published by DeepMind and by PyTorchVideo: alphabetical, capitals first."""
    names = kinetics_400()
    assert len(set(names)) == 400 and names == sorted(names)
    assert {names.index(name): name for name in ("abseiling", "playing cricket", "playing squash or racquetball", "zumba")} == {
        0: "abseiling",
        227: "playing cricket",
        245: "playing squash or racquetball",
        399: "zumba",
    }


@pytest.mark.parametrize("name", FORMATS)
def test_formats_name_what_there_is(name):
    published = FORMATS[name]
    assert published.recogniser in RECOGNISERS
    assert callable(getattr(files, published.reader))
    module = importlib.import_module(published.module)
    assert all(callable(getattr(module, part)) for part in (published.plan, "mode_of", "is_ignored"))
