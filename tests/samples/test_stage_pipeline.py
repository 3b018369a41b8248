"""The project's detector and tracker, measured against the stage's truth."""

import numpy as np
import pytest

from deep_sort import Tracker
from deep_sort.iou_matching import iou_cost
from samples.camera import Camera
from samples.scene import Person, Scene
from samples.scenes import crossing
from samples.script import Actor, Fight, Stand, Walk
from video.crops import follow
from video.io import Frame, open_video

VISIBLE = 0.5
CAMERA = Camera(height=4.6, pitch=22.0, angle=50.0)


@pytest.fixture
def detector(data):
    """At threshold 0.25, as for single pictures where no tracker sorts out strays."""
    from yolo3 import Detector

    stem = data / "yolo/yolo-fastest-1.1-xl"
    return Detector(f"{stem}.cfg", f"{stem}.weights", data / "yolo/coco.names", score_threshold=0.25)


def overlaps(people, tlbr):
    """(P, N) intersection over union of people's boxes and others."""
    return 1 - iou_cost(np.array([person.tlbr for person in people]).reshape(-1, 4), np.asarray(tlbr, float).reshape(-1, 4))


def recall(detector, pictures):
    """Share of (image, people) pairs' persons, visible by half at least, whom a detection overlaps by half."""
    found = []
    for image, people in pictures:
        seen = [person for person in people if person.visible >= VISIBLE]
        found += list(overlaps(seen, detector.detect([image])[0].tlbr).max(axis=1, initial=0) >= 0.5)
    return np.mean(found)


def test_the_detector_finds_the_actors(detector):
    """By day, two who walk, two who stand and two who fight, seldom hidden: 0.954 to 0.992 over seeds 0 to 9, 0.980 on average.

    In the ready-made scenes of five, where people hide each other all the time, it is 0.75 to 0.95 by the seed.
    """
    actors = [
        Actor((0.2, 9.3), [Walk((0.3, 6.9), (0.3, 9.3), (0.3, 6.9), speed=1.2)]),
        Actor((2.6, 8.6), [Walk((0.9, 8.6), (2.6, 8.6), (0.9, 8.6), (2.6, 8.6), speed=1.1)]),
        Actor((-1.75, 7.2), [Fight(20, 4)]),
        Actor((-0.75, 7.2), [Fight(20, 3)]),
        Actor((-3.5, 9.0), [Stand(20, "talk", (-2.0, 0.0))]),
        Actor((3.5, 8.8), [Stand(20, "idle", (2.0, 0.0))]),
    ]
    frames = (frame for seed in range(3) for frame in Scene(actors, seed, 5.0, CAMERA, fps=5).frames() if frame.number % 2)
    assert recall(detector, ((frame.image, frame.people) for frame in frames)) >= 0.95


def test_the_detector_finds_the_people_of_the_bundled_sample(detector, root, rows):
    """Every tenth frame: measured 0.96, with people passing behind each other all the time."""
    people = {}
    for row in rows(root / "samples/street.csv"):
        left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
        person = Person(int(row["track_id"]), (left, top, left + width, top + height), row["action"], float(row["visible"]), None)
        people.setdefault(int(row["frame"]), []).append(person)
    with open_video(root / "samples/street.mp4") as video:
        assert recall(detector, ((frame.image, people[frame.number]) for frame in video if frame.number % 10 == 1)) >= 0.92


def followed(frames, detector, encoder):
    """MOTA and IDF1 of the tracker with its defaults for scripts."""
    import motmetrics

    truth = motmetrics.MOTAccumulator(auto_id=True)
    source = [Frame(frame.number, frame.number / 25, frame.image) for frame in frames]
    for (_, persons), frame in zip(follow(source, detector, Tracker(max_cosine_distance=0.3), encoder), frames, strict=True):
        people = [person for person in frame.people if person.visible >= VISIBLE]
        shown = [person for person in persons if person.confirmed and not person.missed]
        overlap = overlaps(people, [person.tlbr for person in shown])
        distance = np.where(overlap >= 0.5, 1 - overlap, np.nan)
        truth.update([person.track_id for person in people], [person.track_id for person in shown], distance)
    return motmetrics.metrics.create().compute(truth, metrics=["mota", "idf1"], name="stage").iloc[0].to_dict()


def test_the_tracker_keeps_who_cross_apart(data, detector):
    """Four to and fro for 6 seconds, hiding each other: with appearance they stay who they were.

    Measured without it: MOTA 0.81, IDF1 0.52; with OSNet: 0.82, 0.84, and 0.80, 0.83 where the processor has no bfloat16.
    """
    from deep_sort.appearance import Encoder

    frames = list(Scene(crossing(np.random.default_rng(0), 4, 6.0, CAMERA), 0, 6.0, CAMERA).frames())
    detector.score_threshold = 0.4
    plain = followed(frames, detector, None)
    looked = followed(frames, detector, Encoder(data / "reid/osnet_x0_25_msmt17.onnx"))
    assert looked["mota"] > 0.72 and looked["idf1"] > 0.7
    assert plain["mota"] > 0.7
    assert looked["idf1"] > plain["idf1"] + 0.1
