"""I3D from its published files: the same logits as the programs in tests/parity, which made the golden ones."""

import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from named_tensors import clip, kernel, values

import models
from models.imports import files, i3d
from models.imports.fill import fill

sys.path.insert(0, str(Path(__file__).parents[1] / "parity"))
import tensorflow_i3d as reference

GOLDEN = Path(__file__).parents[1] / "golden"


def write_hdf5(path, tensors):
    """A file in the layout of Keras 2's ``save_weights``: layer/layer/weight:0, with lists of names as attributes."""
    with h5py.File(path, "w") as file:
        layers = {}
        for name in tensors:
            layers.setdefault(name.split("/")[0], []).append(f"{name}:0".encode())
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        for layer, names in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = names
            for name in names:
                group[name.decode()] = tensors[name.decode()[:-2]]
    return path


def write_checkpoint(prefix, tensors):
    """A checkpoint as TensorFlow 1 saves it: variables by name."""
    import tensorflow as tf

    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=list(tensors), shape_and_slices=[""] * len(tensors), tensors=list(tensors.values()))
    return prefix


def pytorch_tensors(channels):
    """The state dict of tests/parity/pytorch_i3d.py, whose tensors follow from their names."""
    tensors = {}
    for block, branch, side, inputs, outputs in reference.units(channels):
        name = branch if block is None else f"Mixed_{block}.b{branch.replace('0a', '0')}"
        tensors[f"{name}.conv3d.weight"] = kernel(f"{name}.conv3d.weight", (outputs, inputs, side, side, side), side**3 * inputs)
        for part in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{name}.bn.{part}"] = values(f"{name}.bn.{part}", (outputs,))
        tensors[f"{name}.bn.num_batches_tracked"] = np.float32(0)
    tensors["logits.conv3d.weight"] = kernel("logits.conv3d.weight", (400, 1024, 1, 1, 1), 1024)
    return tensors | {"logits.conv3d.bias": values("logits.conv3d.bias", (400,))}


@pytest.fixture(scope="module")
def networks():
    """Our I3D by stream, with what gives its logits."""

    def with_logits(mode):
        model = models.build("i3d", 400, mode, reference.FRAMES, reference.SIZE)
        return model, keras.Model(model.input, model.get_layer("logits").output)

    return {"rgb": with_logits("RGB"), "flow": with_logits("Flow")}


def assert_gives(network, plan, tensors, stream, golden):
    """The imported network's logits are the reference's, within 1e-3 of how far those are from each other."""
    model, body = network
    assert i3d.mode_of(tensors).lower() == stream
    fill(model, plan(model, tensors), tensors, "file", is_ignored=i3d.is_ignored)
    found = np.asarray(body({stream: clip(stream, reference.FRAMES, reference.SIZE)}, training=False))[0]
    file, name = golden
    expected = np.load(GOLDEN / file)[name]
    assert expected.std() > 1
    assert np.abs(found - expected).max() < 1e-3 * expected.std()


def test_keras_file(networks, tmp_path):
    tensors = files.read_hdf5(write_hdf5(tmp_path / "rgb.h5", reference.keras_tensors()))
    assert_gives(networks["rgb"], i3d.keras, tensors, "rgb", ("tensorflow_i3d.npz", "keras_rgb"))


@pytest.mark.parametrize("stream", ["rgb", "flow"])
def test_deepmind_checkpoint(networks, tmp_path, stream):
    tensors = files.read_tensorflow(write_checkpoint(tmp_path / "model.ckpt", reference.deepmind_tensors(stream)))
    assert_gives(networks[stream], i3d.deepmind, tensors, stream, ("tensorflow_i3d.npz", f"deepmind_{stream}"))


@pytest.mark.parametrize(("stream", "channels"), [("rgb", 3), ("flow", 2)])
def test_pytorch_state_dict(networks, stream, channels):
    assert_gives(networks[stream], i3d.pytorch, pytorch_tensors(channels), stream, ("pytorch_i3d.npz", stream))


def test_checkpoint_of_kinetics_600_has_no_scope(networks):
    names = {name.removeprefix("RGB/inception_i3d/") for name in reference.deepmind_shapes("rgb")}
    plan = i3d.deepmind(networks["rgb"][0], dict.fromkeys(names))
    assert {name for weights in plan.values() for weight in weights for name in weight.sources} == names


def test_what_training_left_in_a_checkpoint_is_no_fault():
    left = ["global_step", "RGB/inception_i3d/Conv3d_1a_7x7/conv_3d/w/Momentum", "Mixed_3b.b0.bn.num_batches_tracked"]
    assert all(map(i3d.is_ignored, left))
    assert not any(map(i3d.is_ignored, reference.deepmind_shapes("rgb")))
