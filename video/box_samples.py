"""Samples of whole pictures for a network that is asked about one person in them."""

from dataclasses import dataclass

import numpy as np

from video.clips import spread_indices
from video.people import People
from video.samples import Sampler


@dataclass(frozen=True)
class BoxSampler(Sampler):
    """A `Sampler` that looks at the whole video while the person of a clip is in it, and says where they are in the window's middle.

    `people` knows the person and the video of a clip. A sample has "box" (4,) float32 beside the pictures: left, top, right, bottom in
    the frame `frames` // 2, as shares of the picture.
    """

    people: People | None = None

    def video_of(self, path):
        """The video that the frames of the clip at `path` come from. InputError where its person is not known."""
        return self.people.of(path).video

    def spread(self, path, count):
        """As of a `Sampler`, each window with its own box."""
        windows = [lambda n, i=i: spread_indices(n, self.frames, self.window, count).reshape(count, -1)[i] for i in range(count)]
        samples = [self._inputs(path, choose) for choose in windows]
        return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}

    def _inputs(self, path, choose):
        person, taken = self.people.of(path), []

        def while_seen(n):
            first, last = (min(position, n - 1) for position in person.span(self.fps))
            taken[:] = first + choose(last - first + 1)
            return taken

        inputs = super()._inputs(person.video, while_seen)
        return inputs | {"box": person.box(taken[self.frames // 2], self.fps)}
