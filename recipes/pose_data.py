"""Public sets of pose sequences: who does what, and which of them are for testing."""

import re
from typing import NamedTuple

import numpy as np

from common.errors import InputError

UTD_MHAD_TRAIN = (1, 3, 5, 7)  # subjects; 2, 4 (and 6, 8 of the whole set) are for testing, as its authors have it


class Sequences(NamedTuple):
    """`poses`, a list of (T, K, D + 1) float32 with all confidences 1; their `labels` (N,) int; who the `group` (N,) int of each is."""

    poses: list
    labels: np.ndarray
    groups: np.ndarray

    def chosen(self, mask):
        """Those of a mask (N,) bool."""
        return Sequences([poses for poses, keep in zip(self.poses, mask, strict=True) if keep], self.labels[mask], self.groups[mask])


class PoseSet(NamedTuple):
    """A set: `layout` of the joints (a key of LAYOUTS), their `dimensions`, class names, `Sequences` to train on and to test with,
    and whether the mirror image of an action is the same action."""

    layout: str
    dimensions: int
    classes: list
    train: Sequences
    test: Sequences
    mirror: bool


def jhmdb(data):
    """JHMDB split 1: 433 and 176 clips of 14 actions, 2-D joints. Its groups are the row numbers: recordings are not known.

    Args: `data`, the `Path` of the folder that holds pose/jhmdb_2d_split1.npz. Raises InputError where it is missing.
    """
    path = data / "pose/jhmdb_2d_split1.npz"
    if not path.is_file():
        raise InputError(f"there is no {path}; give the folder of test data with --data")
    with np.load(path, allow_pickle=False) as stored:
        classes = sorted(set(stored["train_label"].tolist()))
        sides = [_split(stored, side, classes) for side in ("train", "test")]
    return PoseSet("jhmdb15", 2, classes, *sides, mirror=True)


def _split(stored, side, classes):
    poses = np.split(_with_confidence(stored[f"{side}_pose"]), np.cumsum(stored[f"{side}_length"])[:-1])
    labels = np.array([classes.index(name) for name in stored[f"{side}_label"].tolist()])
    return Sequences(poses, labels, np.arange(len(labels)))


def utd_mhad(data):
    """UTD-MHAD: 27 actions by the subjects 1 to 5 and 7, 3-D joints; groups are the subjects.

    y is turned to point down, as in pictures; which hand it is and which way it goes is part of an action's name.
    Args: `data`, the `Path` of the folder that holds utd_mhad/*_skeleton.mat. Raises InputError where there is none.
    """
    import scipy.io

    files = sorted((data / "utd_mhad").glob("a*_s*_t*_skeleton.mat"))
    if not files:
        raise InputError(f"there is no {data / 'utd_mhad'}/*_skeleton.mat; give the folder of test data with --data")
    numbers = np.array([[int(n) for n in re.findall("[0-9]+", file.name)[:3]] for file in files])  # (N, 3) action, subject, take
    poses = [_with_confidence(scipy.io.loadmat(file)["d_skel"].transpose(2, 0, 1) * (1, -1, 1)) for file in files]
    everything = Sequences(poses, numbers[:, 0] - 1, numbers[:, 1])
    training = np.isin(everything.groups, UTD_MHAD_TRAIN)
    classes = [f"a{number}" for number in sorted(set(numbers[:, 0].tolist()))]
    return PoseSet("kinect20", 3, classes, everything.chosen(training), everything.chosen(~training), mirror=False)


def _with_confidence(places):
    return np.concatenate([places, np.ones_like(places[..., :1])], axis=-1).astype(np.float32)
