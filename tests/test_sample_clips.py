import numpy as np
import pytest

from video.io import VideoWriter, read_clip


@pytest.fixture
def videos(tmp_path):
    """Two classes; every picture's brightness tells its number. One video is too short, one has another rate."""
    folder = tmp_path / "videos"
    for name, frames, fps in (("run/a", 60, 25), ("run/b", 30, 25), ("walk/c", 80, 50), ("walk/d", 70, 25)):
        path = folder / f"{name}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        with VideoWriter(path, fps, (32, 32), "mjpeg") as writer:
            for number in range(frames):
                writer.write(np.full((32, 32, 3), 3 * number, np.uint8))
    return folder


FLAGS = ("--num_frames_to_extract", 4, "--sampling_rate", 10, "--size", 16)


def test_every_tenth_frame_from_a_random_start(videos, script, tmp_path):
    done = script("sample_clips.py", "--data", videos, "--output", tmp_path / "out", *FLAGS, code=1)
    assert "error: 1 of 4 videos cannot be used (1 short); --skip-bad" in done.stderr and "run/b.avi (3 frames" in done.stdout
    assert not (tmp_path / "out").exists()
    script("sample_clips.py", "--data", videos, "--output", tmp_path / "out", *FLAGS, "--skip-bad")
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.avi")) == [
        "run/a.avi",
        "walk/c.avi",
        "walk/d.avi",
    ]
    for name, step in (("run/a", 10), ("walk/c", 20), ("walk/d", 10)):
        clip, fps = read_clip(tmp_path / "out" / f"{name}.avi")
        numbers = clip.mean(axis=(1, 2, 3)) / 3
        assert clip.shape == (4, 16, 16, 3) and fps == 2.5
        assert np.diff(numbers) == pytest.approx([step] * 3, abs=1)


def test_one_video_by_its_name(videos, script, tmp_path):
    script("sample_clips.py", "--data", videos, "--output", tmp_path / "out", *FLAGS, "--video_file_name", "d")
    assert [path.name for path in (tmp_path / "out").rglob("*.avi")] == ["d.avi"]
    done = script("sample_clips.py", "--data", videos, "--video_file_name", "e", code=1)
    assert done.stderr.startswith("error: no video e below")
