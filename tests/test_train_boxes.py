"""From tracks and lists to a network that is asked about boxes, on films in which only the box tells who is meant."""

import json

import keras
import numpy as np
import pytest
from keras import layers
from tiny_recogniser import tiny

import evaluate as script_evaluate
import models
import train as script_train
from common.errors import InputError
from common.person_flags import region_to_follow
from models import Recogniser
from models.run import Run
from video.io import VideoWriter

TINY = Recogniser("test_train_boxes", "tiny_with_box", frames=8, size=16, fps=25.0, options=models.VATN_OPTIONS)
LEFT, RIGHT = (8, 20, 24, 40), (70, 20, 20, 40)  # left, top, width, height of the two persons of every film, of 100×80 pixels


def tiny_with_box(num_class, stream, frames, size, query):
    """`tiny_recogniser.tiny`, with the box beside the features that the classifier sees."""
    body = tiny(num_class, stream, frames, size)
    if query == "centre":
        return body
    box = keras.Input((4,), dtype="float32", name="box")
    x = layers.Concatenate()([body.get_layer("pool").output, box])
    logits = layers.Dense(num_class, dtype="float32", name="logits")(x)
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(logits)
    return keras.Model({**body.input, "box": box}, probabilities, name="tiny_with_box")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the seven scripts leave: films, persons/<film>/tracks.csv, clips in lists; the left person waves, the right one walks."""
    folder = tmp_path_factory.mktemp("films")
    for name in ("datasetlist", "videos", *(f"persons/film{i}" for i in range(6)), "clips/waving", "clips/walking"):
        (folder / name).mkdir(parents=True)
    lines = {"train": [], "val": []}
    for i in range(6):
        rng = np.random.default_rng(i)
        with VideoWriter(folder / f"videos/film{i}.avi", 25, (100, 80), "mjpeg") as writer:
            for _ in range(12):
                writer.write(rng.integers(0, 255, (80, 100, 3), dtype=np.uint8))
        rows = [f"{number},{track},{','.join(map(str, box))},0.9" for number in range(1, 13) for track, box in ((1, LEFT), (2, RIGHT))]
        place = folder / f"persons/film{i}"
        (place / "tracks.csv").write_text("\n".join(["frame,track_id,left,top,width,height,score", *rows]) + "\n")
        (place / "video.json").write_text(json.dumps({"source": f"videos/film{i}.avi", "fps": 25.0, "width": 100, "height": 80}))
        for label, track in (("waving", 1), ("walking", 2)):
            clip = f"clips/{label}/film{i}_{track}_1-12_first.avi"
            (folder / clip).write_bytes((folder / f"videos/film{i}.avi").read_bytes())
            lines["val" if i > 3 else "train"].append(f"{clip} {track - 1}\n" * (1 if i > 3 else 8))
    for name, listed in lines.items():
        (folder / f"datasetlist/{name}list.txt").write_text("".join(listed))
    (folder / "datasetlist/classes.txt").write_text("waving\nwalking\n")
    return folder


@pytest.fixture
def call(folder, main_of, monkeypatch):
    """call(script's module, *flags) runs it in this process, in the folder."""
    monkeypatch.setitem(models.RECOGNISERS, "tiny", TINY)
    monkeypatch.chdir(folder)
    return main_of


def test_a_network_learns_whom_it_is_asked_about(call, folder):
    flags = ("--model", "tiny", "--query", "box", "--tracks", "persons", "--cache", "cache", "--name", "asked")
    call(script_train, *flags, "--epochs", 4, "--batchsize", 4, "--optimizer", "adam", "--learning_rate", 0.1, "--augment", "time")
    run = Run.open(folder / "save_weight/asked")
    assert run.meta["metrics"]["val_accuracy"] == 1  # both clips of a film have the same pictures
    assert run.region == "frame" and run.sees_boxes and run.options == {"query": "box"}
    call(script_evaluate, "--path", run.folder, "--tracks", "persons", "--output", "report")
    assert json.loads((folder / "report/summary.json").read_text())["accuracy"] == 1
    with pytest.raises(InputError, match="leave --region out"):
        region_to_follow("person", run)
    assert region_to_follow(None, run) == "person"


def test_boxes_need_tracks(call, capsys):
    for flags in (("--query", "box"), ("--tracks", "persons"), ("--query", "box", "--tracks", "persons", "--region", "person")):
        with pytest.raises(SystemExit):
            call(script_train, "--model", "tiny", *flags, "--name", "never")
        assert "go together" in capsys.readouterr().err
