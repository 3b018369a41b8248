"""One sample from a clip's file: decode, choose frames, change them at random, hand over what the network eats."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from video.augment import draw
from video.clips import clip_indices, spread_indices
from video.flow import cached_flow
from video.flow_archive import ArchivedFlow
from video.frame_cache import cached_frames
from video.inputs import CHANNELS, INPUTS, fit, make_inputs
from video.io import count_frames, open_video


@dataclass(frozen=True)
class Sampler:
    """How samples are taken: a run's `frames`, `window`, `size`, `mode`, `flow` and `fps`, see meta.json.

    `augment` names the random changes (those of `video.augment.CHANGES`) that a sample with a random generator gets. `cache` is a
    folder that keeps decoded frames and flow; None decodes each time and keeps flow beside the clips. `archive` is a folder that flow is
    read from instead, see `video.flow_archive`. With `stack` the frames are stacks of so many consecutive ones, evenly over the whole
    clip, whatever the window.
    """

    frames: int
    window: int
    size: int
    mode: str = "RGB"
    flow: str = "dis"
    fps: float | None = None
    augment: tuple = ()
    cache: str | None = None
    archive: str | None = None
    stack: int | None = None

    @property
    def nbytes(self):
        """Bytes of one sample."""
        return self.frames * self.size**2 * sum(CHANNELS[name] for name in INPUTS[self.mode])

    def __call__(self, path, rng=None):
        """A sample of the clip at `path`, as `video.inputs.make_inputs` returns it; changed at random with `rng`.

        Raises InputError for a clip that cannot be read.
        """
        jitter = rng if "time" in self.augment else None
        change = draw(self.augment, rng) if rng else None

        def choose(n):
            if self.stack:
                return spread_indices(n, self.stack, self.stack, self.frames // self.stack)
            return clip_indices(n, self.frames, self.window, jitter)

        inputs = self._inputs(path, choose)
        return change(inputs) if change else inputs

    def spread(self, path, count):
        """A batch of `count` unchanged samples, evenly over the clip from its beginning to its end; one is what calling gives.

        With stacks there is one, whatever `count`: it goes over the whole clip already.
        """
        if self.stack:
            return {name: array[None] for name, array in self(path).items()}
        inputs = self._inputs(path, lambda n: spread_indices(n, self.frames, self.window, count))
        return {name: array.reshape(count, self.frames, *array.shape[1:]) for name, array in inputs.items()}

    def flow_of(self, path):
        """Flow of all the clip's frames at the sampler's rate: (N, size, size, 2) uint8, from the archive, or the cache or into it."""
        if self.archive:
            recorded = count_frames(path)[1] if self.fps else None
            return ArchivedFlow(self.archive, Path(path).stem, self.size, recorded, self.fps)
        return cached_flow(path, lambda: self.frames_of(path), self.flow, self.size, self.fps, self.cache)

    def frames_of(self, path, choose=np.arange):
        """What `read_frames` returns, from the cache or into it."""
        if self.cache is None:
            return read_frames(path, self.size, self.fps, choose)
        frames = cached_frames(path, lambda: read_frames(path, self.size, self.fps), self.cache, self.size, self.fps)
        return frames[choose(len(frames))]

    def _inputs(self, path, choose):
        if self.mode == "RGB":
            images = self.frames_of(path, choose)
            return make_inputs(images, np.arange(len(images)), self.size)
        fields = self.flow_of(path)
        indices = choose(len(fields))
        images = None if self.mode == "Flow" else self.frames_of(path, lambda n: np.minimum(indices, n - 1))
        return make_inputs(images, np.arange(len(indices)), self.size, self.mode, fields[indices])


def read_frames(path, size, fps=None, choose=np.arange):
    """Frames of a clip, resized to (size, size).

    Of a Motion-JPEG file, whose frames do not depend on each other, only the chosen ones are decoded.

    Args:
        path: the clip's file.
        size: height and width in pixels.
        fps: take the frame nearest in time at each tick of this rate; None = the frames as recorded.
        choose: function from the number of frames at that rate to the positions (T,) wanted.

    Returns:
        (T, size, size, 3) uint8 BGR.

    Raises:
        InputError: no frame can be decoded.
    """
    images = _decode_chosen(path, size, fps, choose)
    return _decode_all(path, size, fps, choose) if images is None else images


def nearest(times, fps):
    """Position of the frame nearest to each tick of `fps` within the time that frames at `times` (N,) seconds are shown.

    The last frame is shown as long as the others on average. `fps` None gives every frame once.
    """
    if fps is None or len(times) < 2:
        return np.arange(len(times))
    times = np.asarray(times) - times[0]
    duration = times[-1] * len(times) / (len(times) - 1)
    ticks = np.arange(max(1, np.ceil(duration * fps - 1e-6))) / fps  # a whole number of ticks must not become one more by rounding
    later = np.searchsorted(times, ticks).clip(1, len(times) - 1)
    return later - (ticks - times[later - 1] < times[later] - ticks - 1e-6)  # the later one where both are equally near


def _decode_all(path, size, fps, choose):
    images, times = [], []
    with open_video(path) as reader:
        for frame in reader:
            images.append(fit(frame.image, size))
            times.append(frame.time_s)
    ticks = nearest(times, fps)
    return np.stack([images[i] for i in ticks[choose(len(ticks))]])


def _decode_chosen(path, size, fps, choose):
    """Like `_decode_all`, but None for a file that is not Motion-JPEG or has anything out of the ordinary."""
    try:
        with av.open(f"file:{path}") as container:
            stream = container.streams.video[0]
            if container.format.name != "avi" or stream.codec_context is None or stream.codec_context.name != "mjpeg":
                return None
            stream.thread_type = "NONE"  # a pool of threads for each of many short clips costs more than it gives
            packets = [packet for packet in container.demux(stream) if packet.size]
            ticks = nearest([float(packet.pts * packet.time_base) for packet in packets], fps)
            wanted = ticks[choose(len(ticks))]
            images = {i: _decode_one(packets[i], size) for i in sorted(set(wanted.tolist()))}
            return np.stack([images[i] for i in wanted.tolist()])
    except (av.error.FFmpegError, IndexError, TypeError, ValueError):
        return None


def _decode_one(packet, size):
    (picture,) = packet.decode()  # ValueError unless there is exactly one
    return fit(picture.to_ndarray(format="bgr24"), size)
