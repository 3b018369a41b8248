"""The published pose network: its sizes, what it computes, what it learns from, and its file as an estimator."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from common.errors import InputError
from common.person_flags import open_estimator
from models import human_pose

SIZE = 75  # 3×3 places, heat maps of 51×51


@pytest.fixture
def short(monkeypatch):
    """One block of each kind."""
    monkeypatch.setattr(human_pose, "BLOCKS", (1, 1))


@pytest.fixture(scope="module")
def whole():
    """All blocks."""
    return human_pose.human_pose(SIZE)


def answer(model, name, pictures):
    """What a layer of a network with one input says, as an array."""
    return np.asarray(keras.Model(model.inputs[0], model.get_layer(name).output)(pictures))


def marked(x, y, size):
    """A black picture with a bright disc."""
    rows, columns = np.mgrid[:size, :size]
    return np.where((rows - y) ** 2 + (columns - x) ** 2 < 30, 255, 0).astype(np.uint8)[..., None].repeat(3, -1)


def test_published_size(whole):
    """Counted by hand: of the detectors 17·17·32·16 weights and 16 biases, of the features 768·32 + 32."""
    assert whole.count_params() == 29_663_504
    assert whole.get_layer("Upsampling_layer").count_params() == 17 * 17 * 32 * 16 + 16
    assert whole.get_layer("trunk").get_layer("Scoring_layer").count_params() == 768 * 32 + 32


def test_published_shapes(short):
    model = human_pose.human_pose()
    trunk = model.get_layer("trunk")
    shapes = {"MaxPool_5a_3x3": (35, 35, 192), "Mixed_5b": (35, 35, 320), "Mixed_6a": (17, 17, 1088), "Scoring_layer": (17, 17, 32)}
    assert {name: trunk.get_layer(name).output.shape[1:] for name in shapes} == shapes
    assert not [weight.path for weight in model.weights if "." in weight.path]  # Keras on PyTorch refuses a dot
    assert model.get_layer("logits").output.shape[1:] == (289, 289, 16) and model.output_shape == (None, 16, 3)


def test_equals_the_network_of_keras(whole):
    """Up to the last 17×17 block, which is where the published program leaves Inception-ResNet-v2."""
    application = keras.applications.InceptionResNetV2(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    random = np.random.default_rng(0)
    for weight in application.weights:
        if "moving" in weight.path or weight.path.endswith("beta"):
            weight.assign(random.uniform(0.1, 0.6, weight.shape))
    human_pose.start_from_application(whole, application)
    pictures = random.integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
    theirs = answer(application, "block17_20_ac", pictures / np.float32(127.5) - 1)
    ours = answer(whole.get_layer("trunk"), "Repeat_1-block17_20-relu", pictures)
    assert np.std(theirs) > 0.1
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.std(theirs))


def test_too_small_pictures_are_one_line():
    with pytest.raises(InputError, match="--size 42 is too small for the pose network; it needs 43 pixels"):
        human_pose.trunk(42)


def test_smooth_is_the_gaussian_by_hand():
    maps = np.zeros((1, 9, 9, 2), np.float32)
    maps[0, 4, 4, 1] = 1
    found = np.asarray(human_pose.Smooth(5, 0.7, 0.5)(maps))
    line = np.exp(-0.5 * (np.array([-2, -1, 0, 1, 2]) / 0.7) ** 2)
    np.testing.assert_allclose(found[0, 2:7, 2:7, 1], 0.5 * np.outer(line, line) / line.sum() ** 2, atol=1e-6)
    assert found[..., 0].max() == 0 and found[0, 1].max() == 0


def test_loss_by_hand():
    """A disc of 15 pixels about each known joint; an unknown one does not count."""
    logits = np.random.default_rng(0).normal(size=(2, 34, 51, 3)).astype(np.float32)
    joints = np.float32([[[0.5, 0.5, 1], [0.1, 0.9, 1], [0.3, 0.3, 0]], [[1.4, 0.2, 1], [0, 0, 0], [0.7, 0.1, 0]]])
    rows, columns = np.mgrid[:34, :51] + 0.5
    terms = []
    for b, k in ((0, 0), (0, 1), (1, 0)):
        x, y, _ = joints[b, k]
        disc = (rows - 34 * y) ** 2 + (columns - 51 * x) ** 2 <= 7.5**2
        share = 1 / (1 + np.exp(-logits[b, ..., k]))
        terms.append(-np.where(disc, np.log(share), np.log(1 - share)).mean())
    assert float(human_pose.part_detector_loss(joints, logits)) == pytest.approx(np.mean(terms), rel=1e-4)
    assert float(human_pose.part_detector_loss(0 * joints, logits)) == 0


def test_learns_where_joints_are(monkeypatch, tmp_path):
    """Every joint of four pictures is the bright disc, a fifth has none: 60 steps find it, and the file does as an estimator."""
    monkeypatch.setattr(human_pose, "BLOCKS", (0, 0))
    keras.utils.set_random_seed(0)
    places = [(20, 24), (50, 22), (26, 54), (52, 50)]
    pictures = np.stack([marked(x, y, SIZE) for x, y in (*places, (-99, -99))])
    joints = np.float32([[(x / SIZE, y / SIZE, 1)] * 16 for x, y in (*places, (-99, -99))])
    model = human_pose.human_pose(SIZE, shrink=16)
    trained = keras.Model(model.input, model.get_layer("logits").output)
    trained.compile("adam", human_pose.part_detector_loss, jit_compile=False)
    trained.optimizer.learning_rate = 0.01
    losses = [trained.train_on_batch({"pictures": pictures}, joints) for _ in range(60)]
    assert losses[-1] < 0.3 * losses[0]
    human_pose.save(model, tmp_path / "pose.keras", "mpii16")
    assert json.loads((tmp_path / "pose.json").read_text()) == {"size": SIZE, "layout": "mpii16", "x_first": True}
    estimator = open_estimator(tmp_path / "pose.keras")
    together = estimator(pictures[..., ::-1])
    assert together.shape == (5, 16, 3) and together[:4, :, 2].min() > 2 * together[4, :, 2].max()
    apart = np.linalg.norm(together[:4, :, None, :2] - np.array(places), axis=-1)  # (picture, joint, place)
    assert (apart.argmin(-1) == np.arange(4)[:, None]).all()
    np.testing.assert_allclose(estimator(pictures[1:2]), together[1:2], atol=0.1)


def test_a_broken_file_is_one_line(tmp_path):
    (tmp_path / "pose.keras").write_bytes(b"no network")
    with pytest.raises(InputError, match="unknown pose network"):
        open_estimator(tmp_path / "pose.keras")
    Path(tmp_path / "pose.json").write_text('{"size": 75, "layout": "mpii16", "x_first": true}')
    with pytest.raises(InputError, match=r"pose\.keras: not a Keras model"):
        open_estimator(tmp_path / "pose.keras")
