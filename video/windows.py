"""The last moments of every person, ready for a network: what `predict` and `evaluate` feed the recogniser with."""

from collections import deque

import cv2
import numpy as np

from video.clips import clip_indices, spread_indices
from video.crops import square_crop
from video.flow import NO_MOTION, flow
from video.inputs import INPUTS, fit

MIN_FRAMES = 16  # a person seen for this long gets an answer; a shorter window is filled forth and back
MAX_GAP = 1.0  # seconds out of sight after which the window of a person who had an answer starts anew


class Windows:
    """A sliding window over each person's crops, cut around the person in every frame.

    Parameters follow a run's meta.json: the network sees `frames` pictures of `size` pixels spread over `window`
    consecutive ones, at `fps` frames per second (None: the video's own), as "rgb", "flow" or both (`mode` RGB, Flow, Fuse).
    A person is due once seen for `min_frames` frames and then on every `stride`-th frame of the video, so that persons fall
    due together and can share a call. With `stack` the frames are stacks of so many, spread over as much of the window as there is.
    """

    def __init__(self, frames, window, size, mode="RGB", fps=None, context=1.2, flow="dis", stride=16, min_frames=MIN_FRAMES, stack=None):
        self._stack = stack
        self.frames, self.window, self.size = frames, window, size
        self.fps, self.context, self.stride, self.min_frames = fps, context, stride, min_frames
        self._wants_rgb, self._flow_method = "rgb" in INPUTS[mode], flow if "flow" in INPUTS[mode] else None
        self._people = {}

    def look(self, frame):
        """Take in a `video.io.Frame`, before the persons in it are added; these windows need nothing of it."""

    def add(self, track_id, frame, tlbr=None):
        """Add what a `video.io.Frame` shows of a person (the whole picture where `tlbr` is None)."""
        person = self._people.get(track_id)
        if person is None or (person.answered and frame.time_s - person.last_seen > MAX_GAP):
            person = self._people[track_id] = self._newcomer(frame.time_s)
        elif frame.time_s - person.last_seen > MAX_GAP:
            person = self._people[track_id] = person.come_back(frame.time_s)
        person.last_seen = frame.time_s
        person.seen += 1
        self._keep(person, frame, tlbr)

    def _newcomer(self, time_s):
        return _Moments(self.window, time_s)

    def _keep(self, person, frame, tlbr):
        copies = ticks(person, frame.time_s, self.fps)
        if not copies:
            return
        crop = fit(frame.image, self.size) if tlbr is None else square_crop(frame.image, tlbr, self.size, self.context)
        person.times.extend([frame.time_s] * copies)
        for _ in range(copies):
            self._append(person, crop)

    def _append(self, person, crop):
        if self._wants_rgb:
            person.crops.append(crop)
        if self._flow_method:
            gray = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
            person.flows.append(None if person.gray is None else flow(person.gray, gray, self._flow_method))
            person.gray = gray

    def due(self, frame):
        """Track ids to classify now, among those whose crop of this very frame was added."""
        return [track_id for track_id, person in self._people.items() if person.last_seen == frame.time_s and self._is_due(person, frame)]

    def _is_due(self, person, frame):
        if person.seen < self.min_frames or (person.answered and (frame.number - 1) % self.stride):
            return False
        person.answered = True
        return True

    def at_end(self):
        """Track ids that a video's last look at everybody takes in: seen for long enough, and in the last second."""
        now = max((person.last_seen for person in self._people.values()), default=0.0)
        return [track_id for track_id, p in self._people.items() if p.seen >= self.min_frames and now - p.last_seen <= MAX_GAP]

    def is_full(self, track_id):
        """Whether a person's window is as long as the network was made for, so that nothing in it is played twice."""
        return self._length(self._people[track_id]) == self.window

    def _length(self, person):
        return len(person.times)

    def middle(self, track_id):
        """The moment a person's window is about: half-way between its first and its last picture, in seconds."""
        times = self._times(self._people[track_id])
        return (times[0] + times[-1]) / 2

    def _times(self, person):
        return person.times

    def inputs(self, track_ids):
        """One batch: {"rgb": (B, T, size, size, 3) uint8 RGB, "flow": (B, T, size, size, 2) uint8}, as the mode wants them."""
        each = [self._inputs(self._people[track_id]) for track_id in track_ids]
        return {name: np.stack([one[name] for one in each]) for name in each[0]}

    def _indices(self, n):
        if self._stack:
            return spread_indices(n, self._stack, self._stack, self.frames // self._stack)
        return clip_indices(n, self.frames, self.window)

    def _inputs(self, person):
        indices = self._indices(self._length(person))
        inputs = {}
        if self._wants_rgb:
            inputs["rgb"] = np.stack([person.crops[i][..., ::-1] for i in indices])
        if self._flow_method:
            fields = self._fields(person)
            inputs["flow"] = np.stack([fields[i] for i in indices])
        return inputs

    def _fields(self, person):
        """A picture without a predecessor, the first of all or after a gap, has the field that follows, like `video.flow.flow_clip`."""
        fields = list(person.flows)
        following = _no_motion(self.size)
        for i in reversed(range(len(fields))):
            fields[i] = following = following if fields[i] is None else fields[i]
        return fields

    def forget(self, keep):
        """Drop the windows of every person whose track id is not in `keep`."""
        for track_id in self._people.keys() - set(keep):
            del self._people[track_id]


class _Moments:
    """One person's crops (and flow fields) of the last `window` frames."""

    def __init__(self, window, time_s):
        self.crops, self.flows, self.gray = deque(maxlen=window), deque(maxlen=window), None
        self.times = deque(maxlen=window)
        self.last_seen, self.next_tick = time_s, time_s
        self.seen, self.answered = 0, False

    def come_back(self, time_s):
        """Go on as if the time out of sight had not been: no pictures stand for it, and no flow leads over it."""
        self.next_tick, self.gray = time_s, None
        return self


def ticks(stream, time_s, fps):
    """How many frames of a stream at `fps` this moment stands for: 0, 1 or, where the video is slower, several.

    `stream.next_tick`, the time of its next frame, moves on by as many.
    """
    if fps is None:
        return 1
    copies = 0
    while stream.next_tick <= time_s + 0.5 / fps:
        stream.next_tick += 1 / fps
        copies += 1
    return copies


def _no_motion(size):
    return np.full((size, size, 2), NO_MOTION, np.uint8)
