"""The joints of everybody in a video, and the file that keeps them."""

import zipfile
from contextlib import closing
from typing import NamedTuple

import numpy as np

from common.errors import InputError
from common.files import writing
from common.threads import prefetch
from video.io import open_video
from video.pose import pose_in_whole, poses_in

POSES = "poses.npz"
WHOLE_PICTURE = 0  # the track id of whoever is in the picture, in the `frame` region


class VideoPoses(NamedTuple):
    """`poses` (T, N, K, 3) float32: x, y in pixels, confidence, all 0 where a person is not in a frame; `track_id` (N,) int;
    `time_s` (T,) float."""

    poses: np.ndarray
    track_id: np.ndarray
    time_s: np.ndarray


def video_poses(path, estimator, persons_of):
    """The `VideoPoses` of all confirmed persons in the video at `path`.

    `estimator` is a `video.pose.PoseEstimator`, `persons_of` what `common.person_flags.person_source` gives; where it names no
    persons, the whole picture is one. Raises InputError if the video cannot be read.
    """
    frames, confirmed = [], set()
    with open_video(path) as reader, closing(prefetch(reader)) as source:
        for frame, persons in persons_of(source):
            frames.append((frame.time_s, poses_of(estimator, frame.image, persons)))
            confirmed.update([WHOLE_PICTURE] if persons is None else (person.track_id for person in persons if person.confirmed))
    tracks = sorted(confirmed)
    together = np.zeros((len(frames), len(tracks), len(estimator.layout.names), 3), np.float32)
    for t, (_, poses) in enumerate(frames):
        for track_id in poses.keys() & confirmed:
            together[t, tracks.index(track_id)] = poses[track_id]
    return VideoPoses(together, np.array(tracks, int), np.array([time_s for time_s, _ in frames]))


def poses_of(estimator, image, persons):
    """{track id: (K, 3) joints} of the persons detected in a picture, or of the one in the whole picture."""
    if persons is None:
        return {WHOLE_PICTURE: pose_in_whole(estimator, image)}
    found = {person.track_id: person.tlbr for person in persons if person.missed == 0}
    return dict(zip(found, poses_in(estimator, image, list(found.values())), strict=True))


def write_poses(path, found, layout):
    """Write `VideoPoses` with the names of the joints of their `common.pose_layouts.Layout`, complete or not at all."""
    with writing(path) as partial:
        np.savez_compressed(partial, **found._asdict(), joint=np.array(layout.names))


def read_poses(path):
    """The `VideoPoses` in a file. Raises InputError for one that `write_poses` did not write."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return VideoPoses(*(stored[name] for name in VideoPoses._fields))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} holds no poses that can be read; remove it and run extract_pose.py again") from error
