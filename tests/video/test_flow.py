"""Optical flow: its encoding, known motions, and the cache."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from video.flow import METHODS, cached_flow, encode, flow, flow_clip


def texture(size, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (size, size), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2.5)


def moved(image, x, y):
    height, width = image.shape[:2]
    return cv2.warpAffine(image, np.float32([[1, 0, x], [0, 1, y]]), (width, height), borderMode=cv2.BORDER_REPLICATE)


def colour_clip(frames=4, size=32):
    return np.stack([cv2.cvtColor(moved(texture(size), 2 * t, 0), cv2.COLOR_GRAY2BGR) for t in range(frames)])


def test_encoding_is_127_steps_for_20_pixels_cut_off_at_the_ends():
    assert encode(np.array([0.0, 20, -20, 10, 0.079, 21, -21, np.nan])).tolist() == [128, 255, 1, 192, 129, 255, 0, 128]
    assert encode(np.zeros((2, 3, 2))).dtype == np.uint8


@pytest.mark.parametrize("method", METHODS)
def test_known_shift_is_found(method):
    image = texture(64)
    field = flow(image, moved(image, 3, -2), method)
    assert field.shape == (64, 64, 2)
    found = (np.median(field[8:-8, 8:-8], axis=(0, 1)) - 128) * 20 / 127
    np.testing.assert_allclose(found, [3, -2], atol=0.3)


def test_a_clip_has_a_field_for_each_frame_and_the_first_repeats_the_second():
    fields = flow_clip(colour_clip())
    assert fields.shape == (4, 32, 32, 2)
    np.testing.assert_array_equal(fields[0], fields[1])
    assert np.median(fields[2, 4:-4, 4:-4, 0]) == pytest.approx(128 + 2 * 127 / 20, abs=3)


def test_a_single_frame_does_not_move():
    assert (flow_clip(colour_clip(1)) == 128).all()


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match="dis, tvl1"):
        flow(texture(16), texture(16), "farneback")


def test_what_was_computed_before_does_not_matter():
    pair = texture(48), moved(texture(48), 5, 1)
    first = flow(*pair)
    flow(texture(32), moved(texture(32), 3, -2))
    np.testing.assert_array_equal(flow(*pair), first)


def test_threads_get_what_one_thread_gets():
    pairs = [(texture(48, seed), moved(texture(48, seed), seed, 1)) for seed in range(6)]
    alone = [flow(a, b) for a, b in pairs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pair: flow(*pair), pairs))
    np.testing.assert_array_equal(alone, together)


class Frames:
    """Gives frames and counts how often it was asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return colour_clip()


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "a clip.avi"
    path.write_bytes(b"first content")
    return path


def test_cache_is_used_until_the_clip_changes(clip):
    frames = Frames()
    first = cached_flow(clip, frames, "dis", 32)
    np.testing.assert_array_equal(first, cached_flow(clip, frames, "dis", 32))
    assert frames.calls == 1
    clip.write_bytes(b"second content")
    cached_flow(clip, frames, "dis", 32)
    assert frames.calls == 2
    assert [file.name for file in clip.parent.glob(".flow/*")] == ["a clip.avi.dis-32.flow"]


def test_each_method_size_and_rate_has_its_own_file(clip):
    for facts in (("dis", 32), ("tvl1", 32), ("dis", 16), ("dis", 32, 12.5)):
        cached_flow(clip, Frames(), *facts)
    names = sorted(file.name.removeprefix("a clip.avi.") for file in clip.parent.glob(".flow/*"))
    assert names == ["dis-16.flow", "dis-32-12.5fps.flow", "dis-32.flow", "tvl1-32.flow"]


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"x" * 40])
def test_broken_cache_file_is_made_anew(clip, damage):
    good = cached_flow(clip, Frames(), "dis", 32)
    (file,) = clip.parent.glob(".flow/*")
    file.write_bytes(damage(file.read_bytes()))
    frames = Frames()
    np.testing.assert_array_equal(cached_flow(clip, frames, "dis", 32), good)
    assert frames.calls == 1


def test_folder_that_is_not_to_be_written_stays_as_it_is(clip, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    locked = tmp_path / "locked"
    locked.mkdir()
    path = clip.rename(locked / clip.name)
    locked.chmod(0o555)
    try:
        frames = Frames()
        cached_flow(path, frames, "dis", 32)
        cached_flow(path, frames, "dis", 32)
    finally:
        locked.chmod(0o755)
    assert frames.calls == 1
    assert [file.name for file in locked.iterdir()] == [path.name]
    assert len(list((tmp_path / "cache").rglob(f"{path.name}*.flow"))) == 1
