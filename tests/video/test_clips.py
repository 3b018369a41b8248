"""Index arithmetic, with every expected answer written out or counted another way."""

import numpy as np
import pytest

from video.clips import clip_indices, forth_and_back, resample, spread_indices


@pytest.mark.parametrize(
    ("n", "length", "expected"),
    [
        (4, 12, [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1]),
        (2, 5, [0, 1, 0, 1, 0]),
        (1, 3, [0, 0, 0]),
        (5, 3, [0, 1, 2]),
        (3, 0, []),
    ],
)
def test_forth_and_back(n, length, expected):
    assert forth_and_back(n, length).tolist() == expected


def test_forth_and_back_never_jumps():
    for n in range(2, 64):
        assert set(np.abs(np.diff(forth_and_back(n, 200)))) == {1}


def test_no_frames_no_clip():
    with pytest.raises(ValueError, match="at least one frame"):
        forth_and_back(0, 64)
    with pytest.raises(ValueError, match="at least one frame"):
        clip_indices(0, 64, 64)


@pytest.mark.parametrize(
    ("n", "source", "target", "expected"),
    [
        (5, 25, 25, [0, 1, 2, 3, 4]),
        (5, 25, None, [0, 1, 2, 3, 4]),
        (5, 50, 25, [0, 2, 4]),
        (6, 50, 25, [0, 2, 4]),
        (3, 10, 20, [0, 1, 1, 2, 2, 2]),  # 0.5 and 1.5 are rounded up; the last frame is shown to its end
        (1, 30, 10, [0]),
    ],
)
def test_resample(n, source, target, expected):
    assert resample(n, source, target).tolist() == expected


def test_resample_keeps_duration_and_nearest_frame():
    for source, target, n in [(30000 / 1001, 25, 900), (12, 25, 240), (60, 25, 601), (25, 25, 64)]:
        indices = resample(n, source, target)
        assert abs(len(indices) / target - n / source) < 1 / target
        error = np.abs(indices / source - np.arange(len(indices)) / target)
        assert error[:-3].max() <= 0.5 / source + 1e-9  # the last ticks may lie beyond the last frame's beginning


def test_dense_clip_is_the_centre():
    assert clip_indices(80, 64, 64).tolist() == list(range(8, 72))
    assert clip_indices(64, 64, 64).tolist() == list(range(64))


def test_short_clip_is_filled_forth_and_back():
    assert clip_indices(32, 64, 64).tolist() == [*range(32), *range(30, -1, -1), 1]


def test_sparse_clip_is_the_middle_of_each_segment():
    assert clip_indices(64, 16, 64).tolist() == list(range(2, 64, 4))
    assert clip_indices(64, 5, 5).tolist() == [29, 30, 31, 32, 33]


def test_random_clips_reach_every_place_and_stay_in_order():
    rng = np.random.default_rng(0)
    starts = set()
    for _ in range(300):
        dense = clip_indices(70, 64, 64, rng)
        assert np.array_equal(dense, dense[0] + np.arange(64)) and dense[-1] < 70
        starts.add(int(dense[0]))
    assert starts == set(range(7))


def test_random_sparse_clip_takes_one_frame_of_each_segment():
    rng = np.random.default_rng(0)
    drawn = np.array([clip_indices(64, 16, 64, rng) for _ in range(300)])
    assert (drawn // 4 == np.arange(16)).all()
    assert all(set(column) == {4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3} for i, column in enumerate(drawn.T))


def test_same_generator_state_same_clip():
    a, b = (clip_indices(200, 16, 64, np.random.default_rng(7)) for _ in range(2))
    assert a.tolist() == b.tolist()


def test_segments_of_unequal_length_cover_the_window():
    assert clip_indices(10, 3, 10).tolist() == [1, 5, 8]
    rng = np.random.default_rng(0)
    assert {int(i) for _ in range(300) for i in clip_indices(10, 3, 10, rng)} == set(range(10))


def test_more_frames_than_the_window_are_refused():
    with pytest.raises(ValueError, match="65 frames of a window of 64"):
        clip_indices(100, 65, 64)


def test_spread_windows_go_from_the_beginning_to_the_end():
    assert spread_indices(20, 4, 4, 3).reshape(3, 4).tolist() == [[0, 1, 2, 3], [8, 9, 10, 11], [16, 17, 18, 19]]
    assert spread_indices(40, 2, 20, 2).reshape(2, 2).tolist() == [[5, 15], [25, 35]]
    assert spread_indices(3, 4, 4, 2).reshape(2, 4).tolist() == [[0, 1, 2, 1]] * 2


def test_one_spread_window_is_the_centre():
    for n in (3, 70, 81):
        assert spread_indices(n, 16, 64, 1).tolist() == clip_indices(n, 16, 64).tolist()
