import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import av
import numpy as np
import pytest

from common.errors import InputError
from video.io import VideoWriter, list_videos, open_video, read_clip


def numbered(count, width=64, height=48):
    """Frames whose left part is black and right part brighter from frame to frame: order and side survive compression."""
    for i in range(count):
        image = np.zeros((height, width, 3), np.uint8)
        image[:, width // 2 :] = 20 + 8 * i
        yield image


def write(path, count=20, fps=25, size=(64, 48), times=None, codec="h264"):
    with VideoWriter(path, fps, size, codec) as writer:
        for i, image in enumerate(numbered(count, *size)):
            writer.write(image, times[i] if times else None)
    return path


@pytest.mark.parametrize(("codec", "name"), [("h264", "a.mp4"), ("mjpeg", "a.avi")])
def test_what_is_written_is_read_back(tmp_path, codec, name):
    clip, fps = read_clip(write(tmp_path / name, codec=codec))
    assert clip.shape == (20, 48, 64, 3) and clip.dtype == np.uint8 and fps == pytest.approx(25)
    assert np.abs(clip[:, 24, 48].mean(1) - (20 + 8 * np.arange(20))).max() < 6
    assert clip[:, 24, 8].max() < 12


def test_time_stamps_of_a_variable_rate_survive(tmp_path):
    times = [0, 0.04, 0.08, 0.5, 0.54, 2.0]
    with open_video(write(tmp_path / "v.mp4", 6, times=times)) as reader:
        frames = list(reader)
    assert [f.number for f in frames] == [1, 2, 3, 4, 5, 6]
    assert [f.time_s for f in frames] == pytest.approx(times, abs=0.002)


def test_odd_size_is_padded_by_one_replicated_pixel(tmp_path):
    clip, _ = read_clip(write(tmp_path / "odd.mp4", 3, size=(65, 49)))
    assert clip.shape[1:3] == (50, 66)
    assert np.abs(clip[:, :, 65].astype(int) - clip[:, :, 64]).max() < 8


def test_h264_plays_in_a_browser(tmp_path):
    with av.open(str(write(tmp_path / "a.mp4"))) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # starts to play before it is loaded


def test_nothing_half_written_after_an_error_or_without_frames(tmp_path):
    with pytest.raises(RuntimeError), VideoWriter(tmp_path / "a.mp4", 25, (64, 48)) as writer:
        writer.write(next(numbered(1)))
        raise RuntimeError
    with VideoWriter(tmp_path / "b.mp4", 25, (64, 48)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_no_file_under_the_final_name(tmp_path, root):
    code = (
        "import os, signal, numpy as np\nfrom video.io import VideoWriter\n"
        f"with VideoWriter({str(tmp_path / 'a.mp4')!r}, 25, (64, 48)) as w:\n"
        "    for _ in range(50): w.write(np.zeros((48, 64, 3), np.uint8))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == -9
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.parametrize("name", ["-dash.mp4", "with space.mp4", "Überfall №1.mp4", "50%.mp4", "a:b.mp4", "0.mp4"])
def test_names_are_only_names(tmp_path, name, monkeypatch):
    write(tmp_path / name, 3)
    monkeypatch.chdir(tmp_path)
    with open_video(name) as reader:
        assert len(list(reader)) == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"not a video at all" * 100, "damaged or not a video"), (None, "no video at")],
)
def test_unreadable_files_are_one_line(tmp_path, content, says):
    path = tmp_path / "bad.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=says) as error:
        open_video(path)
    assert "\n" not in str(error.value) and "bad.mp4" in str(error.value)


def test_a_truncated_file_gives_its_readable_frames(tmp_path, capsys):
    path = write(tmp_path / "cut.avi", 20, codec="mjpeg")
    path.write_bytes(path.read_bytes()[: os.path.getsize(path) // 2])
    clip, _ = read_clip(path)
    assert 5 <= len(clip) <= 12 and np.abs(clip[:5, 24, 48].mean(1) - (20 + 8 * np.arange(5))).max() < 6


def test_a_file_without_video_says_so(tmp_path):
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(InputError, match="no video track"):
        open_video(path)


def test_a_stream_address_is_read(tmp_path):
    write(tmp_path / "a.mp4", 12)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with open_video(f"http://127.0.0.1:{server.server_port}/a.mp4") as reader:
            assert len(list(reader)) == 12
        with pytest.raises(InputError, match="cannot open"):
            open_video(f"http://127.0.0.1:{server.server_port}/none.mp4")
    finally:
        server.shutdown()


def test_a_missing_camera_is_one_line():
    with pytest.raises(InputError, match="camera 97"):
        open_video("97")


def test_videos_are_found_at_any_depth_in_natural_order(tmp_path):
    for name in ["b/clip10.MP4", "b/clip2.avi", "a.mov", ".hidden/x.mp4", "notes.txt", "c d/é.webm"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = [str(p.relative_to(tmp_path)) for p in list_videos(tmp_path)]
    assert found == ["a.mov", "b/clip2.avi", "b/clip10.MP4", "c d/é.webm"]
    with pytest.raises(InputError, match="no folder"):
        list_videos(tmp_path / "none")


def test_a_rotation_stored_in_the_file_is_applied(tmp_path):
    """A film stored turned by 90 degrees with a display matrix that turns it back."""
    plain = write(tmp_path / "plain.mp4", 3)
    content = bytearray(plain.read_bytes())
    identity = np.array([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000], ">i4").tobytes()
    clockwise = np.array([0, 0x10000, 0, -0x10000, 0, 0, 48 << 16, 0, 0x40000000], ">i4").tobytes()
    track_header = content.index(b"tkhd")
    place = content.index(identity, track_header)
    content[place : place + len(identity)] = clockwise
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(content)
    with open_video(turned) as reader:
        image = next(iter(reader)).image
        assert (reader.width, reader.height) == (48, 64)
    assert image[56, 24].max() > 12 > image[8, 24].max()  # the bright right half of the stored picture is now below


@pytest.mark.parametrize(
    ("name", "size"),
    [("video_0.mov", (568, 320)), ("video_180.mov", (568, 320)), ("video_90.mov", (320, 568)), ("video_270.mov", (320, 568))],
)
def test_rotated_recordings_of_phones(data, name, size):
    with open_video(data / "odd_media" / name) as reader:
        assert (reader.width, reader.height) == size
        assert {frame.image.shape[:2] for frame in reader} == {size[::-1]}


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("-video-with-dash-.mp4", 5),
        ("corrupted.mp4", 49),
        ("minimal.mp4", 1),
        ("no_duration.webm", 74),
        ("no_valid_keyframes.mp4", 25),
        ("rotated_90.mp4", 25),
        ("unordered.mov", 4),
    ],
)
def test_odd_media_that_can_be_read(data, name, frames):
    with open_video(data / "odd_media" / name) as reader:
        times = [frame.time_s for frame in reader]
    assert len(times) == frames and all(b > a for a, b in pairwise(times))


@pytest.mark.parametrize("name", ["chunk_out_of_range.mp4", "test_case_1185230.mp4", "zero_bytes.webm", "zero_empty_stsc.mp4"])
def test_odd_media_that_cannot_be_read(data, name):
    with pytest.raises(InputError, match=name):
        open_video(data / "odd_media" / name)
