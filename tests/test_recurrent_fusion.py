"""Recurrent fusion through the command lines: two streams, what they say of a video kept, a recurrent layer on it."""

import json

import numpy as np
import pytest
from tiny_recogniser import moving_square, write_clip
from tiny_streams import TINY_STREAMS, tiny_streams

import evaluate as script_evaluate
import models
import predict as script_predict
import train as script_train
from common.errors import InputError
from common.files import sha256
from models.front import cut
from models.run import Run
from video.samples import Sampler

TAIL = ("--dataset", "folders", "--data", "films", "--group-by", "g[0-9]", "--held-out", "g1", "--batchsize", 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Squares that turn round half-way, to the left first or to the right: each half of a video occurs in both classes."""
    folder = tmp_path_factory.mktemp("fusion")
    for name, sign in (("there", 1), ("back", -1)):
        for group in range(1, 6):
            for clip in (1, 2):
                halves = [moving_square(direction, frames=10, seed=10 * group + clip) for direction in (sign, -sign)]
                write_clip(folder / f"films/{name}/g{group}_{clip}.avi", np.concatenate(halves))
    return folder


@pytest.fixture
def call(folder, main_of, monkeypatch):
    """Run a script in this process: call(script_train, "--epochs", 1)."""
    monkeypatch.setitem(models.RECOGNISERS, "two_stream", TINY_STREAMS)
    monkeypatch.setattr("models.recurrent_fusion.two_stream", tiny_streams)
    monkeypatch.chdir(folder)
    return main_of


@pytest.fixture
def streams(call, folder):
    """A spatial and a motion run."""
    for mode in ("RGB", "Flow"):
        if not (folder / "save_weight" / mode).exists():
            call(script_train, "--model", "two_stream", "--mode", mode, *TAIL, "--epochs", 1, "--name", mode)
    return "save_weight/RGB", "save_weight/Flow"


FUSION = ("--fuse", "recurrent", "--positions", 5, "--hidden_size", 16, "--cache", "kept")


def test_what_comes_first_is_learned_from_features_that_are_kept(call, folder, streams, monkeypatch, capsys):
    flags = ("--optimizer", "adam", "--learning_rate", 0.02, "--epochs", 12)
    call(script_train, *FUSION, "--from-runs", *reversed(streams), "--weights", 2, 1, *TAIL, *flags, "--name", "both")
    assert "weights: RGB from save_weight/RGB, Flow from save_weight/Flow" in capsys.readouterr().out
    assert len(list((folder / "kept").glob("*.embedding"))) == 16
    run = Run.open(folder / "save_weight/both")
    assert (run.mode, run.frames, run.stack, run.size, run.meta["arguments"]["min_frames"]) == ("Fuse", 20, 4, 16, 4)
    assert run.options["fusion"] == [1, 2]  # as the runs are given: the motion stream's counts double

    monkeypatch.setattr("models.runtime.compile", None)  # nothing is computed again
    call(script_train, "--resume", run.folder, "--epochs", 13)
    assert len((run.folder / "log.csv").read_text().splitlines()) == 15  # with the heading and epoch 0


def test_the_streams_stay_as_they_were(call, folder, streams):
    fused = Run.open(folder / "save_weight/both").load_model()
    for path, name in zip(streams, ("rgb_stream", "flow_stream"), strict=True):
        theirs = Run.open(folder / path).load_model().get_layer("conv").get_weights()
        assert all((a == b).all() for a, b in zip(fused.get_layer(name).get_layer("conv").get_weights(), theirs, strict=True))
        classifier = Run.open(folder / path).load_model().get_layer("logits").get_weights()
        own = fused.get_layer(name.replace("stream", "logits")).get_weights()
        assert all((a == b).all() for a, b in zip(own, classifier, strict=True))


def test_the_run_is_whole(call, folder):
    """From a video's frames it computes what its head computes from the kept features: those of five stacks over all the video."""
    run = Run.open(folder / "save_weight/both")
    model, path = run.load_model(), folder / "films/back/g3_1.avi"
    _, head = cut(model, "embedding")
    (kept,) = (folder / "kept").glob(f"g3_1-{sha256(path)[:16]}-*.embedding")
    features = np.fromfile(kept, np.float32).reshape(1, 5, 24)
    sample = Sampler(run.frames, run.window, run.size, run.mode, run.flow, run.fps, stack=run.stack)(path)
    np.testing.assert_allclose(head({"embedding": features}), model({name: clip[None] for name, clip in sample.items()}), atol=0.02)


def test_it_is_evaluated_and_predicts_like_any_other(call, folder, rows):
    call(script_evaluate, "--path", "save_weight/both")
    summary = json.loads((folder / "save_weight/both/evaluation/test/summary.json").read_text())
    assert summary["n"] == 4 and summary["accuracy"] == 1
    call(script_predict, "--path", "save_weight/both", "--video", "films/there/g1_1.avi", "--smooth", 1, "--stride", 4)
    actions = rows(folder / "output/g1_1_actions.csv")
    assert len(actions) == 20 and actions[-1]["action"] == "there"


@pytest.mark.parametrize(
    ("runs", "flags", "error", "says"),
    [
        (0, (), SystemExit, "recurrent_fusion needs --from-runs, with a run of --model two_stream --mode RGB"),
        (2, ("--weights", "x"), SystemExit, "without --weights"),
        (2, ("--frames", 12), InputError, "--frames 12 does not go with"),
    ],
)
def test_what_it_cannot_be_built_from(call, streams, capsys, runs, flags, error, says):
    given = ("--from-runs", *streams[:runs]) if runs else ()
    with pytest.raises(error) as stop:
        call(script_train, "--model", "recurrent_fusion", *given, *TAIL, *flags)
    assert says in str(stop.value) + capsys.readouterr().err


def test_runs_of_another_network_are_refused(call, folder, streams, monkeypatch):
    meta = json.loads((folder / "save_weight/RGB/meta.json").read_text())
    other = folder / "save_weight/other"
    other.mkdir()
    (other / "model.keras").write_bytes(b"")
    (other / "meta.json").write_text(json.dumps(meta | {"recogniser": "i3d"}))
    with pytest.raises(InputError, match="recurrent_fusion needs --from-runs with two runs of two_stream"):
        call(script_train, *FUSION, "--from-runs", other, streams[1], *TAIL)
