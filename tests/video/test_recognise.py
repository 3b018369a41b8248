import csv

import numpy as np
import pytest

from video.crops import Person
from video.io import Frame, read_clip
from video.outputs import Outputs
from video.recognise import Answer, Recognition, confirmed, in_sight
from video.windows import Windows

CLASSES = ["dark", "bright"]


class Brightness:
    """A network that really looks at its input: score of "bright" = mean brightness."""

    def __init__(self):
        self.batches = []

    def __call__(self, inputs):
        bright = inputs["rgb"].mean(axis=(1, 2, 3, 4), dtype=float) / 255
        self.batches.append(len(bright))
        return np.stack([1 - bright, bright], axis=1).astype(np.float32)


def person(track_id, left, missed=0, confirmed=True):
    return Person(track_id, np.float32([left, 0, left + 40, 40]), 0.9, confirmed, missed)


def frames(count):
    """Left half 40, right half 220."""
    for i in range(1, count + 1):
        image = np.full((60, 160, 3), 40, np.uint8)
        image[:, 80:] = 220
        yield Frame(i, (i - 1) / 25, image)


def recognition(network, **options):
    return Recognition(network, CLASSES, Windows(4, 4, 16, context=1.0), **options)


def test_each_person_gets_the_answer_of_its_own_crops():
    recognise = recognition(Brightness())
    for frame in frames(20):
        recognise.step(frame, [person(1, 10), person(2, 110)])
    assert (recognise.answers[1].action, recognise.answers[2].action) == ("dark", "bright")
    assert recognise.answers[2].score == pytest.approx(220 / 255, abs=0.01)


@pytest.mark.parametrize(("together", "batches"), [(True, [2, 2]), (False, [1, 1, 1, 1])])
def test_together_means_one_call_for_all_who_are_due(together, batches):
    network = Brightness()
    recognise = recognition(network, together=together)
    for frame in frames(17):
        recognise.step(frame, [person(1, 10), person(2, 110)])
    assert network.batches == batches


def test_an_answer_is_about_the_middle_of_its_windows():
    recognise = recognition(Brightness(), smooth=2)
    times = []
    for frame in frames(33):
        if recognise.step(frame, [person(1, 10)]):
            times.append(recognise.answers[1].time_s * 25 + 1)
    # windows of 4 frames that end with 16, 17 and 33; then the middle of the last two
    assert times == pytest.approx([14.5, (14.5 + 15.5) / 2, (15.5 + 31.5) / 2])


def test_under_the_threshold_the_action_is_unknown():
    recognise = recognition(Brightness(), threshold=0.9)
    for frame in frames(16):
        recognise.step(frame, [person(1, 110)])
    assert recognise.answers[1].action == "unknown" and recognise.answers[1].score < 0.9


def test_smoothing_averages_the_last_windows():
    recognise = recognition(Brightness(), smooth=2)
    for frame in frames(40):
        recognise.step(frame, [person(1, 10 if frame.number <= 20 else 110)])
        if frame.number == 33:
            assert recognise.answers[1].scores[1] == pytest.approx((40 + 220) / 2 / 255, abs=0.01)


def test_a_person_who_is_gone_is_forgotten():
    recognise = recognition(Brightness())
    for frame in frames(20):
        recognise.step(frame, [person(1, 10)] if frame.number < 18 else [])
    assert recognise.answers == {}


def test_the_whole_picture_counts_as_one_person():
    recognise = recognition(Brightness())
    for frame in frames(16):
        fresh = recognise.step(frame, None)
    assert fresh[0][1] == pytest.approx(130 / 255, abs=0.01)
    assert in_sight(frame, None) == [(0, (0, 0, 160, 60))]


def test_who_is_in_sight_and_who_is_confirmed():
    persons = [person(1, 0), person(2, 0, confirmed=False), person(3, 0, missed=2), person(4, 0, missed=3)]
    assert [track_id for track_id, _ in in_sight(None, persons)] == [1, 2, 3]
    assert [track_id for track_id, _ in in_sight(None, persons, coast=0)] == [1, 2]
    assert confirmed(persons) == {1, 3, 4} and confirmed(None) == {0}


def test_the_three_files(tmp_path):
    answer = Answer("bright", 0.75, np.float32([0.25, 0.75]), 0.0)
    with Outputs(tmp_path, "street", 25, (160, 60), CLASSES) as outputs:
        for frame in frames(30):
            boxes = [(5, (110, 10, 150, 50), answer if frame.number > 15 else None)]
            outputs.write(frame, outputs.draw(frame, boxes), boxes, {5})
        assert list(tmp_path.glob("street*")) == []
    clip, fps = read_clip(tmp_path / "street_actions.mp4")
    assert len(clip) == 30 and fps == pytest.approx(25)
    rows = list(csv.DictReader((tmp_path / "street_actions.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 30 and rows[0]["action"] == "" and rows[0]["bright"] == ""
    assert rows[29] == {
        "frame": "30", "time_s": "1.160", "track_id": "5", "left": "110.0", "top": "10.0", "width": "40.0", "height": "40.0",
        "action": "bright", "score": "0.7500", "dark": "0.2500", "bright": "0.7500",
    }  # fmt: skip
    events = list(csv.DictReader((tmp_path / "street_events.csv").read_text(encoding="utf-8").splitlines()))
    assert events == [{"track_id": "5", "action": "bright", "start": "0.000", "end": "1.160", "mean_score": "0.7500"}]


def test_an_interrupted_run_leaves_no_file(tmp_path):
    with pytest.raises(KeyboardInterrupt), Outputs(tmp_path, "street", 25, (160, 60), CLASSES) as outputs:
        frame = next(frames(1))
        outputs.write(frame, frame.image, [], set())
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
