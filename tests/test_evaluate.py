import json
from argparse import Namespace

import numpy as np
import pytest

from common.evaluation import score_clips
from video.io import VideoWriter, read_clip
from video.lists import Example


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A list of four clips of 64 frames whose names hold spaces."""
    folder = tmp_path_factory.mktemp("clips with space")
    rng = np.random.default_rng(0)
    lines = []
    for i in range(4):
        path = folder / f"clip {i}.avi"
        with VideoWriter(path, 25, (32, 32), "mjpeg") as writer:
            for _ in range(64):
                writer.write(rng.integers(60 * i, 60 * i + 60, (32, 32, 3)).astype(np.uint8))
        lines.append(f"{path} {i % 2}")
    (folder / "list.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_scores_are_those_of_the_network(clips, untrained_run, script, rows, tmp_path):
    script("evaluate.py", "--path", untrained_run.folder, "--list", clips / "list.txt", "--output", tmp_path, "--positive", "fight")
    predictions = rows(tmp_path / "predictions.csv")
    assert [row["path"] for row in predictions] == [str(clips / f"clip {i}.avi") for i in range(4)]
    model = untrained_run.load_model()
    for row in predictions:
        clip, _ = read_clip(row["path"])
        middle = clip[16:48][1::2][..., ::-1]  # the central 32 frames, the middle of each pair
        expected = model.predict_on_batch({"rgb": middle[None]})[0]
        assert [float(row["fight"]), float(row["noFight"])] == pytest.approx(expected, abs=0.02)  # bfloat16 on some processors
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary["n"] == 4 and summary["positive"] == "fight" and summary["threshold"] == 0.5
    assert 0 <= summary["roc_auc"] <= 1 and (tmp_path / "roc.png").stat().st_size > 5000


def test_scores_are_the_mean_over_windows(clips, untrained_run):
    """Of two windows of 32 frames, one is the first half of a clip and one the second; 16 frames of each count."""

    def brightness(inputs):
        return inputs["rgb"].mean(axis=(1, 2, 3))[:, :2]

    args = Namespace(pose=None, cache=None, flow_archive=None, tracks=None, testing_samples=2)
    paths = [clips / f"clip {i}.avi" for i in range(4)]
    scores = score_clips(args, untrained_run, brightness, [Example(path, 0, "list") for path in paths])
    for path, row in zip(paths, scores, strict=True):
        clip = read_clip(path)[0][1::2][..., ::-1]
        np.testing.assert_allclose(row, clip.mean(axis=(0, 1, 2))[:2], rtol=1e-6)


def test_several_windows_are_for_clips(untrained_run, script):
    flags = ["--path", untrained_run.folder, "--list", "list.txt", "--testing_samples", 3, "--region", "frame"]
    assert "--testing_samples goes with clips" in script("evaluate.py", *flags, code=2).stderr


def test_whole_videos_by_person(data, untrained_run, person_flags, script, rows, tmp_path):
    videos = [data / "fight_cctv/fight/fi002.mp4", data / "odd_media/rotated_90.mp4"]
    (tmp_path / "list.txt").write_text(f"{videos[0]} 0\n{videos[1]} 1\n", encoding="utf-8")
    flags = ["--path", untrained_run.folder, "--list", tmp_path / "list.txt", "--output", tmp_path / "out", "--region", "person"]
    done = script("evaluate.py", *flags, *person_flags)
    assert "nobody is seen for long enough in 1 of 2 videos" in done.stdout
    fight, nobody = rows(tmp_path / "out" / "predictions.csv")
    assert float(fight["fight"]) + float(fight["noFight"]) == pytest.approx(1, abs=1e-3)
    assert (float(nobody["fight"]), float(nobody["noFight"])) == (0, 0)


def test_with_a_positive_class_the_others_are_one(data, untrained_run, script, rows, tmp_path):
    """A video of any other class is a video without the positive one."""
    videos = [data / "fight_cctv/fight/fi002.mp4", data / "fight_cctv/noFight/nofi002.mp4"]
    (tmp_path / "list.txt").write_text(f"{videos[0]} 0\n{videos[1]} 1\n", encoding="utf-8")
    flags = ["--path", untrained_run.folder, "--list", tmp_path / "list.txt", "--output", tmp_path / "out", "--region", "frame"]
    script("evaluate.py", *flags, "--positive", "noFight")
    found = rows(tmp_path / "out" / "predictions.csv")
    assert [row["true"] for row in found] == ["not noFight", "noFight"]
    assert all(float(row["noFight"]) + float(row["not noFight"]) == pytest.approx(1, abs=1e-4) for row in found)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["roc_auc"] in (0, 1) and set(summary["per_class"]) == {"noFight", "not noFight"}


def test_whole_videos_by_frame(data, untrained_run, script, rows, tmp_path):
    (tmp_path / "list.txt").write_text(f"{data / 'fight_cctv/fight/fi002.mp4'} 0\n", encoding="utf-8")
    flags = ["--path", untrained_run.folder, "--list", tmp_path / "list.txt", "--output", tmp_path / "out", "--region", "frame"]
    script("evaluate.py", *flags)
    (row,) = rows(tmp_path / "out" / "predictions.csv")
    assert float(row["fight"]) + float(row["noFight"]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("line", "flags", "says"),
    [
        ("nowhere.avi 0", [], "line 1"),
        ("{clip} 7", [], "class index 7"),
        ("", [], "lists no clip"),
        ("{clip} 0", ["--positive", "Dancing"], "no class 'Dancing'"),
    ],
)
def test_bad_lists_are_one_line(clips, untrained_run, script, tmp_path, line, flags, says):
    (tmp_path / "list.txt").write_text(line.format(clip=clips / "clip 0.avi"), encoding="utf-8")
    done = script("evaluate.py", "--path", untrained_run.folder, "--list", tmp_path / "list.txt", *flags, code=1)
    assert done.stderr.startswith("error:") and says in done.stderr and done.stderr.count("\n") == 1
