"""From clips to a pose run, to a video with skeletons, and to a table of features."""

import json

import cv2
import numpy as np
import pytest
from tiny_pose import write_network
from tiny_recogniser import moving_square, write_dataset

import train
from common.datasets import Data
from common.training_run import run_for
from models import build
from models.run import Run
from video.io import read_clip
from video.pose import PoseEstimator
from video.pose_files import read_poses
from video.pose_samples import sampler_of
from video.pose_windows import FixedPoseWindows
from video.recognise import windows_of


@pytest.fixture(scope="module")
def place(tmp_path_factory, script):
    """A folder with clips, their lists, a pose network and a trained pose run."""
    folder = tmp_path_factory.mktemp("pose scripts")
    write_dataset(folder, train=4, validation=2, frames=24)
    network = write_network(folder)
    flags = ["--frames", 4, "--batchsize", 2, "--epochs", 1, "--augment", "--region", "frame", "--name", "pose"]
    script("train.py", "--model", "pose_gru", "--pose", network, *flags, cwd=folder)
    return folder


def test_train_writes_a_pose_run(place):
    run = Run.open(place / "save_weight/pose")
    assert (run.mode, run.layout, run.frames, run.region) == ("Pose", "coco17", 4, "frame") and run.pose == str(place / "heatmaps.xml")
    assert len(list(place.glob("*/.pose/*.npz"))) == 6
    assert run.load_model().get_layer("temporal").output.shape == (None, 512)


def test_predict_draws_skeletons(place, script, rows):
    (clip,) = place.glob("left/clip 0.avi")
    flags = ["--path", place / "save_weight/pose", "--video", clip, "--output", place / "out", "--threshold", "1"]
    script("predict.py", *flags, "--draw", "pose", cwd=place)
    table = rows(place / "out/clip 0_actions.csv")
    assert len(table) == 24 and {row["action"] for row in table} == {"unknown"}
    before, after = read_clip(clip)[0], read_clip(place / "out/clip 0_actions.mp4")[0]
    assert after.shape == before.shape and np.abs(after[20].astype(int) - before[20])[8:, 16:].max() > 80  # below its label


def test_evaluate_takes_it_like_any_other(place, script):
    script("evaluate.py", "--path", place / "save_weight/pose", "--list", place / "datasetlist/vallist.txt", cwd=place)
    summary = json.loads((place / "save_weight/pose/evaluation/vallist/summary.json").read_text(encoding="utf-8"))
    assert summary["n"] == 2


def test_table_of_features(place, script, rows):
    flags = ["--path", place / "save_weight/pose", "--list", place / "datasetlist/trainlist.txt", "--csv", place / "features.csv"]
    script("extract_pose.py", *flags, cwd=place)
    table = rows(place / "features.csv")
    assert [row["label"] for row in table] == ["left", "right"] * 2
    assert len(table[0]) == 513 and all(abs(float(table[0][str(i)])) <= 1 for i in range(512))  # a GRU's state


def test_poses_of_a_folder_of_videos(place, script):
    script(
        "extract_pose.py", "--pose", place / "heatmaps.xml", "--videos", place / "right", "--region", "frame", "--output", place / "poses"
    )
    files = sorted((place / "poses").glob("*/poses.npz"))
    assert len(files) == 3
    found = read_poses(files[0])
    assert found.poses.shape == (24, 1, 17, 3) and found.track_id.tolist() == [0] and found.time_s[5] == pytest.approx(0.2)
    assert np.median(np.diff(found.poses[:, 0, 12, 0])) == pytest.approx(2, abs=0.5)  # the square goes two pixels a frame


def test_skeleton_in_a_picture(place, script):
    cv2.imwrite(str(place / "in.png"), moving_square(1)[5])
    flags = ["--pose", place / "heatmaps.xml", "--region", "frame", "--image", place / "in.png"]
    script("extract_pose.py", *flags, "--output", place / "out.png")
    assert (cv2.imread(str(place / "out.png")) != cv2.imread(str(place / "in.png"))).any(-1).sum() > 20
    assert "error:" in script("extract_pose.py", *flags, "--output", place / "folder", code=1).stderr


@pytest.mark.parametrize(
    ("name", "flags", "says"),
    [
        ("predict.py", ["--video", "a.mp4", "--draw", "pose"], "sees no poses"),
        ("extract_pose.py", ["--pose", "none.tflite"], "none.tflite"),
        ("extract_pose.py", ["--csv", "a.csv", "--path", "save_weight/default", "--list", "a.txt"], "pose_gru"),
    ],
)
def test_wrong_input_is_one_line(script, name, flags, says):
    done = script(name, *flags, code=1)
    assert done.stderr.splitlines()[-1].startswith("error:") and says in done.stderr


def test_two_runs_in_one_give_the_mean_of_their_scores(place, script, rows):
    """A pose run and an RGB run; the latter has random weights, which is enough to tell."""
    pose = Run.open(place / "save_weight/pose")
    rgb = Run.create(place / "save_weight/rgb", pose.meta | {"recogniser": "i3d", "mode": "RGB", "size": 32, "layout": "coco17"})
    build("i3d", 2, "RGB", 4, 32).save(rgb.model_path)
    script("train.py", "--mode", "RGB+Pose", "--from-runs", rgb.folder, pose.folder, "--name", "both", cwd=place)
    both = Run.open(place / "save_weight/both")
    assert (both.mode, both.recogniser, both.size, both.pose) == ("RGB+Pose", "i3d", 32, pose.pose)
    (clip,) = place.glob("left/clip 4.avi")
    sample = {name: array[None] for name, array in sampler_of(both, PoseEstimator(both.pose))(clip).items()}
    assert {name: array.shape for name, array in sample.items()} == {"rgb": (1, 4, 32, 32, 3), "pose": (1, 4, 17, 3)}
    logits = [np.log(run.load_model().predict_on_batch({mode: sample[mode]})) for run, mode in ((rgb, "rgb"), (pose, "pose"))]
    mean = np.exp(sum(logits) / 2)
    np.testing.assert_allclose(both.load_model().predict_on_batch(sample), mean / mean.sum(), atol=1e-4)


def test_two_runs_that_stand_still_become_one_that_does(tmp_path, monkeypatch):
    """As recipes/pose_fights.py trains them: flow in a fixed square, and joints in the picture's pixels."""
    facts = {"classes": ["left", "right"], "frames": 20, "window": 20, "fps": 10.0, "region": "person", "context": 2.0, "crop": "fixed"}
    kinds = {"motion": {"mode": "Flow", "size": 96}, "pose_gru": {"mode": "Pose", "size": 192, "pose": str(write_network(tmp_path))}}
    for name, kind in kinds.items():
        Run.create(tmp_path / name, facts | kind | {"recogniser": name, "flow": "dis"}).model_path.touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py", "--mode", "Flow+Pose", "--from-runs", "pose_gru", "motion", "--name", "both"])
    both = run_for(train.parse_args(), Data(["left", "right"], [], None, {}))
    assert (both.recogniser, both.mode, both.crop, both.size, both.context) == ("motion", "Flow+Pose", "fixed", 96, 2.0)
    assert isinstance(windows_of(both, 16, PoseEstimator(both.pose)), FixedPoseWindows)
