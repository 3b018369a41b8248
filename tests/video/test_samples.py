"""Samples from files: the right frames, at the right rate, whatever the codec."""

import numpy as np
import pytest
from tiny_recogniser import moving_square, write_clip

from common.errors import InputError
from video import samples
from video.clips import clip_indices, resample
from video.flow import flow_clip
from video.inputs import fit
from video.io import VideoWriter, read_clip
from video.samples import Sampler, nearest, read_frames


def numbered(frames):
    """Frames that show their number in binary, in black and white blocks that survive any codec."""
    blocks = [[[255 * (i >> (row * 4 + column) & 1) for column in range(4)] for row in range(2)] for i in range(frames)]
    return np.repeat(np.uint8(blocks).repeat(16, axis=1).repeat(8, axis=2)[..., None], 3, axis=-1)  # (frames, 32, 32, 3)


def numbers(images):
    """The frame numbers that pictures (T, H, W, 3) show."""
    rows, columns = images.shape[1] // 2, images.shape[2] // 4
    blocks = images.reshape(len(images), 2, rows, 4, columns, 3).mean(axis=(2, 4, 5)) > 128
    return (blocks.reshape(-1, 8) @ (1 << np.arange(8))).tolist()


@pytest.fixture(params=["avi", "mp4"])
def clip(request, tmp_path):
    """40 frames at 25 per second, as independent JPEG frames and as H.264."""
    path = tmp_path / f"a clip.{request.param}"
    with VideoWriter(path, 25, (32, 32), {"avi": "mjpeg", "mp4": "h264"}[request.param]) as writer:
        for image in numbered(40):
            writer.write(image)
    return path


def test_dense_takes_the_middle_and_sparse_spreads(clip):
    assert numbers(Sampler(8, 8, 32)(clip)["rgb"]) == list(range(16, 24))
    assert numbers(Sampler(4, 40, 32)(clip)["rgb"]) == [5, 15, 25, 35]


def test_short_clip_is_played_forth_and_back(clip):
    assert numbers(Sampler(64, 64, 32)(clip)["rgb"]) == [*range(40), *range(38, 14, -1)]


def test_time_jitter_moves_the_window_by_the_generator(clip):
    sampler = Sampler(8, 8, 32, augment=("time",))
    starts = [numbers(sampler(clip, np.random.default_rng(seed))["rgb"])[0] for seed in (1, 1, 2, 3, 4)]
    assert starts[0] == starts[1] and len(set(starts)) > 2
    still = Sampler(8, 8, 32, augment=("colour",))
    assert len({still(clip, np.random.default_rng(seed))["rgb"].tobytes() for seed in (1, 2)}) == 2


def test_frame_rate_comes_before_the_window(clip):
    assert numbers(read_frames(clip, 32, 12.5)) == list(range(0, 40, 2))
    assert numbers(Sampler(8, 8, 32, fps=12.5)(clip)["rgb"]) == list(range(12, 28, 2))
    assert numbers(read_frames(clip, 32, 50))[:6] == [0, 1, 1, 2, 2, 3]


def test_flow_is_that_of_neighbours_at_the_samplers_rate(tmp_path):
    path = write_clip(tmp_path / "square.avi", moving_square(1, frames=24))
    for fps in (25, 12.5):
        images = read_frames(path, 24, fps)
        chosen = clip_indices(len(images), 4, 8)
        np.testing.assert_array_equal(Sampler(4, 8, 24, "Flow", fps=fps)(path)["flow"], flow_clip(images)[chosen])


def test_both_inputs_show_the_same_frames(clip):
    sampler = Sampler(4, 16, 16, "Fuse", augment=("time",))
    both = sampler(clip, np.random.default_rng(3))
    rgb = Sampler(4, 16, 16, "RGB", augment=("time",))(clip, np.random.default_rng(3))
    np.testing.assert_array_equal(both["rgb"], rgb["rgb"])
    assert both["flow"].shape == (4, 16, 16, 2)


def test_only_chosen_jpegs_are_decoded_and_are_the_same_pictures(tmp_path, monkeypatch):
    path = write_clip(tmp_path / "square.avi", moving_square(1, frames=24))
    decoded = []
    one = samples._decode_one
    monkeypatch.setattr(samples, "_decode_one", lambda packet, size: decoded.append(1) or one(packet, size))
    chosen = read_frames(path, 24, choose=lambda n: np.array([20, 3, 3]))
    assert len(decoded) == 2
    np.testing.assert_array_equal(chosen, [fit(read_clip(path)[0][i], 24) for i in (20, 3, 3)])


def test_damaged_jpeg_costs_only_itself(tmp_path):
    path = write_clip(tmp_path / "square.avi", numbered(12))
    data = bytearray(path.read_bytes())
    starts = [i for i in range(len(data)) if data[i : i + 3] == b"\xff\xd8\xff"]
    data[starts[5] : starts[6] - 16] = bytes(starts[6] - 16 - starts[5])  # up to the chunk header of the next frame
    path.write_bytes(data)
    assert numbers(read_frames(path, 32)) == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]


def test_unreadable_clip_is_an_input_error(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"RIFF but not really")
    with pytest.raises(InputError, match=r"a\.avi"):
        Sampler(4, 4, 16)(tmp_path / "a.avi")


def test_bytes_of_a_sample():
    assert [Sampler(64, 64, 224, mode).nbytes for mode in ("RGB", "Flow", "Fuse")] == [64 * 224**2 * n for n in (3, 2, 5)]


def test_nearest_frame_in_time():
    assert nearest([0, 0.1, 0.2, 0.3], None).tolist() == [0, 1, 2, 3]
    assert nearest([5.0, 5.1, 5.2, 5.3], 5).tolist() == [0, 2]
    # variable rate: 0.5 s without a frame, shown as long as it lasted
    assert nearest([0, 0.1, 0.2, 0.7, 0.8], 10).tolist() == [0, 1, 2, 2, 2, 3, 3, 3, 4, 4]
    assert nearest([0.0], 30).tolist() == [0]


@pytest.mark.parametrize("fps", [5, 10, 12.5, 24, 25, 30, 50, 60])
def test_at_a_constant_rate_time_stamps_say_what_counting_says(fps):
    assert nearest(np.arange(64) / 25, fps).tolist() == resample(64, 25, fps).tolist()


def test_spread_samples_are_a_batch_from_the_beginning_to_the_end(clip):
    batch = Sampler(4, 8, 16, "Fuse").spread(clip, 3)
    assert {name: array.shape for name, array in batch.items()} == {"rgb": (3, 4, 16, 16, 3), "flow": (3, 4, 16, 16, 2)}
    shown = [numbers(window) for window in Sampler(4, 8, 32).spread(clip, 3)["rgb"]]
    assert shown == [[1, 3, 5, 7], [17, 19, 21, 23], [33, 35, 37, 39]]
    one, called = Sampler(4, 8, 16, "Fuse").spread(clip, 1), Sampler(4, 8, 16, "Fuse")(clip)
    for name, array in called.items():
        np.testing.assert_array_equal(one[name], array[None])
