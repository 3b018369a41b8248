"""The two-stream protocol on three classes of UCF-101: flow first, then each stream, both as one, and its test clips."""

import json
import shutil

import numpy as np
import pytest

import evaluate as script_evaluate
import extract_flow as script_flow
import train as script_train
from common.errors import InputError
from models.backbones import backbone
from models.run import Run
from video import flow

CLASSES = ("Diving", "JavelinThrow", "PizzaTossing")
TEST = {"v_Diving_g03_c07", "v_Diving_g04_c04", "v_JavelinThrow_g05_c05", "v_PizzaTossing_g01_c04"}


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    """The classes' ten clips, named as in the data set."""
    folder = tmp_path_factory.mktemp("two streams")
    for name in CLASSES:
        shutil.copytree(data / "ucf101/UCF-101" / name, folder / "UCF-101" / name)
    return folder


@pytest.fixture
def call(folder, main_of, monkeypatch):
    """Run a script in this process: call(script_train, "--epochs", 1)."""
    monkeypatch.chdir(folder)
    return main_of


@pytest.fixture
def which(data):
    """Flags: the clips and a small network."""
    lists = ("--dataset", "ucf101", "--data", "UCF-101", "--splits", data / "ucf101/ucfTrainTestlist", "--classes", *CLASSES)
    small = ("--model", "two_stream", "--backbone", "Small", "--pretrained", "none", "--size", 32, "--optimizer", "sgd")
    return (*lists, "--fps", 25, "--skip-bad", "--val-fraction", 0.4, "--batchsize", 4, *small)


def test_from_videos_to_both_streams_as_one(call, which, folder, monkeypatch, capsys, rows):
    call(script_flow, "--videos", "UCF-101", "--method", "dis", "--side", 32)
    assert "10 videos" in capsys.readouterr().out
    monkeypatch.setattr(flow, "flow", None)  # none is computed from here on
    call(script_train, *which, "--epochs", 0, "--name", "spatial")
    call(script_train, *which, "--mode", "Flow", "--flow-archive", "tvl1_flow", "--augment", "heavy", "--epochs", 1, "--name", "motion")
    pair = ("--from-runs", "save_weight/spatial", "save_weight/motion")
    facts = [which[i] for i in range(which.index("--model"))]
    call(script_train, *facts, *pair, "--fuse", "average", "--weights", 2, 1, "--flow-archive", "tvl1_flow", "--name", "both")
    runs = [Run.open(folder / "save_weight" / name) for name in ("spatial", "motion", "both")]
    assert [run.mode for run in runs] == ["RGB", "Flow", "Fuse"] and runs[2].options == {"backbone": "Small", "fusion": [2, 1]}

    scores = []
    for run in runs:
        call(script_evaluate, "--path", run.folder, "--testing_samples", 3)
        predictions = rows(run.folder / "evaluation/test/predictions.csv")
        assert {row["path"].split("/")[-1][:-4] for row in predictions} == TEST
        scores.append(np.array([[float(row[name]) for name in CLASSES] for row in predictions]))
    assert json.loads((runs[2].folder / "evaluation/test/summary.json").read_text())["n"] == len(TEST)
    # Hardly trained, a stream says nearly the same of every window, so fusing before or after averaging is nearly the same too.
    mean = np.exp((2 * np.log(scores[0]) + np.log(scores[1])) / 3)
    np.testing.assert_allclose(scores[2], mean / mean.sum(axis=1, keepdims=True), atol=0.02)


def test_both_streams_under_a_recurrent_layer(call, which, folder, monkeypatch):
    """Of the runs that the test before has made; flow comes from the archive."""
    monkeypatch.setattr(flow, "flow", None)
    facts = [which[i] for i in range(which.index("--model"))]
    pair = ("--from-runs", "save_weight/spatial", "save_weight/motion", "--fuse", "recurrent", "--positions", 3)
    call(script_train, *facts, *pair, "--epochs", 1, "--flow-archive", "tvl1_flow", "--cache", "kept", "--name", "recurrent")
    run = Run.open(folder / "save_weight/recurrent")
    assert (run.recogniser, run.frames, run.stack) == ("recurrent_fusion", 30, 10)
    assert len(list((folder / "kept").glob("*.embedding"))) == sum(map(sum, run.meta["clips"].values()))
    call(script_evaluate, "--path", run.folder)
    assert json.loads((run.folder / "evaluation/test/summary.json").read_text())["n"] == len(TEST)


def test_the_image_network_starts_from_weights_for_pictures(call, which, folder):
    flags = ("--mode", "Flow", "--flow-archive", "none", "--epochs", 0, "--name", "pretrained", "--pretrained")
    flags = (*(flag for flag in which if flag not in ("--pretrained", "none")), *flags)
    with pytest.raises(InputError, match=r"nowhere\.h5: no such run or weights file"):
        call(script_train, *flags, "nowhere.h5")
    colours = backbone("Small", 32, 3)
    colours.save(folder / "pictures.keras")
    call(script_train, *flags, "pictures.keras")
    inside = Run.open(folder / "save_weight/pretrained").load_model().get_layer("small")
    last = [layer.name for layer in colours.layers if getattr(layer, "kernel", None) is not None][-1]
    np.testing.assert_array_equal(inside.get_layer(last).get_weights()[0], colours.get_layer(last).get_weights()[0])


def test_a_video_without_flow_is_told_before_training(call, which, folder, capsys, rows):
    moved = folder / "tvl1_flow/u/v_Diving_g16_c04"
    moved.rename(folder / "elsewhere")
    flags = (*which, "--mode", "Flow", "--flow-archive", "tvl1_flow", "--epochs", 0)
    with pytest.raises(InputError, match=r"[0-9]+ missing, 1 no flow\)"):
        call(script_train, *(flag for flag in flags if flag != "--skip-bad"), "--name", "stopped")
    assert "no flow: UCF-101/Diving/v_Diving_g16_c04.avi (tvl1_flow has 0 pictures in u and " in capsys.readouterr().out
    call(script_train, *flags, "--name", "skipping")
    assert [row["path"] for row in rows(folder / "save_weight/skipping/skipped.csv") if row["kind"] == "no flow"] == [
        "UCF-101/Diving/v_Diving_g16_c04.avi"
    ]
    (folder / "elsewhere").rename(moved)
