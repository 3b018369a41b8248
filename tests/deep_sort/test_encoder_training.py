"""The loss by hand, what batches hold, and how the encoder is judged."""

import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from common.errors import InputError
from deep_sort.appearance import FACTS, Encoder, read_facts
from deep_sort.encoder_data import ROOM, Tracks
from deep_sort.encoder_network import person_encoder
from deep_sort.encoder_training import Groups, circle_loss, judge, save_encoder

COLOURS = [(220, 40, 40), (40, 220, 40), (40, 40, 220), (200, 200, 40)]


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(0)
    return person_encoder()


def made_up(persons=(0, 1, 2), looks=8, certain=1):
    """Tracks of one video, everybody there all the time; a picture shows nothing but the person's colour and some noise."""
    rng = np.random.default_rng(0)
    colours = np.repeat([COLOURS[person] for person in persons], looks, axis=0)[:, None, None]
    pictures = np.clip(colours + rng.normal(0, 12, (len(colours), *ROOM, 3)), 0, 255).astype(np.uint8)
    zeros = np.zeros(len(persons), int)
    piece = np.repeat(np.arange(len(persons)), looks)
    return Tracks(pictures, piece, zeros, np.array(persons), zeros, zeros + looks, np.full(len(persons), certain, bool))


def test_the_network_gives_unit_rows_and_has_the_stated_size(encoder):
    pictures = np.random.default_rng(0).integers(0, 256, (3, 96, 48, 3), np.uint8)
    features = encoder.predict(pictures, verbose=0)
    assert features.shape == (3, 128) and encoder.count_params() == 692_832 <= 750_000
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)


def test_the_circle_loss_by_hand():
    # Two pictures of one person at cosine 0.6, a third of somebody else at 0.8 and 0 to them, a fourth nothing is known about.
    features = np.array([[1, 0], [0.6, 0.8], [0.8, -0.6], [0, 1]], np.float32)
    relations = np.array([[0, 0, 0, 1, 9, 0], [0, 0, 0, 1, 9, 0], [0, 1, 1, 5, 9, 0], [0, 2, 2, 20, 30, 0]], np.int32)
    pull, push = 64 * (1.25 - 0.6) * (0.75 - 0.6), [64 * 1.05 * (0.8 - 0.25), 64 * 0.25 * (0 - 0.25)]
    expected = [np.log1p(np.exp(pull + near)) for near in push] + [0, 0]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(circle_loss(relations, features)), expected, rtol=1e-4)


def test_who_differs_for_certain_needs_not_be_seen_together():
    features = np.array([[1, 0], [0.6, 0.8], [0.8, -0.6]], np.float32)
    relations = np.array([[0, 0, 0, 1, 3, 0], [0, 0, 0, 1, 3, 0], [0, 1, 1, 5, 9, 0]], np.int32)
    assert not keras.ops.convert_to_numpy(circle_loss(relations, features)).any()
    relations[:, 5] = 1
    assert keras.ops.convert_to_numpy(circle_loss(relations, features))[0] > 10
    relations[2, 0] = 1  # another video: maybe the same person again
    assert not keras.ops.convert_to_numpy(circle_loss(relations, features)).any()


def test_a_group_is_of_people_seen_together_and_the_seed_decides_it():
    tracks = made_up()
    data = Groups(tracks, groups=2, steps=3, seed=5)
    pictures, relations = data[1]
    assert len(data) == 3 and pictures.shape == (32, 96, 48, 3) and pictures.dtype == np.uint8 and relations.shape == (32, 6)
    for group in np.split(relations, 2):
        assert set(group[:, 1]) == {0, 1, 2} and min(np.bincount(group[:, 1])) >= 4
    np.testing.assert_array_equal(data[1][0], pictures)
    assert (data[2][0] != pictures).any()
    data.on_epoch_end()
    assert (data[1][0] != pictures).any()


def test_people_never_seen_together_teach_nothing():
    tracks = made_up(certain=0)._replace(first=np.array([0, 20, 40]), last=np.array([9, 29, 49]))
    with pytest.raises(InputError, match="seen together"):
        Groups(tracks, groups=1, steps=1)


class Colour:
    """Stands in for a network: the mean colour, of unit length."""

    def predict(self, pictures, batch_size, verbose):
        mean = pictures.mean(axis=(1, 2)) - 100
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def test_judging_tells_good_features_from_bad():
    facts = judge(Colour(), made_up())
    assert facts["right"] == facts["divided"] == 1 and facts["asked"] == 12 and 0 < facts["max_distance"] < 0.5
    confused = made_up()
    confused.pictures[:8] = confused.pictures[8:16]  # 0 dresses like 1
    assert judge(Colour(), confused)["right"] < 0.8


def test_a_few_steps_on_one_batch_learn_it(encoder):
    pictures, relations = Groups(made_up((0, 1, 2, 3)), groups=1, steps=1)[0]
    pictures = np.random.default_rng(0).permuted(pictures.reshape(16, -1), axis=1).reshape(pictures.shape)  # colour alone is too easy
    trained = keras.Model(encoder.inputs, encoder.outputs)
    trained.compile(keras.optimizers.Adam(1e-3), circle_loss, jit_compile=False)
    losses = trained.fit(pictures, relations, batch_size=16, epochs=8, verbose=0, shuffle=False).history["loss"]
    assert losses[-1] < losses[0] / 2


def test_what_is_saved_gives_the_same_features_to_a_user(encoder, tmp_path, root):
    path = tmp_path / "folder" / "e.keras"
    save_encoder(encoder, path, {"max_distance": 0.37})
    reader = Encoder(path, precision="float32")
    assert (reader.dim, reader.max_distance) == (128, 0.37)
    frame = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    frame[20:116, 30:78] = 90
    features = reader(frame, [[30, 20, 78, 116], [-50, -50, -10, -10], [100, 50, 148, 146]])
    crops = np.stack([frame[20:116, 30:78], frame[50:146, 100:148]])
    np.testing.assert_allclose(features[[0, 2]], encoder.predict(crops, verbose=0), atol=2e-4)
    code = "import sys; from deep_sort.appearance import Encoder; Encoder(sys.argv[1]); print('keras' in sys.modules)"
    again = subprocess.run([sys.executable, "-c", code, str(path)], cwd=root, capture_output=True, text=True, check=True)
    assert again.stdout == "False\n"  # a second start finds the converted network
    assert not features[1].any() and [file.name for file in path.parent.iterdir() if ".part" in file.name] == []


def test_a_keras_file_that_is_no_encoder_is_one_line(encoder, tmp_path):
    save_encoder(encoder, tmp_path / "e.keras", {"max_distance": 0.3})
    whole = (tmp_path / "e.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with zipfile.ZipFile(tmp_path / "hollow.keras", "w") as archive:
        archive.writestr(FACTS, '{"max_distance": 0.3, "dim": 128, "height": 96, "width": 48}')
    for name, says in (("cut", "no encoder"), ("other", "no encoder"), ("hollow", "Keras cannot load it")):
        with pytest.raises(InputError, match=says) as caught:
            Encoder(tmp_path / f"{name}.keras")
        assert "\n" not in str(caught.value)


def test_the_bundled_encoder_is_small_and_knows_its_distance(root):
    path = root / "model_data/appearance.keras"
    facts = read_facts(path)
    assert path.stat().st_size <= 3e6 and facts["dim"] == 128 and 0 < facts["max_distance"] < 1
