"""Samples of poses from clips: the joints are found once and kept, for an estimator takes longer than all the rest."""

import threading
import zipfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

from common.files import keep_beside, sha256, writing
from video.clips import clip_indices, spread_indices
from video.io import open_video
from video.pose import pose_in_whole
from video.pose_changes import change
from video.samples import Sampler, nearest

CACHE_FOLDER = ".pose"
KIND = "2"  # of what is kept; another one where joints are looked for in another way


def sampler_of(run, estimator=None, augment=(), cache=None, archive=None):
    """The sampler for clips of a run (anything with the facts of meta.json as attributes, and `stack` where there is one); of a pose
    run it needs the estimator.

    `cache` and `archive` are those of `video.samples.Sampler`.
    """
    mode = run.mode.removesuffix("+Pose")
    stack = getattr(run, "stack", None)
    pictures = Sampler(run.frames, run.window, run.size, mode, run.flow, run.fps, augment, cache, archive, stack)
    if estimator is None:
        return pictures
    poses = PoseSampler(run.frames, run.window, estimator, run.fps, augment)
    return poses if mode == "Pose" else PictureAndPoseSampler(pictures, poses)


class PictureAndPoseSampler:
    """What a `Sampler` and a `PoseSampler` of the same frames give of a clip, together. Each makes random changes of its own."""

    def __init__(self, pictures, poses):
        self._pictures, self._poses = pictures, poses
        self.flow_of, self.flow, self.prepare = pictures.flow_of, pictures.flow, poses.prepare

    @property
    def nbytes(self):
        """Bytes of one sample."""
        return self._pictures.nbytes + self._poses.nbytes

    def __call__(self, path, rng=None):
        """A sample of the clip at `path`, as both return it. InputError if it cannot be read."""
        return self._pictures(path, rng) | self._poses(path, rng)

    def spread(self, path, count):
        """A batch of `count` samples, evenly over the clip, as both return it."""
        return self._pictures.spread(path, count) | self._poses.spread(path, count)


class PoseSampler:
    """One sample from a clip of one person: where the joints are, in the clip's pixels.

    `frames`, `window` and `fps` are those of meta.json, `estimator` a `video.pose.PoseEstimator` that looks at the whole picture.
    Of the changes in `augment`, "time" takes another window, "flip" mirrors, and any at all turns, stretches and loses joints.
    The joints are kept in the folder ``.pose`` beside the clip (see `common.files.keep_beside`), and in memory. Threads may share it.
    """

    def __init__(self, frames, window, estimator, fps=None, augment=()):
        self.frames, self.window, self.fps, self.augment = frames, window, fps, augment
        self._estimator, self._known, self._lock = estimator, {}, threading.Lock()

    @property
    def nbytes(self):
        """Bytes of one sample."""
        return self.frames * len(self._estimator.layout.names) * 3 * 4

    def __call__(self, path, rng=None):
        """{"pose": (frames, K, 3) float32} of the clip at `path`; changed at random with `rng`. InputError if it cannot be read."""
        poses = self._at_rate(path)
        sample = poses[clip_indices(len(poses), self.frames, self.window, rng if "time" in self.augment else None)]
        if rng and self.augment:
            sample = change(sample, self._estimator.layout, rng, mirror="flip" in self.augment)
        return {"pose": sample}

    def spread(self, path, count):
        """A batch of `count` unchanged samples, evenly over the clip: {"pose": (count, frames, K, 3) float32}."""
        poses = self._at_rate(path)
        chosen = poses[spread_indices(len(poses), self.frames, self.window, count)]
        return {"pose": chosen.reshape(count, self.frames, *poses.shape[1:])}

    def _at_rate(self, path):
        poses, times = self._poses(Path(path))
        return poses[nearest(times, self.fps)]

    def prepare(self, paths):
        """Find the joints of all clips, with a progress bar."""
        for path in tqdm(sorted(set(paths)), "poses", unit="clip"):
            self._poses(Path(path))

    def _poses(self, path):
        """((N, K, 3) float32, (N,) seconds) of all frames."""
        with self._lock:  # also around np.load: Python's parser, which reads its header, is not for several threads (3.11)
            if path not in self._known:
                self._known[path] = self._kept(path)
            return self._known[path]

    def _kept(self, path):
        digest = sha256(path)
        file = keep_beside(path.resolve().parent) / CACHE_FOLDER / f"{path.name}.{self._estimator.digest[:12]}.{KIND}.npz"
        found = _read(file, digest)
        if found is None:
            with open_video(path) as reader:
                frames = [(pose_in_whole(self._estimator, frame.image), frame.time_s) for frame in reader]
            found = np.stack([pose for pose, _ in frames]), np.array([time_s for _, time_s in frames])
            with writing(file) as partial:
                np.savez_compressed(partial, poses=found[0], times=found[1], sha256=digest)
        return found


def _read(file, digest):
    """What is kept in `file`, or None where it is absent, broken or was made from another content."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            return (stored["poses"], stored["times"]) if str(stored["sha256"]) == digest else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
