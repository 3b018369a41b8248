"""Pictures of one person each with the joints in them: what a pose network learns from."""

import zipfile
from typing import NamedTuple

import cv2
import numpy as np

from common.batches import Batches
from common.errors import InputError
from common.pose_layouts import LAYOUTS

KNOWN = 0.2  # confidence from which a joint is learned; MoveNet gives about 0.1 to joints that it does not see
TURN = 15.0  # degrees, standard deviation; with SCALE what Bulat & Tzimiropoulos (arXiv 1609.01743) and others train with, about
SCALE = 0.25  # pictures are enlarged or reduced by up to this share
SHIFT = 0.05  # share of the side, standard deviation
LIGHT = (0.7, 1.3)  # factors of all colours
NEAR = 0.1  # share of the side within which a joint counts as found


class Pictures(NamedTuple):
    """`pictures` (N, S, S, 3) uint8 RGB; `joints` (N, K, 3) float32 x, y in their pixels and confidence, 0 for one that is not known;
    `recording` (N,) int, the same for pictures of one video or person; `layout` of the joints, a key of `common.pose_layouts.LAYOUTS`."""

    pictures: np.ndarray
    joints: np.ndarray
    recording: np.ndarray
    layout: str


def read_pictures(path):
    """The `Pictures` in an .npz file that has them by these names. Raises InputError for any other file."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            found = Pictures(stored["pictures"], stored["joints"].astype(np.float32), stored["recording"], str(stored["layout"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not an .npz file with {', '.join(Pictures._fields)} ({error})") from error
    count, side, *rest = found.pictures.shape
    if found.layout not in LAYOUTS or found.pictures.dtype != np.uint8 or rest != [side, 3]:
        raise InputError(f"{path}: pictures must be (N, S, S, 3) uint8, and layout one of {', '.join(LAYOUTS)}")
    if found.joints.shape != (count, len(LAYOUTS[found.layout].names), 3) or found.recording.shape != (count,):
        raise InputError(f"{path}: joints {found.joints.shape} and recording {found.recording.shape} do not go with {count} pictures")
    return found


def chosen(source, which):
    """Those of `Pictures` that a mask or list of positions names."""
    return source._replace(pictures=source.pictures[which], joints=source.joints[which], recording=source.recording[which])


def resized(source, size):
    """`Pictures` with sides of `size` pixels."""
    side = source.pictures.shape[1]
    if side == size:
        return source
    pictures = np.stack([cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA) for picture in source.pictures])
    return source._replace(pictures=pictures, joints=source.joints * np.float32([size / side, size / side, 1]))


def change(picture, joints, layout, rng):
    """A picture (S, S, 3) with its joints (K, 3) as another camera might have given them, as new arrays.

    Every second one is mirrored, left and right joints changing places; all are turned, scaled, moved, and lightened or darkened. Beyond
    its border a picture is continued by its edge.
    """
    side = len(picture)
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), rng.normal(0, TURN), 1 + rng.uniform(-SCALE, SCALE))
    matrix[:, 2] += rng.normal(0, SHIFT * side, 2)
    if rng.random() < 0.5:
        joints, matrix = joints[layout.mirrored], np.float64([[-1, 0, side], [0, 1, 0]]) @ np.vstack([matrix, (0, 0, 1)])
    places = np.column_stack([joints[:, :2], np.ones(len(joints))]) @ matrix.T
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5  # OpenCV counts from the middle of the first pixel
    picture = cv2.warpAffine(picture, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    lightened = np.clip(picture * np.float32(rng.uniform(*LIGHT)), 0, 255).astype(np.uint8)
    return lightened, np.column_stack([places, joints[:, 2]]).astype(np.float32)


def targets(joints, side):
    """Joints (…, K, 3) in the pixels of pictures as `models.human_pose.part_detector_loss` wants them: shares, and known or not."""
    return np.concatenate([joints[..., :2] / np.float32(side), (joints[..., 2:] >= KNOWN).astype(np.float32)], axis=-1)


def found(said, wanted):
    """Share of the known joints inside the picture that were found, within `NEAR` of the side.

    `said` (N, K, 3) shares and confidence, `wanted` (N, K, 3) of `targets`.
    """
    inside = (wanted[..., 2] > 0) & ((wanted[..., :2] >= 0) & (wanted[..., :2] < 1)).all(-1)
    return float((np.linalg.norm(said[..., :2] - wanted[..., :2], axis=-1) < NEAR)[inside].mean())


class PoseBatches(Batches):
    """Batches ({"pictures": (B, S, S, 3) uint8}, (B, K, 3) `targets`) of `Pictures` in random order, changed.

    An incomplete one is left out.

    The same seed gives the same batches, whatever the number of workers.
    """

    def __init__(self, source, batchsize, seed=0, **options):
        super().__init__(**options)
        self._source, self._batchsize, self._seed, self._epoch = source, min(batchsize, len(source.pictures)), seed, 0
        self.on_epoch_end()

    def __len__(self):
        return len(self._source.pictures) // self._batchsize

    def batch(self, i):
        rng = np.random.default_rng((self._seed, self._epoch, i))
        layout, rows = LAYOUTS[self._source.layout], self._order[i * self._batchsize : (i + 1) * self._batchsize]
        pairs = [change(self._source.pictures[row], self._source.joints[row], layout, rng) for row in rows]
        pictures, joints = (np.stack(part) for part in zip(*pairs, strict=True))
        return {"pictures": pictures}, targets(joints, pictures.shape[1])

    def on_epoch_end(self):
        """Another order for the next epoch."""
        self._epoch += 1
        self._order = np.random.default_rng((self._seed, self._epoch)).permutation(len(self._source.pictures))
