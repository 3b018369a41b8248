"""Flow from pictures: the right fields, in the network's pixels and at its rate, and what is missing is named."""

import cv2
import numpy as np
import pytest
from tiny_recogniser import moving_square, write_clip

from common.datasets import check_flow
from common.errors import InputError
from video import flow_archive
from video.clips import clip_indices
from video.faults import find_faults
from video.flow_archive import ArchivedFlow
from video.lists import Example
from video.samples import Sampler

STEP = 4  # of the encoding, from one picture to the next


def write_archive(folder, name, pictures, width=40, height=20):
    """Field i of `pictures` moves right by i·STEP and up by i·STEP steps of the encoding."""
    for direction, sign in (("u", 1), ("v", -1)):
        (folder / direction / name).mkdir(parents=True)
        for i in range(1, pictures + 1):
            picture = np.full((height, width), 128 + sign * STEP * i, np.uint8)
            cv2.imwrite(str(folder / direction / name / f"frame{i:06d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 100])
    return folder


def motion(fields):
    """(T, 2), in steps of the encoding: that of every field, which is the same all over."""
    assert np.ptp(fields, axis=(1, 2)).max() <= 1
    return fields.mean(axis=(1, 2)) - 128


def test_motion_is_in_pixels_of_the_size_asked_for(tmp_path):
    """40 × 20 pixels become 20 × 20: half the motion to the right, all of it upwards; the first field stands for the first two frames."""
    fields = ArchivedFlow(write_archive(tmp_path, "v", 5), "v", 20)
    assert len(fields) == 6
    shown = fields[np.array([0, 1, 5, 3])]
    assert shown.shape == (4, 20, 20, 2) and shown.dtype == np.uint8
    np.testing.assert_allclose(motion(shown), [(STEP * i / 2, -STEP * i) for i in (1, 1, 5, 3)], atol=1)


def test_at_half_the_rate_motion_is_twice_as_large(tmp_path):
    fields = ArchivedFlow(write_archive(tmp_path, "v", 7, 20), "v", 20, recorded=25, fps=12.5)
    assert len(fields) == 4
    np.testing.assert_allclose(motion(fields[np.arange(4)]), [(2 * STEP * i, -2 * STEP * i) for i in (1, 2, 4, 6)], atol=1)


def test_a_sample_reads_its_own_pictures_only(tmp_path, monkeypatch):
    path = write_clip(tmp_path / "v.avi", moving_square(1, frames=24))
    archive, read = write_archive(tmp_path / "archive", "v", 23, 20), []
    picture = flow_archive._picture
    monkeypatch.setattr(flow_archive, "_picture", lambda path: read.append(path.name) or picture(path))
    sample = Sampler(4, 8, 20, "Flow", archive=archive)(path)
    indices = clip_indices(24, 4, 8)
    np.testing.assert_allclose(motion(sample["flow"])[:, 0], STEP * indices, atol=1)
    assert set(read) == {f"frame{i:06d}.jpg" for i in indices} and len(read) == 2 * 4


def test_both_inputs_show_the_same_frames(tmp_path):
    """Also where the archive has a field more than the video has frames."""
    path = write_clip(tmp_path / "v.avi", moving_square(1, frames=6))
    facts = {"frames": 8, "window": 8, "size": 20, "archive": write_archive(tmp_path / "archive", "v", 6, 20)}
    sample = Sampler(mode="Fuse", **facts)(path)
    np.testing.assert_allclose(motion(sample["flow"])[:, 0], STEP * np.array([1, 1, 2, 3, 4, 5, 6, 5]), atol=1)
    np.testing.assert_array_equal(sample["rgb"][5], sample["rgb"][6])  # frame 5, the last, and what stands for one more


def test_videos_without_flow_are_named(tmp_path):
    examples = [Example(write_clip(tmp_path / f"{name}.avi", moving_square(1, frames=20)), 0, "list") for name in ("good", "half", "none")]
    archive = write_archive(tmp_path / "archive", "good", 19)
    write_archive(archive, "half", 10)
    kinds = [(fault.example.path.stem, fault.kind) for fault in find_faults(examples, 4, archive=archive)]
    assert kinds == [("half", "no flow"), ("none", "no flow")]
    assert find_faults(examples, 4) == []
    with pytest.raises(InputError, match=r"half.avi \(and 1 more\): .* has 10 pictures in u and 10 in v for 20 frames; extract_flow.py"):
        check_flow(archive, examples, [20, 20, None])
    assert check_flow(archive, examples[:1], [20]) is None
