from pathlib import Path

import cv2
import numpy as np
import pytest

from recipes.recorded_flow import RecordedFlow
from video.io import VideoWriter
from video.people import Sighting

WIDTH, HEIGHT, FRAMES, SPEED, SIZE = 200, 120, 20, 4, 32
BOX = np.array([20, 30, 60, 90])  # of the mover in the first frame: left, top, right, bottom
SIDE = 72  # of the square around it
PIXEL = 127 / 20  # what a pixel of motion adds to a field


@pytest.fixture
def mover(tmp_path):
    """A video of a texture that moves to the right over a still one, and its `Sighting`, from the third frame on."""
    still, moving = (cv2.GaussianBlur(np.random.default_rng(i).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 2) for i in (0, 1))
    left, top, right, bottom = BOX
    with VideoWriter(tmp_path / "mover.avi", 25, (WIDTH, HEIGHT), "mjpeg") as video:
        for x in range(left, left + SPEED * FRAMES, SPEED):
            picture = still.copy()
            picture[top:bottom, x : x + right - left] = moving[top:bottom, left:right]
            video.write(picture)
    numbers = np.arange(3, FRAMES + 1)
    boxes = BOX + SPEED * (numbers[:, None] - 1) * [1, 0, 1, 0]
    return Sighting(tmp_path / "mover.avi", 25.0, numbers, (boxes / [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(np.float32))


def sampler(tmp_path, fps, people=None):
    return RecordedFlow(8, 8, SIZE, "Flow", fps=fps, cache=tmp_path / "cache", people=people)


class Known:
    """What `video.people.People` is of one video."""

    def __init__(self, sighting):
        self._sighting = sighting

    def of(self, path):
        return self._sighting


def middles(fields):
    """Mean motion (x, y) in the middle of each field, in pixels."""
    middle = slice(SIZE // 2 - 3, SIZE // 2 + 3)
    return (fields[:, middle, middle].mean(axis=(1, 2)) - 128) / PIXEL


@pytest.mark.parametrize(("fps", "step"), [(25, SPEED), (12.5, 2 * SPEED)])
def test_the_square_stays_with_the_person_and_motion_is_in_its_pixels(mover, tmp_path, fps, step):
    fields = sampler(tmp_path, fps, Known(mover)).flow_of(mover.video)
    assert fields.shape == (len(mover.numbers) * fps / 25, SIZE, SIZE, 2)
    assert fields.dtype == np.uint8
    assert middles(fields) == pytest.approx(np.array([[step * SIZE / SIDE, 0]] * len(fields)), abs=0.15)


def test_the_whole_picture_is_squeezed(mover, tmp_path):
    fields = sampler(tmp_path, 25).flow_of(mover.video)
    assert fields.shape == (FRAMES, SIZE, SIZE, 2)
    x, y = (BOX[:2] + BOX[2:]) / 2 * SIZE / [WIDTH, HEIGHT]
    for number in (5, 15):
        place = round(x + (number + 0.5) * SPEED * SIZE / WIDTH)
        seen = (fields[number, round(y) - 3 : round(y) + 3, place - 1 : place + 1].mean(axis=(0, 1)) - 128) / PIXEL
        assert seen == pytest.approx([SPEED * SIZE / WIDTH, 0], abs=0.15)
        assert fields[number, :, 26:].astype(int) == pytest.approx(128, abs=1)  # still there


def test_fields_are_kept_by_what_they_show(mover, tmp_path):
    first = sampler(tmp_path, 25).flow_of(mover.video)
    (file,) = Path(tmp_path / "cache").iterdir()
    np.save(file, first + 1)
    assert (sampler(tmp_path, 25, None).flow_of(mover.video) == first).all()  # from memory
    sampler(tmp_path, 12.5).flow_of(mover.video)
    sampler(tmp_path, 25, Known(mover)).flow_of(mover.video)
    assert len(list(Path(tmp_path / "cache").iterdir())) == 3
