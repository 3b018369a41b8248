"""JPEG files into an AVI and out again with two readers."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from common.errors import InputError
from video.mjpeg import decode_jpeg, write_mjpeg


@pytest.fixture
def pictures(tmp_path):
    ramp = np.linspace(0, 255, 48, dtype=np.uint8)
    paths = []
    for number in range(5):
        image = np.dstack([np.tile(ramp, (32, 1)), np.full((32, 48), 40 * number, np.uint8), np.full((32, 48), 90, np.uint8)])
        paths.append(tmp_path / f"{number:06d}.jpg")
        cv2.imwrite(str(paths[-1]), image)
    return paths


@pytest.mark.parametrize("fps", [25.0, 30000 / 1001, 12.5, 29.97])
def test_frames_and_rate_survive(tmp_path, pictures, fps):
    path = tmp_path / "with space ü" / "clip.avi"
    write_mjpeg(path, pictures, fps)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.codec_tag == "MJPG"
        assert float(stream.average_rate) == pytest.approx(fps, rel=1e-6)
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert [bytes(packet) for packet in packets] == [picture.read_bytes() for picture in pictures]
        assert [packet.pts * packet.time_base for packet in packets] == [i / stream.average_rate for i in range(5)]


def test_opencv_reads_the_same_pictures(tmp_path, pictures):
    write_mjpeg(tmp_path / "clip.avi", pictures, 25)
    capture = cv2.VideoCapture(str(tmp_path / "clip.avi"))
    assert capture.get(cv2.CAP_PROP_FPS) == 25 and capture.get(cv2.CAP_PROP_FRAME_COUNT) == 5
    for picture in pictures:
        # Within what two JPEG decoders differ by in turning half-resolution colour to pixels.
        assert np.abs(capture.read()[1].astype(int) - cv2.imread(str(picture))).mean() < 3
    assert not capture.read()[0]


def test_the_same_pictures_make_the_same_file(tmp_path, pictures):
    for name in ("a.avi", "b.avi"):
        write_mjpeg(tmp_path / name, pictures, Fraction(25))
    assert (tmp_path / "a.avi").read_bytes() == (tmp_path / "b.avi").read_bytes()


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_a_broken_picture_is_named_and_nothing_written(tmp_path, pictures, content):
    whole = pictures[3].read_bytes()
    pictures[3].write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(InputError, match=r"000003\.jpg is not a complete JPEG"):
        write_mjpeg(tmp_path / "out/clip.avi", pictures, 25)
    assert not (tmp_path / "out").exists()


def test_pictures_of_two_sizes_are_refused(tmp_path, pictures):
    cv2.imwrite(str(pictures[4]), np.zeros((32, 40, 3), np.uint8))
    with pytest.raises(InputError, match=r"000004\.jpg is 40×32, but 000000\.jpg is 48×32"):
        write_mjpeg(tmp_path / "clip.avi", pictures, 25)


def test_decode_jpeg_gives_bgr(pictures):
    image = decode_jpeg(pictures[2].read_bytes(), pictures[2])
    assert image.shape == (32, 48, 3)
    assert np.abs(image[16, 4].astype(int) - [21, 80, 90]).max() < 8
