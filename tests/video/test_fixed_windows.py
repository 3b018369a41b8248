import numpy as np
import pytest

from video.crops import Person, square_crop
from video.fixed_windows import FixedWindows, median_box
from video.flow import flow_clip
from video.io import Frame
from video.recognise import looks, take_in

TEXTURE = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)


def frames(count, fps=25, still=False):
    """A texture that moves to the left by a pixel a frame, or numbers as grey levels."""
    for i in range(count):
        image = np.full((120, 160, 3), i % 256, np.uint8) if still else np.roll(TEXTURE, -i, axis=1)
        yield Frame(i + 1, i / fps, image)


def person(track_id, left, missed=0):
    return Person(track_id, np.float32([left, 40, left + 20, 80]), 0.9, True, missed)


def test_one_square_for_the_whole_window():
    """The box runs to the right, the crop stays: at the median box, of every frame of the window."""
    windows, kept = FixedWindows(8, 8, 32, context=2.0), []
    for frame in frames(20):
        windows.look(frame)
        windows.add(1, frame, person(1, 2 * frame.number).tlbr)
        kept.append(frame.image)
    square = median_box([person(1, 2 * number).tlbr for number in range(13, 21)])
    np.testing.assert_array_equal(square, [33, 40, 53, 80])
    expected = [square_crop(image, square, 32, 2.0)[..., ::-1] for image in kept[-8:]]
    np.testing.assert_array_equal(windows.inputs([1])["rgb"][0], expected)


@pytest.mark.parametrize("mode", ["Flow", "Fuse"])
def test_flow_is_that_of_the_crops(mode):
    windows, kept = FixedWindows(8, 8, 64, mode=mode, context=1.6), []
    for frame in frames(12):
        windows.look(frame)
        windows.add(1, frame, person(1, 60).tlbr)
        kept.append(square_crop(frame.image, person(1, 60).tlbr, 64, 1.6))
    inputs = windows.inputs([1])
    assert set(inputs) == ({"flow"} if mode == "Flow" else {"rgb", "flow"})
    difference = np.abs(inputs["flow"][0].astype(int) - flow_clip(np.stack(kept[-8:])))[1:]
    assert np.percentile(difference, 99) <= 1  # grey before or after shrinking makes no odds


@pytest.mark.parametrize("fps", [8, 10, 25, 30, 60])
def test_the_window_is_as_long_at_any_frame_rate(fps):
    """20 frames at 10 a second are two seconds, whatever the video's rate; frames of 8 a second are partly shown twice."""
    windows = FixedWindows(20, 20, 16, fps=10.0)
    for frame in frames(3 * fps, fps, still=True):
        windows.look(frame)
        windows.add(1, frame, person(1, 60).tlbr)
    shown = windows.inputs([1])["rgb"][0, :, 0, 0, 0].astype(float) / fps
    assert shown[-1] - shown[0] == pytest.approx(1.9, abs=0.13) and shown[-1] == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize(("first", "answers"), [(1, [16, 33]), (20, [25, 33])])
def test_six_sightings_are_enough_once_the_video_has_run_for_16_frames(first, answers):
    """The pictures from before somebody came count too."""
    windows, due = FixedWindows(8, 8, 16), []
    for frame in frames(40, still=True):
        if take_in(windows, frame, [person(1, 60)] if first <= frame.number < first + 16 or frame.number == 33 else []):
            due.append(frame.number)
    assert due == answers


def test_a_person_who_is_missed_now_and_then_is_seen_in_every_frame():
    windows = FixedWindows(8, 8, 16)
    for frame in frames(20, still=True):
        windows.look(frame)
        if frame.number % 2:
            windows.add(1, frame, person(1, 60).tlbr)
    assert windows.inputs([1])["rgb"][0, :, 0, 0, 0].tolist() == list(range(12, 20))


def test_pictures_are_kept_once_and_for_one_window_only():
    windows = FixedWindows(8, 8, 16, mode="Flow", fps=5.0)
    for frame in frames(200, still=True):
        take_in(windows, frame, [person(i, 5 * i) for i in range(20)])
    assert len(windows._view.pictures) == 8 and windows._view.pictures[0].shape == (120, 160)
    assert all(len(track.boxes) <= 8 * 5 for track in windows._people.values())


def test_a_gap_in_the_video_starts_the_window_anew():
    windows = FixedWindows(8, 8, 16)
    for frame in frames(30, still=True):
        later = Frame(frame.number, frame.time_s + 5 * (frame.number > 26), frame.image)
        windows.look(later)
        windows.add(1, later, person(1, 60).tlbr)
    assert not windows.is_full(1)
    assert set(windows.inputs([1])["rgb"][0, :, 0, 0, 0].tolist()) == {26, 27, 28, 29}


def test_the_whole_picture_is_fixed_anyway():
    windows = FixedWindows(4, 4, 16)
    for frame in frames(16, still=True):
        take_in(windows, frame, None)
    assert windows.inputs([0])["rgb"].shape == (1, 4, 16, 16, 3)


@pytest.fixture
def clip(tmp_path):
    """A video of 50 frames, two seconds."""
    from video.io import VideoWriter

    path = tmp_path / "clip.avi"
    with VideoWriter(path, 25, (160, 120), "mjpeg") as writer:
        for frame in frames(50):
            writer.write(frame.image)
    return path


def seen(first, last):
    """A source of persons: 1 is there all the time, 2 from `first` to `last`."""

    def persons_of(stream):
        for frame in stream:
            yield frame, [person(1, 60), person(2, 100, missed=0 if first <= frame.number <= last else 9)]

    return persons_of


def test_everybody_is_looked_at_once_more_at_the_end(clip):
    """Two seconds are full only with the last frames, so that is the one look that counts; stride 30 alone would miss it."""
    found = list(looks(clip, FixedWindows(20, 20, 16, fps=10.0, stride=30), seen(20, 50)))
    assert [(look.track_id, round(look.time_s, 2)) for look in found] == [(1, 1.96), (2, 1.96)]


def test_a_short_look_counts_where_there_is_no_full_one(clip):
    found = list(looks(clip, FixedWindows(40, 40, 16, fps=10.0), seen(1, 20)))
    assert [(look.track_id, round(look.time_s, 2)) for look in found] == [(1, 1.96), (2, 0.64)]
    found = list(looks(clip, FixedWindows(20, 20, 16, fps=10.0, min_frames=30), seen(1, 20)))
    assert {look.track_id for look in found} == {1}


def test_places_before_a_gap_in_the_video_are_not_those_after_it():
    """Too short before the gap for an answer; the square after it is where the person is then."""
    windows = FixedWindows(8, 8, 16, context=1.0)
    for i in range(26):
        image = np.full((64, 64, 3), 10, np.uint8)
        image[:, 32:] = 200
        frame = Frame(i + 1, i / 25 + 5 * (i >= 10), image)
        windows.look(frame)
        windows.add(1, frame, (0, 0, 16, 16) if i < 10 else (40, 0, 56, 16))
    assert windows.due(frame) == [1]
    assert (windows.inputs([1])["rgb"] == 200).all() and len(windows._people[1].boxes) == 8
