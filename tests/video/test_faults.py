from pathlib import Path

import numpy as np
import pytest

from video.faults import find_faults
from video.io import VideoWriter, count_frames
from video.lists import Example


def write_video(path, frames, fps=25):
    with VideoWriter(path, fps, (16, 16), "mjpeg") as writer:
        for _ in range(frames):
            writer.write(np.zeros((16, 16, 3), np.uint8))
    return Example(path, 0, "list")


@pytest.fixture
def videos(tmp_path):
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"RIFF" + bytes(2000))
    return [
        write_video(tmp_path / "good.avi", 30),
        Example(tmp_path / "gone.avi", 0, "list"),
        Example(broken, 0, "list"),
        write_video(tmp_path / "short.avi", 19),
        write_video(tmp_path / "slow.avi", 20, fps=10),
        write_video(tmp_path / "good too.avi", 20),
    ]


def told(faults):
    return {fault.example.path.stem: fault.kind for fault in faults}


def test_every_kind_is_found(videos):
    faults = find_faults(videos, window=20)
    assert told(faults) == {"gone": "missing", "broken": "corrupt", "short": "short", "slow": "wrong rate"}
    reasons = {fault.kind: fault.reason for fault in faults}
    assert "10 frames per second, most have 25" in reasons["wrong rate"]
    assert reasons["short"] == "19 frames, 20 are needed"


def test_with_a_rate_given_any_rate_will_do_and_lengths_count_at_it(videos):
    """20 frames at 10 per second are 50 at 25; at 2.5 per second 30 frames at 25 are 3, and 19 or 20 are 2."""
    assert told(find_faults(videos, window=20, fps=25)) == {"gone": "missing", "broken": "corrupt", "short": "short"}
    assert told(find_faults(videos, window=3, fps=2.5)) == {"gone": "missing", "broken": "corrupt", "short": "short", "good too": "short"}


def test_nearly_equal_rates_are_one(tmp_path):
    videos = [write_video(tmp_path / f"{i}.avi", 20, fps) for i, fps in enumerate((30, 30, 29.97))]
    assert find_faults(videos, window=20) == []


def test_no_rate_is_the_wrong_rate(tmp_path, monkeypatch):
    from video import faults

    monkeypatch.setattr(faults, "count_frames", lambda path: (100, None))
    (fault,) = find_faults([write_video(tmp_path / "a.avi", 20)], window=20, fps=25)
    assert fault.kind == "wrong rate" and "no usable" in fault.reason


def test_frames_are_counted_without_decoding(data):
    folder = Path(data) / "ucf101/UCF-101/Biking"
    assert count_frames(folder / "v_Biking_g20_c06.avi") == (358, pytest.approx(29.97, abs=0.01))
