"""Video in and out through PyAV (FFmpeg): a generator of frames, a writer whose file is complete or absent."""

import sys
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from common.errors import InputError
from common.files import writing

SUFFIXES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg"}
DEFAULT_FPS = 25.0  # where a file states no usable rate
MAX_PIXELS = 64_000_000  # a frame over 64 megapixels (8K video has 33) is taken for a damaged or hostile header
# A title that is no UTF-8 is no reason to refuse a film; PyAV 19 sees it so by itself and has no such argument any more.
OPEN_OPTIONS = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
STREAM_TIMEOUT = 15.0  # seconds to open a network stream, and to wait for its next packet


class Frame(NamedTuple):
    """One picture of a video: 1-based `number`, `time_s` seconds from the first frame, `image` (H, W, 3) uint8 BGR, upright."""

    number: int
    time_s: float
    image: np.ndarray


class FileReader:
    """Frames of a video file or network stream, upright and of one size, with their own time stamps.

    Damaged packets are skipped (one warning on stderr at the end); a rotation stored in the file is applied; where time
    stamps are missing or run backwards, the frame rate continues them. Iterate once, inside ``with``.

    Attributes: `width`, `height` of the upright picture in pixels, `fps`, `frame_count` (what the header says; None if
    nothing), `live` (True for a stream that does not wait for its reader), `name`.

    Raises InputError, on opening or when the first frame is asked for, if there is nothing to decode.
    """

    def __init__(self, source, live=False):
        self.name, self.live = str(source), live
        self._container = _open_container(self.name, live)
        try:
            self._stream = _video_stream(self._container, self.name)
            self._frames = self._decode()
            self._first = next(self._frames, None)
        except BaseException:
            self._container.close()
            raise
        if self._first is None:
            self._container.close()
            raise InputError(f"no frame of {self.name} can be decoded; the file is damaged or not a video")
        self.height, self.width = self._first.image.shape[:2]

    @property
    def fps(self):
        return _rate(self._stream) or DEFAULT_FPS

    @property
    def frame_count(self):
        return self._stream.frames or None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._container.close()

    def __iter__(self):
        yield self._first
        yield from self._frames

    def _decode(self):
        size = start = None
        time_s, number, damaged = 0.0, 0, 0
        for picture in self._pictures():
            if picture is None:
                damaged += 1
                continue
            number += 1
            start = picture.time if start is None else start
            time_s = _next_time(time_s, number, picture.time, start, 1 / self.fps)
            image = _upright(picture, size)
            size = size or (picture.width, picture.height)
            yield Frame(number, time_s, image)
        if damaged and number:
            print(f"warning: {self.name}: {damaged} damaged packets skipped, {number} frames read", file=sys.stderr)

    def _pictures(self):
        """Decoded pictures in order; None for each packet that cannot be decoded."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                yield from next(packets).decode()
            except (StopIteration, av.error.EOFError):
                return
            except av.error.InvalidDataError:
                yield None
            except (av.error.FFmpegError, OSError) as error:
                if self.live:
                    print(f"warning: {self.name} ended: {_reason(error)}", file=sys.stderr)
                    return
                yield None


class CameraReader:
    """Frames of a local camera by its index, through OpenCV; same attributes and use as `FileReader`."""

    def __init__(self, index):
        import time

        import cv2

        self.name, self.live, self.frame_count = f"camera {index}", True, None
        self._clock = time.monotonic
        self._capture = cv2.VideoCapture(index)
        if not self._capture.isOpened():
            raise InputError(f"camera {index} cannot be opened; check that it is connected and not in use")
        self.width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        self.height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = rate if 0.5 <= rate <= 1000 else DEFAULT_FPS

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._capture.release()

    def __iter__(self):
        start, number = self._clock(), 0
        while True:
            ok, image = self._capture.read()
            if not ok:
                return
            number += 1
            yield Frame(number, self._clock() - start, image)


def open_video(source):
    """Open a file path, a camera index (``0``) or a stream address (``rtsp://…``, ``http://…``).

    Returns a reader: a context manager that yields `Frame`s. Raises InputError if the source cannot be read.
    """
    text = str(source)
    if text.isdecimal() and not Path(text).exists():
        return CameraReader(int(text))
    if "://" in text and not Path(text).exists():
        return FileReader(text, live=not text.startswith(("http://", "https://", "file://")))
    path = Path(source)
    if not path.is_file():
        raise InputError(f"no video at {path}; give a file, a camera index or a stream address")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); copy the file again")
    return FileReader(path)


def read_clip(path, limit=None):
    """All frames of a short video: ((T, H, W, 3) uint8 BGR, frames per second).

    `limit` stops after that many frames. Raises InputError if nothing can be decoded.
    """
    images = []
    with open_video(path) as reader:
        for frame in reader:
            images.append(frame.image)
            if limit and len(images) >= limit:
                break
        return np.stack(images), reader.fps


def count_frames(path):
    """(frames, frames per second) of a video file, from its packets, without decoding; the rate is None where it states none.

    Raises InputError if the file cannot be opened.
    """
    with _open_container(str(path), live=False) as container:
        stream = _video_stream(container, str(path))
        count = 0
        with suppress(av.error.FFmpegError):  # what comes after a damaged place cannot be shown either
            for packet in container.demux(stream):
                count += packet.size > 0
        return count, _rate(stream)


def list_videos(folder):
    """Every video below `folder` (by suffix, hidden folders and files left out), in natural order of the path.

    Raises InputError if the folder is missing or holds no video.
    """
    from common.files import natural_key

    root = Path(folder)
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise InputError(f"no folder {root}; give the folder that holds your videos")
    found = [p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file() and not _hidden(p.relative_to(root))]
    if not found:
        raise InputError(f"no video below {root}; expected files ending in {', '.join(sorted(SUFFIXES))}")
    return sorted(found, key=natural_key)


class VideoWriter:
    """Write BGR frames to a video; the file appears under its final name only when the ``with`` block ends cleanly.

    codec "h264" gives an MP4 that browsers play (YUV 4:2:0; an odd width or height is padded by one replicated pixel),
    "mjpeg" an AVI of independent JPEG frames at a fixed rate. `size` is (width, height); `write` refuses other sizes.
    `time_s` in seconds keeps a variable frame rate (h264 only). Without a frame written, no file appears.
    """

    TICKS = 90_000  # clock ticks per second of an MP4's time stamps: the MPEG system clock

    def __init__(self, path, fps, size, codec="h264"):
        self.path, self._fps, self._codec = Path(path), Fraction(fps).limit_denominator(1001), codec
        self._size, self._count, self._last_tick = tuple(size), 0, -1
        self._stack = ExitStack()

    def __enter__(self):
        partial = self._stack.enter_context(writing(self.path))
        try:
            self._open(partial)
        except av.error.FFmpegError as error:
            self._stack.close()
            raise InputError(f"cannot write {self.path}: {_reason(error)}") from error
        return self

    def _open(self, partial):
        options = {"movflags": "+faststart"} if self._codec == "h264" else {}
        self._container = av.open(str(partial), "w", format="mp4" if self._codec == "h264" else "avi", options=options)
        encoder = {"h264": "libx264", "mjpeg": "mjpeg"}[self._codec]
        self._stream = self._container.add_stream(encoder, rate=self._fps)
        width, height = self._size
        if self._codec == "h264":
            self._stream.width, self._stream.height = width + width % 2, height + height % 2
            self._stream.pix_fmt = "yuv420p"
            self._stream.options = {"preset": "veryfast", "crf": "21"}
            self._stream.codec_context.time_base = Fraction(1, self.TICKS)
        else:
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = "yuvj420p"
            self._stream.options = {"qmin": "2", "qmax": "3"}

    def write(self, image, time_s=None):
        """Append one (H, W, 3) uint8 BGR frame, shown at `time_s` or one frame period after the last."""
        height, width = image.shape[:2]
        if (width, height) != self._size:
            raise ValueError(f"frame of {width}x{height} in a video of {self._size[0]}x{self._size[1]}")
        if self._codec == "h264" and (width % 2 or height % 2):
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        if self._codec == "h264":
            tick = round((self._count / self._fps if time_s is None else time_s) * self.TICKS)
            self._last_tick = picture.pts = max(tick, self._last_tick + 1)
            picture.time_base = Fraction(1, self.TICKS)
        self._container.mux(self._stream.encode(picture))
        self._count += 1

    def __exit__(self, kind, error, trace):
        try:
            if kind is None and self._count:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()
            kept = kind is None and self._count > 0
            self._stack.__exit__(*((None, None, None) if kept else (kind or _Nothing, error or _Nothing(), trace)))


class _Nothing(Exception):  # noqa: N818  (not an error: the reason why no file is kept)
    """No frame was written."""


def _hidden(relative):
    return any(part.startswith(".") for part in relative.parts)


def _open_container(name, live):
    try:
        timeout = STREAM_TIMEOUT if "://" in name else None
        return av.open(name if "://" in name else "file:" + name, timeout=timeout, **OPEN_OPTIONS)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        advice = "check the address and that the camera is on" if live else "the file is damaged or not a video"
        raise InputError(f"cannot open {name}: {_reason(error)}; {advice}") from error


def _video_stream(container, name):
    if not container.streams.video:
        raise InputError(f"{name} has no video track")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise InputError(f"{name}: its video codec is not supported; convert it to H.264")
    if stream.width * stream.height > MAX_PIXELS:
        raise InputError(f"{name} claims frames of {stream.width}x{stream.height}; over {MAX_PIXELS // 1_000_000} megapixels is refused")
    stream.thread_type = "AUTO"
    return stream


def _rate(stream):
    """Frames per second that a stream states, or None where that cannot be."""
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    return rate if 0.5 <= rate <= 1000 else None


def _next_time(last, number, stamp, start, period):
    """Seconds since the first frame: the file's time stamp, or the last time plus a period where it does not go forward."""
    if number == 1:
        return 0.0
    elapsed = stamp - start if stamp is not None and start is not None else -1.0
    return elapsed if elapsed > last else last + period


def _upright(picture, size):
    """(H, W, 3) uint8 BGR of a decoded picture, scaled to `size` (width, height) if given, with its rotation undone."""
    width, height = size or (picture.width, picture.height)
    image = picture.to_ndarray(format="bgr24", width=width, height=height)
    turns = round(picture.rotation / 90) if abs(picture.rotation) <= 360 else 0
    return np.ascontiguousarray(np.rot90(image, turns)) if turns % 4 else image


def _reason(error):
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
