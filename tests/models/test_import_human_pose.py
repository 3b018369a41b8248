"""The published pose network from its TensorFlow checkpoint: the answers of tests/parity/tensorflow_human_pose.py."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import import_weights
from common.errors import InputError
from models import human_pose
from models.imports import files, fill
from models.imports import human_pose as published

sys.path.insert(0, str(Path(__file__).parents[1] / "parity"))
import tensorflow_human_pose as reference


def write_checkpoint(path, tensors):
    """A checkpoint in one file, as TensorFlow 1.0 and older wrote."""
    import tensorflow as tf

    tf.raw_ops.Save(filename=str(path), tensor_names=list(tensors), data=[tf.constant(tensor) for tensor in tensors.values()])
    return path


def test_same_joints_as_the_published_graph(tmp_path):
    """696 variables under slim's names, read from a checkpoint in one file."""
    tensors = reference.tensors(reference.shapes())
    assert len(tensors) == 696
    path = write_checkpoint(tmp_path / "MPII+LSP.ckpt", tensors | {"global_step": np.float32(7)})
    model = human_pose.human_pose(reference.SIZE)
    fill.fill(model, published.plan(model), files.read_tensorflow(path), path, None, published.is_ignored)
    outputs = [model.get_layer("Upsampling_layer").input, model.get_layer("heatmaps").output, model.output]
    features, maps, joints = (np.asarray(part)[0] for part in keras.Model(model.input, outputs)({"pictures": reference.picture()}))
    with np.load(reference.GOLDEN) as golden:
        assert golden["features"].std() > 1 and np.ptp(golden["maps"]) > 0.4
        np.testing.assert_allclose(features, golden["features"], atol=1e-3 * golden["features"].std())
        np.testing.assert_allclose(maps[:: reference.EVERY, :: reference.EVERY], golden["maps"], atol=1e-3 * golden["maps"].std())
        side = maps.shape[0]
        np.testing.assert_allclose(joints * (side, side, 1) - (0.5, 0.5, 0), golden["joints"], atol=1e-3)


@pytest.fixture
def thin(monkeypatch):
    """A network of few small layers in place of the published one, and the tensors of its checkpoint."""
    monkeypatch.setattr(human_pose, "BLOCKS", (1, 1))
    monkeypatch.setattr(published, "human_pose", lambda layout: human_pose.human_pose(75, layout, 16))
    plan = published.plan(published.human_pose("mpii16"))
    shapes = {name: shape for weights in plan.values() for weight in weights for name, shape in weight.sources.items()}
    return reference.tensors(shapes)


def test_a_file_for_pose_is_written(thin, main_of, tmp_path, capsys):
    path = write_checkpoint(tmp_path / "MPII+LSP.ckpt", thin)
    main_of(import_weights, "--from", "human_pose", path, "--to", tmp_path / "human_pose.keras")
    assert "extract_pose.py --pose" in capsys.readouterr().out
    stored = human_pose.load(tmp_path / "human_pose.keras").get_layer("Upsampling_layer").get_weights()
    np.testing.assert_array_equal(stored[0], thin["NewInceptionResnetV2/AuxiliaryScoring/Upsampling_layer/weights"])
    assert '"layout": "mpii16"' in (tmp_path / "human_pose.json").read_text()


def test_what_does_not_fit_is_listed_and_nothing_written(thin, main_of, tmp_path):
    scoring, trunk = published.SCORING, published.TRUNK
    thin[f"{scoring}/Upsampling_layer/biases"] = thin[f"{scoring}/Upsampling_layer/biases"][:14]
    thin[f"{trunk}/Repeat/block35_2/Conv2d_1x1/biases"] = thin.pop(f"{trunk}/Repeat/block35_1/Conv2d_1x1/biases")
    thin[f"{trunk}/Conv2d_2b_3x3/weights/RMSProp"] = np.zeros(3, np.float32)
    path = write_checkpoint(tmp_path / "other.ckpt", thin)
    with pytest.raises(InputError) as error:
        main_of(import_weights, "--from", "human_pose", path, "--to", tmp_path / "pose.keras")
    faults = (
        f"{trunk}/Repeat/block35_1/Conv2d_1x1/biases is missing",
        f"{scoring}/Upsampling_layer/biases is 14 and not 16",
        f"{trunk}/Repeat/block35_2/Conv2d_1x1/biases is left over",
    )
    assert str(error.value) == f"{path}: does not hold human_pose: {', '.join(faults)}"
    assert [file.name for file in tmp_path.iterdir()] == ["other.ckpt"]


@pytest.mark.parametrize("flags", [("--to", "pose.keras", "--num_class", "3"), ("--to", "save_weight/pose")])
def test_it_has_no_classes_and_is_no_run(main_of, flags):
    with pytest.raises(SystemExit):
        main_of(import_weights, "--from", "human_pose", "a.ckpt", *flags)
