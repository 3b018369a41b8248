"""extract_flow.py through its command line: a data set's flow as pictures, whole or not at all."""

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import cv2
import numpy as np
import pytest

from video.flow import flow_clip
from video.flow_archive import DIRECTIONS, ArchivedFlow
from video.io import VideoWriter, read_clip

FRAMES, SIZE = 6, 48


@pytest.fixture
def videos(tmp_path):
    """Two videos of a texture that moves right by 2, and down by 1 pixel a frame, each in a folder of its own."""
    noise = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8), (0, 0), 2.5)
    for name, (x, y) in (("right", (2, 0)), ("down", (0, 1))):
        with VideoWriter(tmp_path / f"videos/{name}/v_{name}.avi", 25, (SIZE, SIZE), "mjpeg") as video:
            for t in range(FRAMES):
                video.write(noise[20 - y * t :, 20 - x * t :][:SIZE, :SIZE])
    return tmp_path


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_pictures_for_every_pair_of_frames(videos, script):
    done = script("extract_flow.py", "--videos", "videos", "--method", "dis", cwd=videos)
    assert "2 videos, 10 fields" in done.stdout
    names = {f"{d}/v_{name}/frame{i:06d}.jpg" for d in DIRECTIONS for name in ("right", "down") for i in range(1, FRAMES)}
    first = files(videos / "tvl1_flow")
    assert set(first) == names
    for name, shift in (("right", (2, 0)), ("down", (0, 1))):
        archived = ArchivedFlow(videos / "tvl1_flow", f"v_{name}", SIZE)
        assert len(archived) == FRAMES
        fields = archived[np.arange(FRAMES)]
        direct = flow_clip(read_clip(videos / f"videos/{name}/v_{name}.avi")[0])
        assert np.abs(fields.astype(int) - direct).mean() < 1  # JPEG costs less than a step
        np.testing.assert_allclose((np.median(fields, axis=(0, 1, 2)) - 128) * 20 / 127, shift, atol=0.3)

    # Again: nothing to do. With one direction of a video lost: that video alone is done again, to the same pictures.
    assert "0 videos, 0 fields" in script("extract_flow.py", "--videos", "videos", "--method", "dis", cwd=videos).stdout
    shutil.rmtree(videos / "tvl1_flow/v/v_down")
    assert "1 videos, 5 fields" in script("extract_flow.py", "--videos", "videos", "--method", "dis", cwd=videos).stdout
    assert files(videos / "tvl1_flow") == first


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_stopped_in_the_middle_and_started_again_loses_and_doubles_nothing(videos, script, root, how):
    big = videos / "videos/v_big.avi"
    with VideoWriter(big, 25, (160, 120), "mjpeg") as video:
        for t in range(40):
            video.write(np.roll(np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8), t, axis=1))
    flags = ["--videos", str(big), "--output", "flow", "--workers", "1"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also where the tests run in the background, which turns it off
    command = [sys.executable, str(root / "extract_flow.py"), *flags]
    process = subprocess.Popen(command, cwd=videos, stderr=subprocess.PIPE, preexec_fn=heard)
    limit = time.monotonic() + 60
    while not list(videos.glob("flow/v/.v_big.part/frame000002.jpg")) and time.monotonic() < limit:
        time.sleep(0.02)
    os.kill(process.pid, how)
    process.communicate(timeout=60)
    assert process.returncode == (-9 if how == signal.SIGKILL else 130)
    assert not (videos / "flow/u/v_big").exists()
    script("extract_flow.py", *flags, "--method", "dis", cwd=videos)
    names = {f"{d}/v_big/frame{i:06d}.jpg" for d in DIRECTIONS for i in range(1, 40)}
    assert set(files(videos / "flow")) == names


def test_bad_videos_cost_a_line_each(videos, script):
    (videos / "videos/broken.avi").write_bytes(b"no video")
    with VideoWriter(videos / "videos/single.avi", 25, (SIZE, SIZE), "mjpeg") as video:
        video.write(np.zeros((SIZE, SIZE, 3), np.uint8))
    done = script("extract_flow.py", "--videos", "videos", "--method", "dis", cwd=videos, code=1)
    errors = sorted(line for line in done.stderr.replace("\r", "\n").splitlines() if line.startswith("error: "))
    assert len(errors) == 2 and "broken.avi" in errors[0] and "single.avi: a single frame has no motion" in errors[1]
    assert {path.name for path in (videos / "tvl1_flow/u").iterdir()} == {"v_right", "v_down"}


def test_two_videos_of_one_name_are_refused(videos, script):
    shutil.copy(videos / "videos/down/v_down.avi", videos / "videos/v_right.avi")
    assert "v_right" in script("extract_flow.py", "--videos", "videos", cwd=videos, code=1).stderr
    assert not (videos / "tvl1_flow").exists()


def test_a_picture_too_few_or_broken_is_told(videos, script):
    from common.errors import InputError

    script("extract_flow.py", "--videos", "videos", "--method", "dis", cwd=videos)
    (videos / "tvl1_flow/u/v_right/frame000003.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"frame000003.jpg: not a picture"):
        ArchivedFlow(videos / "tvl1_flow", "v_right", SIZE)[np.array([3])]
    (videos / "tvl1_flow/u/v_down/frame000005.jpg").unlink()
    with pytest.raises(InputError, match="4 pictures in u/v_down and 5 in v/v_down"):
        ArchivedFlow(videos / "tvl1_flow", "v_down", SIZE)
