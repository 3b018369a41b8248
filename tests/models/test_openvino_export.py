"""What OpenVINO is given: nothing that its kernels have to copy first."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

import models
from common.quiet import import_openvino
from models import runtime
from models.openvino_export import export


def exported(model, folder):
    export(model, folder / "network.xml")
    return import_openvino().Core().read_model(folder / "network.xml")


def chain(network):
    """Kinds of the nodes from the first input on, as long as each has one reader."""
    node, kinds = network.inputs[0].node, []
    while len(readers := node.output(0).get_target_inputs()) == 1:
        (reader,) = readers
        node = reader.get_node()
        kinds.append(node.get_type_name())
    return kinds


@pytest.mark.parametrize("name", ["i3d", "x3d_s", "mobilenet_v3_small", "shufflenet_v2_0_5"])
def test_clips_are_scaled_before_channels_come_first(name, tmp_path):
    network = exported(models.build(name, 3, "RGB", 4, 32), tmp_path)
    assert chain(network)[:4] == ["Convert", "Multiply", "Add", "Transpose"]


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_0_5"])
def test_depthwise_networks_stay_in_three_dimensions(name, tmp_path):
    kinds = Counter(node.get_type_name() for node in exported(models.build(name, 3, "RGB", 4, 32), tmp_path).get_ops())
    assert kinds["Transpose"] == 1 and kinds["GroupConvolution"] > 20 and kinds["Pad"] == 0


def pooled(before, border):
    clip = keras.Input((2, 8, 8, 3), dtype="uint8", name="rgb")
    x = layers.Rescaling(1 / 127.5, -1.0)(clip)
    x = before(x)
    x = ops.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)), constant_values=border)
    x = layers.MaxPooling3D((1, 3, 3), (1, 2, 2))(x)
    return keras.Model({"rgb": clip}, layers.GlobalAveragePooling3D()(layers.Conv3D(4, 1)(x)))


@pytest.mark.parametrize(
    ("before", "border", "pads"),
    [
        (layers.Activation("relu"), 0, 0),  # zeros around what is never below are as good as none
        (layers.Activation("relu"), 1, 1),
        (layers.Activation("tanh"), 0, 1),
    ],
    ids=["relu", "ones", "tanh"],
)
def test_pooling_pads_by_itself_only_where_that_is_the_same(before, border, pads, tmp_path):
    keras.utils.set_random_seed(0)
    model = pooled(before, border)
    clip = {"rgb": np.random.default_rng(0).integers(0, 120, (2, 2, 8, 8, 3), dtype=np.uint8)}
    network = exported(model, tmp_path)
    assert sum(node.get_type_name() == "Pad" for node in network.get_ops()) == pads
    answer = runtime.compile(model, "openvino", precision="float32")(clip)
    np.testing.assert_allclose(answer, model.predict_on_batch(clip), atol=1e-5)


def test_channels_scaled_each_by_its_own_stay_right():
    clip = keras.Input((2, 8, 8, 3), dtype="uint8", name="rgb")
    x = layers.Rescaling([0.1, 0.2, 0.3], [-1.0, 0.0, 1.0])(clip)
    model = keras.Model({"rgb": clip}, layers.GlobalAveragePooling3D()(layers.Conv3D(4, (1, 3, 3))(x)))
    pictures = {"rgb": np.random.default_rng(0).integers(0, 256, (2, 2, 8, 8, 3), dtype=np.uint8)}
    answer = runtime.compile(model, "openvino", precision="float32")(pictures)
    np.testing.assert_allclose(answer, model.predict_on_batch(pictures), rtol=1e-4, atol=1e-4)


ON_JAX = """
import numpy as np
import models
from models import runtime
model = models.build("motion", 3, "Flow", 4, 32)
clip = {"flow": np.random.default_rng(0).integers(0, 256, (2, 4, 32, 32, 2), np.uint8)}
answer = runtime.compile(model, "openvino", precision="float32")(clip)
np.testing.assert_allclose(answer, np.asarray(model.predict_on_batch(clip)), atol=1e-5)
"""


def test_networks_on_other_backends_are_converted_too(jax_environment):
    subprocess.run([sys.executable, "-c", ON_JAX], env=jax_environment, cwd=Path(models.__file__).parents[1], check=True)
