"""train.py through its command line, on a tiny network and clips of squares that go left or right."""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter

import keras
import numpy as np
import pytest
from tiny_recogniser import CLASSES, TINY, write_dataset

import models
import train as script_train
from common.errors import InputError
from models.run import Run
from models.transfer import leaves

# The tiny network is no entry of the table that users see; a separate process needs telling.
DRIVER = """
import sys
sys.path[:0] = {paths!r}
import models
from tiny_recogniser import TINY
models.RECOGNISERS["tiny"] = TINY
import train
for flags in {calls!r}:
    sys.argv = ["train.py", *flags]
    if train.main() == 130:
        sys.exit(130)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A user's folder: datasetlist with 16 + 8 clips, and save_weight as the tests fill it."""
    folder = tmp_path_factory.mktemp("a user's folder")
    write_dataset(folder)
    return folder


@pytest.fixture
def train(folder, main_of, monkeypatch):
    """Run train.py in this process: train("--epochs", 1, name="x") -> the run's folder, or its exit code if there is one."""
    monkeypatch.setitem(models.RECOGNISERS, "tiny", TINY)
    monkeypatch.chdir(folder)

    def call(*flags, name=None, model="tiny"):
        named = ["--model", model, "--name", name] if name else []
        return main_of(script_train, *named, *flags) or (folder / "save_weight" / name if name else None)

    return call


def start(root, folder, *flags, calls=None, **variables):
    """Start train.py in a process of its own, with `flags` or one after the other with each of `calls`."""
    code = DRIVER.format(paths=[str(root), str(root / "tests")], calls=calls or [list(map(str, flags))])
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", code], cwd=folder, env=os.environ | variables, **pipes)


def log_of(run):
    """log.csv without the seconds."""
    return [line.rsplit(",", 1)[0] for line in (run / "log.csv").read_text().splitlines()]


def meta_of(run):
    return json.loads((run / "meta.json").read_text())


def weights_of(run):
    return Run.open(run).load_model().get_weights()


def assert_equal_weights(a, b):
    for x, y in zip(weights_of(a), weights_of(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)


def test_direction_is_learned_and_the_run_is_complete(train, folder, capsys):
    flags = ("--batchsize", 4, "--mode", "RGB", "--num_class", 2, "--qs", 3, "--workers", 2)
    run = train(*flags, "--epochs", 12, "--learning_rate", 0.02, "--optimizer", "adam", name="learned")
    assert sorted(path.name for path in run.iterdir()) == ["curve.png", "log.csv", "meta.json", "model.keras", "state.npz"]
    meta, out = meta_of(run), capsys.readouterr().out
    assert meta["metrics"]["val_accuracy"] >= 0.9
    assert 0 < meta["threshold"] < 1 and meta["metrics"]["positive"] == "left"
    facts = ("recogniser", "mode", "classes", "frames", "window", "size", "fps", "region", "context", "flow", "seed")
    assert [meta[name] for name in facts] == ["tiny", "RGB", list(CLASSES), 8, 8, 16, None, "person", 1.2, "dis", 0]
    assert set(meta["lists"]) == {"datasetlist/trainlist.txt", "datasetlist/vallist.txt", "datasetlist/classes.txt"}
    assert meta["versions"]["keras"] == keras.__version__
    assert "16 clips to train on, 8 to validate; a full queue takes 0 MB" in out
    assert "epoch 12/12  loss" in out
    assert Run.open(run).load_model().dtype_policy.name == "float32"


def test_facts_of_the_flags_reach_the_network_and_meta(train):
    flags = ("--frames", 4, "--sampling", "sparse", "--size", 24, "--fps", 12.5, "--region", "frame", "--context", 1.5)
    meta = meta_of(run := train(*flags, "--positive", "right", "--epochs", 0, name="facts"))
    facts = ("frames", "window", "size", "fps", "region", "context")
    assert [meta[name] for name in facts] == [4, 64, 24, 12.5, "frame", 1.5]
    assert meta["metrics"]["positive"] == "right"
    assert Run.open(run).load_model().inputs[0].shape == (None, 4, 24, 24, 3)


def test_the_motion_network_trains_like_any_other(train):
    """To left or right is the same to it, so nothing is there to be learned but these very clips."""
    flags = ("--mode", "Flow", "--frames", 8, "--size", 32, "--epochs", 4, "--learning_rate", 0.01, "--optimizer", "adam")
    run = train(*flags, name="motion", model="motion")
    meta, losses = meta_of(run), [float(line.split(",")[1]) for line in log_of(run)[1:]]
    assert (meta["recogniser"], meta["crop"], meta["frames"], meta["size"]) == ("motion", "following", 8, 32)
    assert min(losses) < 0.5 * losses[0]


def test_default_name_tells_the_settings_and_the_time(train, folder):
    before = set((folder / "save_weight").glob("*")) if (folder / "save_weight").exists() else set()
    train("--model", "tiny", "--epochs", 0)
    (new,) = set((folder / "save_weight").glob("*")) - before
    assert re.fullmatch(r"tiny-rgb-8x16-20\d{6}-\d{6}", new.name)


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("--model i3d", "i3d-rgb-64x224-radam_lookahead-0.001"),
        (
            "--model lrcn --backbone MobileNetV2 --size 112 --pretrained none --augment flip,time --optimizer adam --learning_rate 1e-5 "
            "--hidden_size 64 --bidirectional False --train_backbone True --held-out denis",
            "lrcn-rgb-MobileNetV2-hidden_size64-no_bidirectional-train_backbone-5x112-flip-time-adam-1e-05-scratch-denis",
        ),
        (
            "--model motion --schedule cosine --loss focal --class_weight balanced --seed 3",
            "motion-flow-20x96-radam_lookahead-0.001-cosine-focal-balanced-seed3",
        ),
        ("--model lrcn --epochs 0 --pretrained files/a~b.h5", "lrcn-rgb-ResNet152-5x224-a_b"),
        ("--model pose_gru --recurrent_unit lstm --csv x", "pose_gru-pose-lstm-x"),
    ],
)
def test_names_of_runs(flags, name):
    from common.experiments import run_name
    from common.network_flags import chosen_options

    parser = script_train.make_parser()
    args = parser.parse_args(flags.split())
    args.mode = models.RECOGNISERS[args.model].modes[0]
    args.options, args.epochs = chosen_options(parser, args), 30 if args.epochs is None else args.epochs
    assert re.sub(r"-20\d{6}-\d{6}$", "", run_name(args)) == name


def test_flags_offer_what_there_is():
    from common import training_run
    from common.training_run import CHANGE_SETS, CHANGES, MIN_FLOW_SIZE
    from models.losses import LOSSES
    from models.training import OPTIMIZERS
    from video import augment, flow

    choices = {action.dest: action.choices for action in script_train.make_parser()._actions}
    assert choices["optimizer"] == tuple(OPTIMIZERS) and choices["loss"] == tuple(LOSSES) and choices["flow"] == flow.METHODS
    assert CHANGES == augment.CHANGES and CHANGE_SETS["heavy"] == CHANGES
    assert training_run.changes("light") == ["flip", "crop", "time"] and training_run.changes("flip,erase") == ["flip", "erase"]
    smallest = np.zeros((MIN_FLOW_SIZE, MIN_FLOW_SIZE), np.uint8)
    assert all((flow.flow(smallest, smallest, method) == 128).all() for method in flow.METHODS)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--num_class", 3], "--num_class 3 disagrees with .*classes.txt, which names 2 classes: left, right"),
        (["--lists", "nowhere"], "no nowhere/classes.txt"),
        (["--lists", "nowhere", "--num_class", 2], "nowhere/trainlist.txt cannot be read"),
        (["--positive", "up"], "--positive up is not one of the classes left, right"),
        (["--name", "../elsewhere"], "is not a plain folder name"),
        (["--weights", "nowhere.h5"], "nowhere.h5: no such run or weights file"),
        (["--resume", "save_weight/nowhere"], "nowhere/meta.json: cannot be read"),
        (["--mode", "Fuse", "--from-runs", "save_weight/nowhere", "save_weight/nowhere"], "nowhere: no such run"),
    ],
)
def test_unusable_input_is_told_before_anything_is_written(train, folder, flags, says):
    before = sorted((folder / "save_weight").glob("*"))
    with pytest.raises(InputError, match=says) as error:
        train("--model", "tiny", *flags)
    assert "\n" not in str(error.value)
    assert sorted((folder / "save_weight").glob("*")) == before


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--freeze"], "--freeze needs --weights or --from-runs"),
        (["--mode", "RGB", "--from-runs", "a", "b"], "--from-runs goes with --mode Fuse"),
        (["--fuse", "average"], "--fuse needs --from-runs"),
        (["--weights", "1", "x"], "1 x is neither a file nor two numbers above 0"),
        (["--weights", "2", "1"], "--weights with two numbers goes with --from-runs"),
        (["--flow-archive", "tvl1_flow"], "--flow-archive goes with a mode that sees flow, not with --mode RGB"),
        (["--sampling", "sparse", "--frames", 65], "chooses from 64 frames"),
        (["--mode", "Flow", "--size", 8], "too small for optical flow"),
        (["--model", "motion", "--mode", "RGB"], "--model motion has no --mode RGB; give --mode Flow"),
        (["--csv", "a.csv"], "go together"),
        (["--augment", "flip,shear"], "'shear' is not one of"),
        (["--learning_rate", 0], "not a number above 0"),
    ],
)
def test_flags_that_contradict_each_other(train, capsys, flags, says):
    with pytest.raises(SystemExit) as stop:
        train("--model", "tiny", *flags)
    assert stop.value.code == 2 and says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("list_name", "line", "says"),
    [
        ("trainlist.txt", "nowhere.avi 0", r"trainlist.txt, line 17: there is no clip nowhere.avi"),
        ("vallist.txt", "datasetlist/classes.txt 1", r"vallist.txt, line 9: cannot open datasetlist/classes.txt"),
        ("trainlist.txt", None, r"trainlist.txt lists no clip"),
    ],
)
def test_unusable_list_is_told_by_its_line(train, folder, tmp_path, list_name, line, says):
    shutil.copytree(folder / "datasetlist", tmp_path / "lists")
    path = tmp_path / "lists" / list_name
    path.write_text(path.read_text() + line + "\n" if line else "")
    with pytest.raises(InputError, match=says):
        train("--lists", tmp_path / "lists", name="bad list")


def test_without_lists_of_classes_and_validation(train, folder, tmp_path, capsys):
    (tmp_path / "lists").mkdir()
    shutil.copy(folder / "datasetlist" / "trainlist.txt", tmp_path / "lists")
    meta = meta_of(train("--lists", tmp_path / "lists", "--num_class", 2, "--epochs", 1, name="bare"))
    assert meta["classes"] == ["0", "1"] and meta["threshold"] is None
    assert "vallist.txt; the best weights will be those with the lowest training loss" in capsys.readouterr().out


def test_an_epoch_has_as_many_samples_of_each_clip_as_told(train, monkeypatch):
    from video.dataset import ClipDataset

    seen = []
    monkeypatch.setattr(ClipDataset, "start_epoch", lambda self, epoch, logs=None: seen.append(Counter(one.path for one in self.examples)))
    train("--training_samples", 3, "--epochs", 1, name="thrice")
    (counts,) = seen
    assert len(counts) == 16 and set(counts.values()) == {3}


def test_same_seed_same_run_whatever_the_workers(train):
    flags = ("--augment", "--epochs", 2, "--batchsize", 4)
    first = train(*flags, "--seed", 5, "--workers", 4, "--qs", 2, name="seed 5")
    again = train(*flags, "--seed", 5, "--workers", 1, name="seed 5 again")
    other = train(*flags, "--seed", 6, name="seed 6")
    assert log_of(first) == log_of(again) != log_of(other)
    assert_equal_weights(first, again)


LONG = ("--augment", "--schedule", "cosine", "--learning_rate", 0.02, "--epochs", 9, "--checkpoint_interval", 4)


@pytest.fixture
def whole(train, folder):
    """A run with the flags LONG that nothing has disturbed."""
    run = folder / "save_weight/whole"
    return run if run.exists() else train(*LONG, name=run.name)


def test_killed_and_interrupted_run_ends_as_if_nothing_had_been(train, root, folder, whole):
    process = start(root, folder, "--model", "tiny", "--name", "stopped", *LONG)
    next(line for line in process.stdout if line.startswith("epoch 1/9"))
    process.kill()
    process.communicate()
    stopped = folder / "save_weight" / "stopped"
    assert 1 <= len(log_of(stopped)) - 1 < 9

    process = start(root, folder, "--resume", stopped)
    next(line for line in process.stdout if line.startswith("epoch 2/9"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130 and "Traceback" not in err
    assert "To go on: python train.py --resume" in out

    train("--resume", stopped)
    assert log_of(stopped) == log_of(whole)
    assert_equal_weights(stopped, whole)
    assert meta_of(stopped)["threshold"] == meta_of(whole)["threshold"]


def test_finished_run_goes_on_with_more_epochs_and_its_own_flags(train, capsys):
    flags = ("--optimizer", "sgd", "--loss", "focal", "--batchsize", 8)
    straight = train(*flags, "--epochs", 2, name="two")
    two = train(*flags, "--epochs", 1, name="one and one")
    train("--resume", two, "--epochs", 2, "--workers", 2)
    assert log_of(two) == log_of(straight)
    assert meta_of(two)["arguments"]["epochs"] == 2
    with pytest.raises(InputError, match=r"--batchsize 4 does not go with the run .*, which has 8"):
        train("--resume", two, "--batchsize", 4)
    with pytest.raises(InputError, match="two is there already; --resume"):
        train(name="two")


@pytest.fixture
def s3(monkeypatch):
    """A local S3 server with the bucket "runs", which this process and those it starts take for Amazon's."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    login = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in (login | {"AWS_ENDPOINT_URL": "http://{}:{}".format(*server.get_host_and_port())}).items():
        monkeypatch.setenv(name, value)
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    S3FileSystem().mkdir("runs")
    yield "s3://runs"
    S3FileSystem.clear_instance_cache()
    server.stop()


def test_run_killed_in_one_folder_goes_on_in_another(train, root, folder, tmp_path, monkeypatch, whole, s3, capsys):
    """The other folder has the same clips elsewhere, and of the run nothing."""
    process = start(root, folder, "--model", "tiny", "--name", "moved", "--sync", f"{s3}/mine", *LONG)
    next(line for line in process.stdout if line.startswith("epoch 3/9"))
    process.kill()
    process.communicate()

    for name in ("datasetlist", *CLASSES):
        shutil.copytree(folder / name, tmp_path / "data" / name)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    train("--resume", "save_weight/moved", "--sync", f"{s3}/mine", "--lists", "data/datasetlist")
    out = capsys.readouterr().out
    assert "fetched save_weight/moved from s3://runs/mine/moved" in out and "epoch 1/9" not in out and "epoch 9/9" in out
    moved = tmp_path / "save_weight/moved"
    assert log_of(moved) == log_of(whole)
    assert_equal_weights(moved, whole)
    kept = sorted(path.name for path in moved.glob("0*.keras"))
    assert kept == sorted(path.name for path in whole.glob("0*.keras")) and len(kept) == 2
    accuracies = [float(line.split(",")[4]) for line in log_of(whole)[1:]]
    assert kept[1] == f"008-{max(accuracies[:8]):.5f}-{accuracies[7]:.5f}.keras"

    with pytest.raises(InputError, match=r"s3://runs/mine/moved has epoch 9, .*moved only \d+; move"):
        monkeypatch.chdir(folder)
        train("--resume", "save_weight/moved", "--sync", f"{s3}/mine")
    with pytest.raises(InputError, match="s3://no-such-bucket/x cannot be used: The specified bucket does not exist"):
        train("--epochs", 1, "--sync", "s3://no-such-bucket", name="x")
    assert not (folder / "save_weight/x").exists()


def test_resume_refuses_lists_that_changed(train, folder, tmp_path):
    lists = shutil.copytree(folder / "datasetlist", tmp_path / "lists")
    run = train("--lists", lists, "--epochs", 1, name="lists")
    path = lists / "trainlist.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:8]))
    with pytest.raises(InputError, match=r"trainlist.txt has changed since"):
        train("--resume", run, "--epochs", 2)


@pytest.fixture
def pair(train, folder):
    """An RGB and a Flow run."""
    runs = [folder / "save_weight" / f"stream {mode}" for mode in ("RGB", "Flow")]
    for run in runs:
        if not run.exists():
            train("--mode", run.name.split()[1], "--epochs", 1, "--frames", 4, "--size", 16, name=run.name)
    return runs


def test_two_runs_become_one_without_training(train, pair, capsys):
    fused = Run.open(train("--mode", "Fuse", "--from-runs", *reversed(pair), name="fused"))
    assert (fused.mode, fused.frames, fused.size) == ("Fuse", 4, 16)
    assert [line.split(",")[0] for line in log_of(fused.folder)[1:]] == ["0"]
    rng = np.random.default_rng(0)
    clips = {name: rng.integers(0, 256, (3, 4, 16, 16, channels), dtype=np.uint8) for name, channels in (("rgb", 3), ("flow", 2))}
    streams = zip(pair, ("rgb", "flow"), strict=True)
    logs = [np.log(Run.open(run).load_model().predict({name: clips[name]}, verbose=0)) for run, name in streams]
    mean = np.exp(np.mean(logs, axis=0))
    np.testing.assert_allclose(fused.load_model().predict(clips, verbose=0), mean / mean.sum(1, keepdims=True), rtol=1e-4)


def test_streams_count_as_much_as_told(train, pair):
    """Weights belong to the runs as they are given; the network has them, and so does one that is built from meta.json."""
    fused = Run.open(train("--fuse", "average", "--from-runs", *reversed(pair), "--weights", 1, 3, name="weighted"))
    assert fused.mode == "Fuse" and fused.options["fusion"] == [3, 1]
    rng = np.random.default_rng(0)
    clips = {name: rng.integers(0, 256, (3, 4, 16, 16, channels), dtype=np.uint8) for name, channels in (("rgb", 3), ("flow", 2))}
    streams = zip(pair, ("rgb", "flow"), strict=True)
    rgb, flow = (np.log(Run.open(run).load_model().predict({name: clips[name]}, verbose=0)) for run, name in streams)
    mean = np.exp((3 * rgb + flow) / 4)
    model = fused.load_model()
    np.testing.assert_allclose(model.predict(clips, verbose=0), mean / mean.sum(1, keepdims=True), rtol=1e-4)
    again = models.build("tiny", 2, "Fuse", 4, 16, fused.options)
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict(clips, verbose=0), model.predict(clips, verbose=0), rtol=1e-5)


def test_fused_run_trains_on_from_there(train, pair):
    run = train("--mode", "Fuse", "--from-runs", *pair, "--freeze", "--epochs", 1, name="fused and trained")
    assert [line.split(",")[0] for line in log_of(run)[1:]] == ["0", "1"]
    fused = {name: layer.get_weights() for name, layer in leaves(Run.open(run).load_model()).items()}
    for path, stream in zip(pair, ("rgb", "flow"), strict=True):
        for name, layer in leaves(Run.open(path).load_model()).items():
            (there,) = [arrays for nested, arrays in fused.items() if nested.startswith(stream) and nested.endswith(f"/{name}")]
            if name != "logits":
                assert all((a == b).all() for a, b in zip(layer.get_weights(), there, strict=True))


def test_runs_that_do_not_go_together(train, pair):
    with pytest.raises(InputError, match=r"needs unlike runs of RGB, Flow, Pose, but .* is RGB and .* is RGB"):
        train("--mode", "Fuse", "--from-runs", pair[0], pair[0], name="twice")
    with pytest.raises(InputError, match="--frames 8 does not go with"):
        train("--mode", "Fuse", "--from-runs", *pair, "--frames", 8, name="longer")


def test_flow_is_kept_beside_the_clips(train, pair, folder):
    names = [path.name for path in folder.rglob(".flow/*")]
    assert len([name for name in names if name.endswith("dis-16.flow")]) == 24


def test_frozen_trunk_keeps_the_weights_it_started_from(train, capsys):
    source = train("--epochs", 1, name="source")
    run = train("--weights", source, "--freeze", "--epochs", 2, "--learning_rate", 0.05, "--optimizer", "sgd", name="frozen")
    out = capsys.readouterr().out
    assert "5 layers from" in out and "none is new" in out and "frozen: all layers but logits" in out
    before, after = (leaves(Run.open(path).load_model()) for path in (source, run))
    changed = set()
    for name, layer in before.items():
        changed |= {name for a, b in zip(layer.get_weights(), after[name].get_weights(), strict=True) if (a != b).any()}
    assert changed == {"logits"}


def test_class_weights_change_the_training_loss(train, folder, tmp_path):
    lists = shutil.copytree(folder / "datasetlist", tmp_path / "lists")
    path = lists / "trainlist.txt"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:8:2] * 3 + lines[1:3]))
    flags = ("--lists", lists, "--epochs", 1)
    plain, balanced = (log_of(train(*flags, "--class_weight", kind, name=f"weights {kind}")) for kind in ("none", "balanced"))
    assert plain[1].split(",")[1] != balanced[1].split(",")[1]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_and_saves_a_float32_network(train, precision):
    run = train("--precision", precision, "--epochs", 2, "--learning_rate", 0.05, "--optimizer", "radam_lookahead", name=precision)
    losses = [float(line.split(",")[1]) for line in log_of(run)[1:]]
    assert np.isfinite(losses).all() and losses[0] != losses[1]
    model = Run.open(run).load_model()
    assert {layer.dtype_policy.name for layer in leaves(model).values()} == {"float32"}


def test_float16_that_a_processor_cannot_do_is_one_line(train):
    import tensorflow

    if tensorflow.config.list_physical_devices("GPU"):
        pytest.skip("a GPU does it")
    with pytest.raises(InputError, match="use mixed_bfloat16 or float32"):
        train("--model", "i3d", "--frames", 8, "--size", 32, "--precision", "mixed_float16", "--epochs", 1, name="half")


def test_clip_that_vanishes_during_training_is_named(train, folder, tmp_path, monkeypatch):
    from video import lists

    shutil.copytree(folder / "datasetlist", tmp_path / "datasetlist")
    for label in CLASSES:
        shutil.copytree(folder / label, tmp_path / label)
    monkeypatch.chdir(tmp_path)
    check = lists.check_clips

    def check_and_lose(examples, workers):
        found = check(examples, workers)
        examples[11].path.unlink()
        return found

    monkeypatch.setattr(lists, "check_clips", check_and_lose)
    with pytest.raises(InputError, match=r"trainlist.txt, line 12: no video at right/clip 11.avi"):
        train("--epochs", 1, "--workers", 4, name="vanishing")


def test_tensorboard(train):
    if importlib.util.find_spec("tensorboard"):
        run = train("--tensorboard", "--epochs", 1, name="board")
        assert list(run.glob("tensorboard/train/events*")) and list(run.glob("tensorboard/validation/events*"))
    else:
        with pytest.raises(InputError, match="pip install tensorboard"):
            train("--tensorboard", "--epochs", 1, name="board")


def test_jax_gives_every_clip_in_order(train, root, folder, jax_environment):
    runs = [folder / "save_weight" / f"jax {workers}" for workers in (1, 4)]
    calls = [["--model", "tiny", "--name", run.name, "--workers", run.name.split()[1], "--epochs", "1"] for run in runs]
    process = start(root, folder, calls=calls, **jax_environment)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert out.count("epoch 1/1  loss") == 2
    assert "jax" in meta_of(runs[0])["versions"]
    assert log_of(runs[0]) == log_of(runs[1])
    assert_equal_weights(*runs)
