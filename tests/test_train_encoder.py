"""train_encoder.py through its command line, on two short scenes that samples/persons.py renders."""

import csv
from functools import partial

import cv2
import numpy as np
import pytest

import train_encoder
from deep_sort.appearance import load_keras, read_facts
from deep_sort.encoder_network import person_encoder
from deep_sort.encoder_training import save_encoder

SHORT = ("--epochs", 1, "--steps", 1, "--pictures", 6)


@pytest.fixture(scope="module")
def persons(script, tmp_path_factory):
    """Two scenes of 3 seconds, as extract_frames.py would leave them."""
    folder = tmp_path_factory.mktemp("user") / "persons"
    script("samples/persons.py", "--output", folder, "--seed", 7001, "--scenes", 2, "--seconds", 3)
    return folder


@pytest.fixture
def train(main_of):
    """Run train_encoder.py in this process; returns its exit code, None for success."""
    return partial(main_of, train_encoder)


def test_rendered_persons_are_as_extract_frames_leaves_them(persons):
    for scene in ("07001", "07002"):
        rows = list(csv.DictReader((persons / scene / "tracks.csv").read_text().splitlines()))
        files = {(int(path.parent.name), int(path.stem)) for path in (persons / scene).glob("*/*.jpg")}
        assert files == {(int(row["track_id"]), int(row["frame"])) for row in rows} and len(files) > 12
        assert list(rows[0]) == ["frame", "track_id", "left", "top", "width", "height", "score"]
        assert min(float(row["score"]) for row in rows) >= 0.4
    assert cv2.imread(str(next(persons.glob("07001/1/*.jpg")))).shape == (224, 224, 3)


def test_from_persons_to_an_encoder(persons, train, tmp_path, capsys):
    begin, path = tmp_path / "begin.keras", tmp_path / "mine.keras"
    save_encoder(person_encoder(), begin, {"max_distance": 0.3})
    assert train("--truth", persons, "--weights", begin, *SHORT, "--learning-rate", 1e-9, "--output", path) is None
    assert "training: 1 videos" in (said := capsys.readouterr().out) and "validation: 1 videos" in said
    facts = read_facts(path)
    assert facts["epoch"] == 1 and facts["seed"] == 0 and facts["asked"] > 4 and 0 < facts["max_distance"] <= 1
    assert path.stat().st_size < 3e6
    kernels = [load_keras(file).get_layer("join").kernel.numpy() for file in (begin, path)]
    np.testing.assert_allclose(*kernels, atol=1e-6)  # went on from there, by hardly anything


@pytest.mark.parametrize(
    "flags, code, says",
    [
        ((), 2, "--persons or --truth"),
        (("--persons", "absent"), 1, "no tracks.csv"),
        (("--truth", "{persons}", "--output", "a.h5"), 2, "must end in .keras"),
        (("--truth", "{persons}", "--weights", "absent.keras"), 1, "no such file"),
        (("--truth", "{persons}/07001"), 1, "at least two videos"),
    ],
)
def test_wrong_input_is_one_line(persons, script, tmp_path, flags, code, says):
    done = script("train_encoder.py", *(flag.format(persons=persons) for flag in flags), cwd=tmp_path, code=code)
    assert says in done.stderr.splitlines()[-1] and list(tmp_path.iterdir()) == []
