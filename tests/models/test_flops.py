"""Parameters and multiply-adds: of single layers by hand, and of every network as its builder and the README state them."""

import math
import re
from pathlib import Path

import keras
import pytest
from keras import layers, ops

import models
from models.convolution import DepthwiseConv3D
from models.flops import multiply_adds, parameters

# For 400 classes: frames and pixels, parameters, G multiply-adds.
STATED = {
    "i3d": (64, 224, 12_689_984, 111),
    "i3d_se": (64, 224, 13_882_867, 111),
    "motion": (20, 96, 212_624, 0.000244),
    "x3d_s": (13, 160, 3_794_274, 1.96),
    "x3d_m": (16, 224, 3_794_274, 4.73),
    "slowfast_8x8": (32, 224, 34_566_488, 50.3),
    "slowfast_4x16": (32, 224, 34_480_216, 27.6),
    "vatn": (64, 224, 9_634_440, 111),
    "mobilenet_v3_large": (16, 224, 4_729_480, 2.40),
    "mobilenet_v3_small": (16, 224, 1_935_224, 0.598),
    "shufflenet_v2_0_5": (16, 224, 754_888, 0.455),
    "shufflenet_v2_1_0": (16, 224, 1_670_984, 1.53),
    "shufflenet_v2_1_5": (16, 224, 2_899_784, 3.08),
    "shufflenet_v2_2_0": (16, 224, 6_180_040, 5.90),
    "gait": (32, 299, 6_346_752 - 3_840 + 400 * 513, 380),  # its builder counts statistics of batch norms, and no classifier
}


@pytest.fixture(scope="module", autouse=True)
def zeros():
    """Weights whose values nobody asks for need not be drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.initializers.VarianceScaling, "__call__", lambda self, shape, dtype=None: ops.zeros(shape, dtype))
        yield


def count(layer, *shapes):
    """Multiply-adds of a layer or function on inputs of these shapes, without the batch axis."""
    inputs = {f"input{i}": keras.Input(shape, name=f"input{i}") for i, shape in enumerate(shapes)}
    return multiply_adds(keras.Model(inputs, layer(*inputs.values())))


@pytest.mark.parametrize(
    ("layer", "shapes", "expected"),
    [
        (layers.Conv3D(4, (3, 5, 5), strides=(1, 2, 2), padding="same"), [(6, 8, 8, 2)], 6 * 4 * 4 * 4 * 3 * 5 * 5 * 2),
        (layers.Conv3D(4, 3, groups=2), [(6, 8, 8, 2)], 4 * 6 * 6 * 4 * 27),
        (DepthwiseConv3D((3, 3, 3), 2), [(6, 8, 8, 5)], 6 * 4 * 4 * 5 * 27),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), [(8, 8, 5)], 6 * 6 * 10 * 9),
        (layers.Dense(7), [(3, 5)], 3 * 5 * 7),
        (layers.EinsumDense("...x,xy->...y", output_shape=7), [(3, 5)], 3 * 5 * 7),
        (lambda a, b: ops.matmul(a, ops.transpose(b, (0, 2, 1))), [(3, 5), (4, 5)], 3 * 4 * 5),
        (lambda a, b: ops.einsum("btd,bsd->bts", a, b), [(3, 5), (4, 5)], 3 * 4 * 5),
        (layers.MultiHeadAttention(2, 4), [(3, 6), (5, 6)], 6 * 8 * (3 + 5 + 5 + 3) + 2 * 2 * 3 * 5 * 4),
        (layers.BatchNormalization(), [(3, 5)], 0),
    ],
)
def test_layers_by_hand(layer, shapes, expected):
    assert count(layer, *shapes) == expected


def test_nested_models_count_as_often_as_they_are_used():
    clip = keras.Input((5,))
    dense = keras.Model(clip, layers.Dense(7)(clip))
    assert count(lambda a, b: layers.add([dense(a), dense(b)]), (5,), (5,)) == 2 * 5 * 7


@pytest.mark.parametrize("name", STATED)
def test_networks_are_as_stated(name):
    frames, size, expected, giga = STATED[name]
    recogniser = models.RECOGNISERS[name]
    assert (recogniser.frames, recogniser.size) == (frames, size)
    model = models.build(name, 400, recogniser.modes[0])
    assert parameters(model) == expected
    assert multiply_adds(model) / 1e9 == pytest.approx(giga, rel=5e-3)


def test_the_readme_states_the_same():
    readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([\d.]+)(?: that learn)? \| ([\d.]+) \|", readme, re.MULTILINE)
    rows = {name: numbers for name, *numbers in rows}
    assert set(rows) == set(models.RECOGNISERS)
    for name, (_, _, expected, giga) in STATED.items():
        assert [float(number) for number in rows[name]] == [round(expected / 1e6, 2), pytest.approx(giga, rel=5e-3)], name


def normalised(model):
    """Numbers that go through batch norms, for one example."""
    return sum(math.prod(layer.output.shape[1:]) for layer in model.layers if isinstance(layer, layers.BatchNormalization))


@pytest.mark.parametrize(
    ("name", "frames", "size", "published", "per_norm"),
    [("x3d_s", 13, 182, 2.96, 5), ("x3d_m", 16, 256, 6.72, 5), ("slowfast_8x8", 32, 256, 65.71, 0), ("slowfast_4x16", 32, 256, 36.69, 5)],
)
def test_flops_that_pytorchvideo_publishes(name, frames, size, published, per_norm):
    """Its model zoo counts 5 for each number that a batch norm takes, except for SlowFast 8×8. It classifies 4 places: < 0.3 %."""
    model = models.build(name, 400, "RGB", frames, size)
    assert (multiply_adds(model) + per_norm * normalised(model)) / 1e9 == pytest.approx(published, rel=3e-3)
