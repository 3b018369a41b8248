"""train.py and evaluate.py on data sets as they were published, with a tiny network."""

import json
import shutil

import numpy as np
import pytest
from tiny_recogniser import TINY, moving_square, write_clip

import evaluate as script_evaluate
import models
import train as script_train
from common.errors import InputError
from models.front import cut, digest
from models.run import Run
from video.embeddings import EmbeddingSampler
from video.io import read_clip
from video.samples import Sampler

CLASSES = ("Left", "Right")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data set in UCF-101's layout: groups 1 and 2 for testing, 3 to 6 for training, two clips each."""
    folder, lists = tmp_path_factory.mktemp("protocol"), {"train": [], "test": []}
    for label, name in enumerate(CLASSES):
        for group in range(1, 7):
            for clip in (1, 2):
                file = f"{name}/v_{name}_g{group:02d}_c{clip:02d}.avi"
                write_clip(folder / "UCF-101" / file, moving_square(2 * label - 1, seed=10 * group + clip))
                lists["test" if group < 3 else "train"].append(file if group < 3 else f"{file} {label + 1}")
    (folder / "lists").mkdir()
    for side, lines in lists.items():
        (folder / "lists" / f"{side}list01.txt").write_text("\n".join(lines))
    (folder / "lists" / "classInd.txt").write_text("1 Left\n2 Right\n")
    return folder


@pytest.fixture
def call(folder, main_of, monkeypatch):
    """Run a script in this process: call(script_train, "--epochs", 1)."""
    monkeypatch.setitem(models.RECOGNISERS, "tiny", TINY)
    monkeypatch.chdir(folder)
    return main_of


UCF101 = ("--model", "tiny", "--dataset", "ucf101", "--data", "UCF-101", "--splits", "lists", "--batchsize", 4)


def test_official_split_from_training_to_evaluation(call, folder, capsys):
    flags = ("--optimizer", "adam", "--learning_rate", 0.02, "--val-fraction", 0.25, "--cache", "cache")
    call(script_train, *UCF101, *flags, "--epochs", 8, "--name", "official")
    out = capsys.readouterr().out
    assert "training: 12 videos of 2 classes from 6 recordings" in out
    assert "validation: 4 videos of 2 classes from 2 recordings" in out
    assert "test: 8 videos of 2 classes from 4 recordings" in out
    run = folder / "save_weight/official"
    meta = json.loads((run / "meta.json").read_text())
    assert meta["region"] == "frame" and meta["classes"] == list(CLASSES)
    assert meta["clips"] == {"train": [6, 6], "validation": [2, 2]}
    assert not (run / "skipped.csv").exists()

    call(script_evaluate, "--path", run)
    rows = (run / "evaluation/test/predictions.csv").read_text().splitlines()[1:]
    assert sorted({row.split("/")[2].split("_")[2] for row in rows}) == ["g01", "g02"] and len(rows) == 8
    summary = json.loads((run / "evaluation/test/summary.json").read_text())
    assert summary["accuracy"] >= 0.75 and "skipped" not in summary


def test_intervals_and_resume_that_notices_a_video_gone(call, folder, tmp_path, rows):
    for name in ("UCF-101", "lists"):
        shutil.copytree(folder / name, tmp_path / name)
    flags = (
        "--data",
        tmp_path / "UCF-101",
        "--splits",
        tmp_path / "lists",
        "--skip-bad",
        "--val_check_interval",
        4,
        "--checkpoint_interval",
        3,
    )
    call(script_train, *UCF101, *flags, "--epochs", 1, "--name", "gone")
    call(script_train, "--resume", "save_weight/gone", "--epochs", 6)
    validated = [row["epoch"] for row in rows(folder / "save_weight/gone/log.csv") if row["val_accuracy"]]
    assert validated == ["1", "3", "4", "6"]  # what was the last epoch then, every fourth, and those that are kept
    *kept, best = sorted(path for path in (folder / "save_weight/gone").glob("*.keras"))
    assert [path.name.split("-")[0] for path in (*kept, best)] == ["003", "006", "model.keras"]
    early, late = (Run.open(path).load_model().get_weights() for path in kept)
    assert any((a != b).any() for a, b in zip(early, late, strict=True))
    (tmp_path / "UCF-101/Left/v_Left_g03_c01.avi").unlink()
    with pytest.raises(InputError, match=r"the choice of videos in .* has changed"):
        call(script_train, "--resume", "save_weight/gone", "--epochs", 7)


def test_bad_videos_are_named_counted_and_skipped_only_when_told(call, folder, tmp_path, capsys, rows):
    data = shutil.copytree(folder / "UCF-101", tmp_path / "UCF-101")
    (data / "Left/v_Left_g03_c01.avi").unlink()
    (data / "Left/v_Left_g01_c01.avi").write_bytes(b"no video")
    write_clip(data / "Right/v_Right_g03_c01.avi", moving_square(1, frames=7))
    write_clip(data / "Right/v_Right_g04_c02.avi", moving_square(1), fps=50)
    flags = (*UCF101, "--data", data, "--epochs", 1, "--name", "skipping")
    with pytest.raises(InputError, match=r"4 of 24 videos cannot be used \(1 missing, 1 corrupt, 1 wrong rate, 1 short\); --skip-bad"):
        call(script_train, *flags)
    out = capsys.readouterr().out
    for says in ("missing: {}/Left/v_Left_g03_c01", "corrupt: {}/Left/v_Left_g01_c01", "short: {}/Right/v_Right_g03_c01.avi (7 frames"):
        assert says.format(data) in out
    assert not (folder / "save_weight/skipping").exists()

    call(script_train, *flags, "--skip-bad")
    assert "4 of 24 videos are left out" in capsys.readouterr().out
    run = folder / "save_weight/skipping"
    assert [row["kind"] for row in rows(run / "skipped.csv")] == ["missing", "short", "wrong rate", "corrupt"]
    assert np.sum(list(json.loads((run / "meta.json").read_text())["clips"].values())) == 13
    call(script_evaluate, "--path", run)
    summary = json.loads((run / "evaluation/test/summary.json").read_text())
    assert (summary["n"], summary["skipped"]) == (7, 1)


def test_leave_one_group_out(call, folder, capsys):
    flags = ("--dataset", "folders", "--data", "UCF-101", "--group-by", "g[0-9]+", "--model", "tiny", "--epochs", 0)
    call(script_train, *flags, "--held-out", "g02", "--name", "without g02")
    assert "test: 4 videos of 2 classes from 1 recordings" in capsys.readouterr().out
    call(script_evaluate, "--path", "save_weight/without g02")
    assert "warning" not in capsys.readouterr().out
    call(script_evaluate, "--path", "save_weight/without g02", "--held-out", "g03")
    assert "was trained with another --held-out; it may know these clips" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--dataset", "ucf101"], "--dataset ucf101 needs --data"),
        (["--dataset", "ucf101", "--data", "x", "--held-out", "g01"], "--held-out goes with --dataset folders"),
        (["--skip-bad"], "--skip-bad goes with --dataset ucf101 or folders"),
        (["--dataset", "folders", "--data", "x", "--split", "2"], "--split goes with --dataset ucf101"),
        (["--latent_dim", "8"], "--model tiny has no --latent_dim"),
        (["--pretrained", "none"], "--model tiny has no backbone"),
    ],
)
def test_flags_that_do_not_go_together(call, capsys, flags, says):
    with pytest.raises(SystemExit) as stop:
        call(script_train, "--model", "tiny", *flags)
    assert stop.value.code == 2 and says in capsys.readouterr().err


def test_a_window_slides_over_clips_strung_together(call, folder, rows):
    run = folder / "save_weight/official"  # of the first test
    call(script_evaluate, "--path", run, "--test", "continuous", "--stride", 4)
    report = run / "evaluation/test_continuous"
    summary = json.loads((report / "summary.json").read_text())
    assert summary["n"] == (8 * 12 - 8) // 4 + 1  # 8 clips of 12 frames, windows of 8
    positions = rows(report / "window_position.csv")
    assert [row["frames"] for row in positions] == ["8", "4"] and positions[0]["accuracy"] > "0.7"
    assert [row["test"] for row in rows(report / "class_frequency.csv")] == ["4", "4"]  # clips, not windows
    frames, _ = read_clip(report / "continuous.mp4")
    assert frames.shape == (96, 240, 320, 3)
    for name in ("accuracy_by_position", "labels_by_position", "strip", "confusion_matrix", "accuracy_by_frequency"):
        assert (report / f"{name}.png").stat().st_size > 4000


def test_any_video_is_annotated_without_a_step_between(call, folder, tmp_path, capsys, rows):
    videos = tmp_path / "films"
    for name in ("Right/one", "elsewhere/two", "elsewhere/v_Left_g09_c01"):
        write_clip(videos / f"{name}.avi", moving_square(1, frames=40))
    (videos / "broken.avi").write_bytes(b"no video")
    run = folder / "save_weight/official"
    call(script_evaluate, "--path", run, "--test", "video", videos, "--output", tmp_path / "out")
    assert "1 videos are left out" in capsys.readouterr().out
    assert len(rows(tmp_path / "out/videos.csv")) == 3
    assert [row["true"] for row in rows(tmp_path / "out/predictions.csv")] == ["Left", "Right"]
    assert sorted(path.name for path in (tmp_path / "out/videos/Right").iterdir()) == [
        f"one_{end}" for end in ("actions.csv", "actions.mp4", "events.csv")
    ]
    call(script_evaluate, "--path", run, "--test", "video", videos / "elsewhere/two.avi", "--output", tmp_path / "one")
    assert "no video's class is known" in capsys.readouterr().out


LRCN = (
    "--model",
    "lrcn",
    "--backbone",
    "MobileNet",
    "--size",
    32,
    "--frames",
    3,
    "--latent_dim",
    16,
    "--hidden_size",
    8,
    "--sampling_rate",
    2,
)


def test_lrcn_learns_on_embeddings_that_are_computed_once(call, folder, monkeypatch):
    flags = (*UCF101, *LRCN, "--pretrained", "none", "--augment", "time", "--cache", "embedded", "--val-fraction", 0.25)
    call(script_train, *flags, "--epochs", 1, "--name", "lrcn")
    assert len(list((folder / "embedded").glob("*.embedding"))) == 16
    run = Run.open(folder / "save_weight/lrcn")
    assert (run.fps, run.window, run.options["backbone"], run.options["lstm_layers"]) == (12.5, 3, "MobileNet", 2)

    monkeypatch.setattr("models.runtime.compile", None)  # nothing is computed again
    call(script_train, "--resume", run.folder, "--epochs", 3)
    assert len((run.folder / "log.csv").read_text().splitlines()) == 4


def test_lrcn_in_its_run_is_whole(folder):
    """The saved network computes from frames what its head computes from the kept embeddings."""
    run = Run.open(folder / "save_weight/lrcn")
    model = run.load_model()
    front, head = cut(model, "embedding")
    sampler = Sampler(run.frames, run.window, run.size, fps=run.fps)
    embeddings = EmbeddingSampler(sampler, "embedding", 1024, digest(front), folder / "embedded")
    path = folder / "UCF-101/Left/v_Left_g03_c01.avi"
    kept = {name: array[None] for name, array in embeddings(path).items()}
    whole = {name: array[None] for name, array in sampler(path).items()}
    scale = np.abs(kept["embedding"]).max()
    np.testing.assert_allclose(kept["embedding"], front(whole), atol=0.03 * scale)  # bfloat16 on some processors
    np.testing.assert_allclose(head(kept), model(whole), atol=0.01)
