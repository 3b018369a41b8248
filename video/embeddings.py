"""What a network that does not learn says of a video: computed once, and kept. Of frames it is sampled like the frames themselves."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from common.files import keep_beside, sha256, writing
from common.threads import prefetch
from video.clips import clip_indices
from video.samples import Sampler

CACHE_FOLDER = ".embeddings"


@dataclass(frozen=True)
class EmbeddingSampler:
    """Takes the place of a `video.samples.Sampler` whose frames would all go through the same front of a network.

    Attributes:
        sampler: the `Sampler` it stands for; in mode RGB, its changes no others than "time".
        name: the head's input.
        width: numbers of an embedding.
        digest: SHA-256 of the front.
        folder: where embeddings are kept; None: in the folder .embeddings beside the videos (see `common.files.keep_beside`).
    """

    sampler: Sampler
    name: str
    width: int
    digest: str
    folder: str | None = None

    @property
    def nbytes(self):
        """Bytes of one sample."""
        return self.sampler.frames * self.width * 4

    def __call__(self, path, rng=None):
        """{name: (frames, width) float32} of the clip that `sampler` would have taken, from the file that `prepare` wrote."""
        embeddings = np.fromfile(self.file(path), np.float32).reshape(-1, self.width)
        jitter = rng if "time" in self.sampler.augment else None
        return {self.name: embeddings[clip_indices(len(embeddings), self.sampler.frames, self.sampler.window, jitter)]}

    def file(self, path):
        """Where the embeddings of a video are kept; another place for another content, front, size or frame rate."""
        path = Path(path)
        key = hashlib.sha256(" ".join([self.digest, *map(str, self._made_from())]).encode()).hexdigest()
        folder = Path(self.folder or keep_beside(path.resolve().parent) / CACHE_FOLDER)
        return folder / f"{path.stem}-{sha256(path)[:16]}-{key[:16]}.embedding"

    def missing(self, examples):
        """Those of `examples` whose embeddings are not there yet, one for each file."""
        files = {self.file(example.path): example for example in sorted(examples, key=lambda example: example.path)}
        return [example for file, example in files.items() if not file.exists()]

    def prepare(self, examples, compile):
        """Compute what is not there yet, with a progress bar.

        `compile`, a function without arguments, gives the front: {input name: (B, T, size, size, C) uint8} -> (B, T, width); with
        stacks (B, places, width).
        """
        missing = self.missing(examples)
        if not missing:
            return
        front = compile()
        decoded = prefetch(((self.file(example.path), self._decoded(example.path)) for example in missing), size=2)
        for file, frames in tqdm(decoded, "embeddings", len(missing), unit="video"):
            with writing(file) as partial:
                self._embed(front, frames).astype(np.float32).tofile(partial)

    def _made_from(self):
        return self.sampler.size, self.sampler.fps

    def _decoded(self, path):
        return self.sampler.frames_of(path)

    def _embed(self, front, frames):
        """(N, size, size, 3) uint8 BGR -> (N, width), through a front that takes clips; the last one is filled up."""
        length = self.sampler.frames
        rows = []
        for start in range(0, len(frames), length):
            clip = frames[start : start + length][..., ::-1]
            clip = np.concatenate([clip, np.repeat(clip[-1:], length - len(clip), axis=0)])
            rows.append(front({"rgb": clip[None]})[0])
        return np.concatenate(rows)[: len(frames)]


class PlaceEmbeddings(EmbeddingSampler):
    """Takes the place of a `Sampler` of stacks: a video has one embedding for each stack, and a sample is all of them.

    With the change "time" it is as many of them drawn at random, in order: some twice, some not, as if it went faster and slower.
    """

    @property
    def nbytes(self):
        """Bytes of one sample."""
        return self.sampler.frames // self.sampler.stack * self.width * 4

    def __call__(self, path, rng=None):
        """{name: (places, width) float32} of a video, from the file that `prepare` wrote."""
        places = np.fromfile(self.file(path), np.float32).reshape(-1, self.width)
        if rng is not None and "time" in self.sampler.augment:
            places = places[np.sort(rng.integers(0, len(places), len(places)))]
        return {self.name: places}

    def _made_from(self):
        return *super()._made_from(), "archive" if self.sampler.archive else self.sampler.flow

    def _decoded(self, path):
        return self.sampler(path)

    def _embed(self, front, sample):
        return front({name: clip[None] for name, clip in sample.items()})[0]
