import numpy as np
import pytest

from video.flow import flow_clip
from video.io import Frame
from video.windows import Windows


def frames(count, fps=25, size=32):
    """Frame i is filled with the value i."""
    for i in range(1, count + 1):
        yield Frame(i, (i - 1) / fps, np.full((size, size, 3), i, np.uint8))


def values(windows, track_id=1):
    return windows.inputs([track_id])["rgb"][0, :, 0, 0, 0].tolist()


def run(windows, count, fps=25, track_id=1):
    """{frame number: what the network would see} for one person in view of every frame."""
    seen = {}
    for frame in frames(count, fps):
        windows.add(track_id, frame)
        if windows.due(frame):
            seen[frame.number] = values(windows, track_id)
    return seen


def test_first_answer_after_16_frames_then_every_stride():
    seen = run(Windows(8, 8, 16, stride=10), 50)
    assert list(seen) == [16, 21, 31, 41]
    assert seen[41] == list(range(34, 42))  # the latest frames, oldest first


def test_a_short_window_is_played_forth_and_back():
    seen = run(Windows(64, 64, 16), 20)
    assert seen[16] == [*range(1, 17), *range(15, 0, -1), *range(2, 17), *range(15, 0, -1), *range(2, 5)][:64]


def test_sparse_frames_spread_over_the_window():
    seen = run(Windows(4, 16, 16, stride=16), 33)
    assert seen[33] == [20, 24, 28, 32]


def test_a_faster_video_is_brought_to_the_networks_frame_rate():
    seen = run(Windows(8, 8, 16, fps=10, stride=10), 51, fps=30)
    taken = np.diff(seen[51])
    assert set(taken) == {3}


def test_a_slower_video_repeats_frames():
    seen = run(Windows(8, 8, 16, fps=20, stride=10), 21, fps=10)
    assert seen[21] == [18, 18, 19, 19, 20, 20, 21, 21] or seen[21] == [17, 18, 18, 19, 19, 20, 20, 21]


def away(windows, first, last, count):
    """The person is out of sight from frame `first` to `last`; {frame number: what the network would see} when due."""
    seen = {}
    for frame in frames(count):
        if not first <= frame.number <= last:
            windows.add(1, frame)
            if windows.due(frame):
                seen[frame.number] = windows.inputs([1])
    return seen


def test_someone_out_of_sight_for_long_starts_anew():
    windows = Windows(32, 32, 16)
    assert list(away(windows, 21, 60, 65)) == [16, 17]
    assert set(values(windows)) == {61, 62, 63, 64, 65}
    assert list(away(windows := Windows(32, 32, 16), 21, 60, 80)) == [16, 17, 76]
    assert min(values(windows)) == 61


@pytest.mark.parametrize("fps", [None, 25])
def test_sixteen_frames_are_enough_however_long_the_gap_between(fps):
    """Seen for 8 frames, out of sight for 30, seen again; flow does not lead over the gap."""
    seen = away(Windows(16, 16, 16, mode="Fuse", fps=fps), 9, 38, 46)
    assert list(seen) == [46]
    assert seen[46]["rgb"][0, :, 0, 0, 0].tolist() == [*range(1, 9), *range(39, 47)]


def test_flow_does_not_lead_over_a_gap():
    rng = np.random.default_rng(0)
    grid = rng.integers(0, 256, (40, 200), np.uint8)
    windows = Windows(16, 16, 32, mode="Flow")
    for i in range(46):
        image = grid[:32, i : i + 32].repeat(3).reshape(32, 32, 3)
        if not 8 <= i < 38:
            windows.add(1, Frame(i + 1, i / 25, image))
    fields = windows.inputs([1])["flow"][0]
    np.testing.assert_array_equal(fields[8], fields[9])
    assert not np.array_equal(fields[9], fields[10])


def test_one_batch_for_everybody_due():
    windows = Windows(8, 8, 16)
    for frame in frames(17):
        windows.add(1, frame)
        windows.add(2, frame, (0, 0, 16, 16))
    assert windows.due(frame) == [1, 2]
    assert windows.inputs([1, 2])["rgb"].shape == (2, 8, 16, 16, 3)
    windows.forget(keep=[2])
    assert windows.due(frame) == [2]


def test_colours_are_rgb_and_crops_follow_the_box():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 32:] = (255, 0, 0)  # blue, in BGR
    windows = Windows(4, 4, 16, context=1.0)
    for i in range(1, 17):
        windows.add(1, Frame(i, i / 25, image), (36, 10, 60, 34))
    rgb = windows.inputs([1])["rgb"]
    assert (rgb == (0, 0, 255)).all()


@pytest.mark.parametrize("mode", ["Flow", "Fuse"])
def test_flow_equals_the_flow_of_the_whole_clip(mode):
    """Computed field by field while the video runs, it is what training computes from a stored clip."""
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 255, (80, 120, 3), np.uint8)
    windows, clip = Windows(16, 16, 64, mode=mode), []
    for i in range(16):
        image = np.ascontiguousarray(texture[8 : 8 + 64, 2 * i : 2 * i + 64])
        clip.append(image)
        windows.add(7, Frame(i + 1, i / 25, image))
    inputs = windows.inputs([7])
    assert set(inputs) == ({"flow"} if mode == "Flow" else {"rgb", "flow"})
    assert inputs["flow"].shape == (1, 16, 64, 64, 2)
    np.testing.assert_array_equal(inputs["flow"][0], flow_clip(np.stack(clip), "dis"))
    assert abs(float(np.median(inputs["flow"][0, 5, 16:48, 16:48, 0])) - (128 - 2 * 127 / 20)) <= 4  # the picture moves 2 px to the left
