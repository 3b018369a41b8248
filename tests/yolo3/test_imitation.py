"""A student that learns to say of every cell what a teacher says."""

import keras
import numpy as np
import pytest
from darknet_files import write_random_weights

from common.errors import InputError
from yolo3 import cfg as cfgs
from yolo3 import imitation, network, training
from yolo3 import weights as files

CFG = """[net]
width=32
height=32
[convolutional]
batch_normalize=1
filters=8
size=3
stride={stride}
pad=1
activation=leaky
[convolutional]
filters=14
size=1
activation=linear
[yolo]
anchors=5,5, 9,9
classes=2
num=2
"""


@pytest.fixture
def pair(tmp_path):
    """The `Cfg` and the files of a network with cells of so many pixels and random weights."""

    def make(stride):
        path = tmp_path / f"{stride}.cfg"
        path.write_text(CFG.format(stride=stride))
        cfg = cfgs.read(path)
        return cfg, path, write_random_weights(tmp_path / f"{stride}.weights", cfg, seed=stride)

    return make


def pictures(width, height):
    return np.random.default_rng(0).integers(0, 255, (4, height, width, 3)).astype(np.uint8)


def test_a_teacher_says_what_its_heads_give(pair):
    """At another size than its own, with each channel scaled to mean 0 and deviation 1 over the first batch."""
    cfg, *paths = pair(8)
    teacher = imitation.Teacher(*paths)
    said = teacher(pictures(48, 32))
    assert (teacher.strides, teacher.channels, said.shape) == ([8], 14, (4, 24, 14))
    assert np.abs(said.mean(axis=(0, 1))).max() < 0.02 and np.abs(said.std(axis=(0, 1)) - 1).max() < 0.05
    model = network.build_trainable(cfg)
    training.load_values(model, cfg, files.read_apart(paths[1], cfg))
    raw = np.asarray(model(pictures(48, 32), training=False)).reshape(4, 24, 14)
    expected = (raw - raw.mean(axis=(0, 1))) / (raw.std(axis=(0, 1)) + 1e-3)
    assert np.abs(said - expected).mean() < 0.02  # the teacher may compute in bfloat16


def test_a_student_learns_to_say_the_same(pair):
    keras.utils.set_random_seed(0)
    cfg, *paths = pair(8)
    teacher, model = imitation.Teacher(*paths), network.build_trainable(cfg)
    pupil = imitation.student(model, cfg, teacher)
    said = teacher(pictures(32, 32))
    guessed = np.asarray(pupil(pictures(32, 32))[1])
    assert guessed.shape == said.shape
    pupil.compile(keras.optimizers.Adam(0.01), [lambda true, found: 0 * keras.ops.mean(found, axis=(1, 2)), imitation.loss])
    nothing = np.zeros((4, 1, 1), np.float32)
    losses = [pupil.train_on_batch(pictures(32, 32), [nothing, said], return_dict=True)["loss"] for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]
    # What it learned is in the network itself, which is what is kept.
    assert (training.read_values(pupil, cfg)[0][0] == model.get_layer("convolutional_0").get_weights()[0]).all()


def test_a_teacher_with_other_cells_cannot_be_imitated(pair):
    cfg, *_ = pair(8)
    _, *paths = pair(4)
    with pytest.raises(InputError, match="no head with cells of 4 pixels"):
        imitation.student(network.build_trainable(cfg), cfg, imitation.Teacher(*paths))
