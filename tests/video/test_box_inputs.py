"""Whole pictures and a person's box: from a clip in training, from the running video in prediction."""

import numpy as np
import pytest
from test_people import write_video

from video.box_samples import BoxSampler
from video.box_windows import BoxWindows
from video.crops import Person
from video.io import VideoWriter, open_video
from video.people import People
from video.recognise import Recognition

FRAMES, SIZE = 8, 32


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """40 frames of 200×100 that grow brighter; track 1 goes right by 4 pixels a frame from frame 5 to 30, track 2 stands."""
    folder = tmp_path_factory.mktemp("film")
    with VideoWriter(folder / "film.avi", 25, (200, 100), "mjpeg") as writer:
        for number in range(1, 41):
            writer.write(np.full((100, 200, 3), 5 * number, np.uint8))
    rows = [row for number in range(5, 31) for row in ((number, 1, 4 * number, 20, 40, 50), (number, 2, 10, 30, 20, 60))]
    write_video(folder / "persons", "film", rows, folder / "film.avi")
    return folder


@pytest.mark.parametrize("cached", [False, True])
def test_a_sample_shows_the_video_while_the_person_is_in_it(film, tmp_path, cached):
    sampler = BoxSampler(FRAMES, FRAMES, SIZE, cache=tmp_path if cached else None, people=People(film / "persons"))
    sample = sampler("clips/Walking/film_1_5-30_first.avi")
    assert {name: (array.shape, array.dtype) for name, array in sample.items()} == {
        "rgb": ((FRAMES, SIZE, SIZE, 3), np.uint8),
        "box": ((4,), np.float32),
    }
    shown = sample["rgb"].mean(axis=(1, 2, 3)) / 5
    np.testing.assert_allclose(shown, range(14, 22), atol=0.3)  # the middle 8 of frames 5 to 30
    np.testing.assert_allclose(sample["box"], [4 * 18 / 200, 0.2, (4 * 18 + 40) / 200, 0.7], atol=1e-6)  # in frame 18, the middle


@pytest.mark.parametrize("mode", ["RGB", "Fuse"])
def test_prediction_sees_what_training_saw(film, mode):
    """At the frame where the sampler's window ends, the window over the running video has the same pictures and boxes."""
    people = People(film / "persons")
    expected = [BoxSampler(FRAMES, FRAMES, SIZE, mode, people=people)(film / f"film_{track}_5-30.avi") for track in (1, 2)]
    windows = BoxWindows(FRAMES, FRAMES, SIZE, mode)
    with open_video(film / "film.avi") as reader:
        for frame in reader:
            if frame.number > 21:
                break
            windows.look(frame)
            for track in (1, 2) if frame.number >= 5 else ():
                seen = people.of(film / f"film_{track}_5-30.avi")
                windows.add(track, frame, seen.box(frame.number - 1) * [200, 100, 200, 100])
    inputs = windows.inputs([1, 2])
    assert set(inputs) == set(expected[0])
    for i, sample in enumerate(expected):
        for name, array in sample.items():
            np.testing.assert_allclose(inputs[name][i].astype(float), array, atol=1e-5 if name == "box" else 1, err_msg=name)


def test_each_person_gets_the_answer_about_its_own_box():
    def right_half(inputs):
        middle = inputs["box"][:, [0, 2]].mean(1)
        return np.stack([1 - middle, middle], axis=1)

    recognise = Recognition(right_half, ["left", "right"], BoxWindows(4, 4, SIZE))
    from video.io import Frame

    for number in range(1, 21):
        persons = [Person(i, np.float32([left, 10, left + 20, 60]), 0.9, True, 0) for i, left in ((1, 10), (2, 150))]
        recognise.step(Frame(number, number / 25, np.zeros((100, 200, 3), np.uint8)), persons)
    assert {track: answer.action for track, answer in recognise.answers.items()} == {1: "left", 2: "right"}
    assert recognise.answers[2].score == pytest.approx(160 / 200)
