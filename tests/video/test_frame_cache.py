import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_recogniser import moving_square, write_clip

from common.errors import InputError
from video import frame_cache
from video.samples import Sampler, read_frames


@pytest.fixture
def clip(tmp_path):
    return write_clip(tmp_path / "clips" / "a.avi", moving_square(1, frames=20))


def test_cached_samples_are_the_decoded_ones(clip, tmp_path):
    facts = {"frames": 4, "window": 8, "size": 16, "fps": 12.5}
    for mode in ("RGB", "Flow", "Fuse"):
        plain, cached = Sampler(**facts, mode=mode), Sampler(**facts, mode=mode, cache=tmp_path / "cache")
        for _ in range(2):
            expected, found = plain(clip), cached(clip)
            assert all((expected[name] == found[name]).all() for name in expected)
    assert sorted(path.suffix for path in (tmp_path / "cache").iterdir()) == [".flow", ".frames"]


def test_a_video_is_decoded_once_and_again_when_it_has_changed(clip, tmp_path):
    calls = []

    def frames():
        calls.append(1)
        return read_frames(clip, 16)

    first = frame_cache.cached_frames(clip, frames, tmp_path / "cache", 16)
    again = frame_cache.cached_frames(clip, frames, tmp_path / "cache", 16)
    assert len(calls) == 1 and (first == again).all() and first.shape == (20, 16, 16, 3)
    write_clip(clip, moving_square(-1, frames=7))
    assert len(frame_cache.cached_frames(clip, frames, tmp_path / "cache", 16)) == 7


def test_filling_stops_before_a_full_disk(clip, tmp_path, monkeypatch):
    sampler = Sampler(4, 4, 16, cache=tmp_path / "cache")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=20 * 16 * 16 * 3 - 1))
    with pytest.raises(InputError, match="there are 0 GB free for --cache"):
        frame_cache.fill([clip], sampler, 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=20 * 16 * 16 * 3))
    frame_cache.fill([clip, clip], sampler, 2)
    (file,) = (tmp_path / "cache").iterdir()
    assert np.fromfile(file, np.uint8).size == 20 * 16 * 16 * 3
