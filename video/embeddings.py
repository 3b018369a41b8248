"""What a network that does not learn says of a video's frames: computed once, kept, and sampled like the frames themselves."""

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
        key = hashlib.sha256(f"{self.digest} {self.sampler.size} {self.sampler.fps}".encode()).hexdigest()
        folder = Path(self.folder or keep_beside(path.resolve().parent) / CACHE_FOLDER)
        return folder / f"{path.stem}-{sha256(path)[:16]}-{key[:16]}.embedding"

    def prepare(self, examples, compile):
        """Compute what is not there yet, with a progress bar.

        `compile`, a function without arguments, gives the front: {"rgb": (B, T, size, size, 3) uint8} -> (B, T, width).
        """
        files = {self.file(path): path for path in sorted({example.path for example in examples})}
        missing = [(file, path) for file, path in files.items() if not file.exists()]
        if not missing:
            return
        front = compile()
        decoded = prefetch(((file, self.sampler.frames_of(path)) for file, path in missing), size=2)
        for file, frames in tqdm(decoded, "embeddings", len(missing), unit="video"):
            with writing(file) as partial:
                self._embed(front, frames).tofile(partial)

    def _embed(self, front, frames):
        """(N, size, size, 3) uint8 BGR -> (N, width) float32, through a front that takes clips; the last one is filled up."""
        length = self.sampler.frames
        rows = []
        for start in range(0, len(frames), length):
            clip = frames[start : start + length][..., ::-1]
            clip = np.concatenate([clip, np.repeat(clip[-1:], length - len(clip), axis=0)])
            rows.append(front({"rgb": clip[None]})[0])
        return np.concatenate(rows)[: len(frames)].astype(np.float32)
