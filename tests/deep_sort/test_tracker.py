"""The tracker on made-up people: what it promises, and what bad input must not do."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from deep_sort import Tracker

LOOKS = np.eye(6, dtype=np.float32)


def box(x, y=100.0, width=40, height=100):
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def step(tracker, boxes, features=None):
    """One frame; returns {id: track} of the confirmed tracks seen in it."""
    tracker.predict()
    tracker.update(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.9), features)
    return {track.track_id: track for track in tracker.tracks if track.is_confirmed and track.time_since_update == 0}


def followed(frames=10, speed=4.0, looks=0, **settings):
    """A tracker that has seen one walker for some frames, and where the walker is next."""
    tracker = Tracker(**settings)
    for frame in range(frames):
        step(tracker, [box(100 + speed * frame)], LOOKS[[looks]])
    return tracker, 100 + speed * frames


def ids_and_boxes(tracker):
    return [(track.track_id, track.hits, track.age, track.is_confirmed, track.tlbr.tolist()) for track in tracker.tracks]


def test_a_person_is_confirmed_in_the_third_frame_and_followed():
    tracker = Tracker()
    for frame in range(1, 30):
        seen = step(tracker, [box(100 + 3 * frame)], LOOKS[[0]])
        track = tracker.tracks[0]
        assert list(seen) == ([1] if frame >= 3 else [])
        assert (track.track_id, track.hits, track.age, track.time_since_update) == (1, frame, frame, 0)
        assert track.score == pytest.approx(0.9)
    assert track.tlbr.dtype == np.float32
    np.testing.assert_allclose(track.tlbr, box(100 + 3 * 29), atol=1)


def test_one_detection_confirms_where_n_init_is_one():
    assert list(step(Tracker(n_init=1), [box(50)])) == [1]


def test_a_tentative_track_dies_at_its_first_miss():
    tracker = Tracker()
    step(tracker, [box(100)], LOOKS[[0]])
    step(tracker, [box(100)], LOOKS[[0]])
    step(tracker, [])
    assert tracker.tracks == []


@pytest.mark.parametrize("max_age", [0, 1, 30])
def test_a_confirmed_track_lives_max_age_frames_unseen(max_age):
    tracker, _ = followed(max_age=max_age)
    track = tracker.tracks[0]
    for missed in range(1, max_age + 1):
        step(tracker, [])
        assert (track.time_since_update, track.hits) == (missed, 10)
        assert tracker.tracks == [track]
    step(tracker, [])
    assert tracker.tracks == []


def test_a_coasting_track_moves_on_at_its_speed():
    tracker, x = followed(frames=20, speed=4)
    for _ in range(5):
        step(tracker, [])
    assert tracker.tracks[0].tlbr[[0, 2]].mean() == pytest.approx(x + 4 * 4, abs=1)


def test_a_dropped_track_keeps_its_last_box():
    tracker, _ = followed(max_age=0)
    track, before = tracker.tracks[0], tracker.tracks[0].tlbr
    tracker.predict()
    predicted = track.tlbr
    assert predicted[0] > before[0]
    tracker.update(np.empty((0, 4)), [])
    step(tracker, [box(500), box(600)])
    assert track.tlbr.tolist() == predicted.tolist()


def test_appearance_finds_a_person_again_after_a_gap_without_overlap():
    tracker, x = followed()
    for _ in range(15):
        step(tracker, [])
    seen = step(tracker, [box(x + 15 * 4 + 45), box(x + 15 * 4 + 45, y=300)], LOOKS[[0, 1]])
    assert list(seen) == [1]


def test_a_stranger_at_the_same_place_after_a_gap_is_somebody_else():
    tracker, x = followed()
    for _ in range(3):
        step(tracker, [])
    for frame in range(3):
        seen = step(tracker, [box(x + 4 * (3 + frame))], LOOKS[[1]])
    assert list(seen) == [2]


def test_two_who_meet_and_turn_back_keep_their_ids_by_their_looks():
    tracker = Tracker()
    for frame in range(40):
        gap = 3 * abs(20 - frame)  # each walks to the middle and back
        order = [0, 1] if frame % 2 else [1, 0]
        boxes = np.array([box(200 - gap), box(200 + gap)])
        seen = step(tracker, boxes[order], LOOKS[order])
    centres = {track_id: track.tlbr[[0, 2]].mean() for track_id, track in seen.items()}
    assert len(centres) == 2 and tracker.next_id == 3
    assert centres[1] > 240 and centres[2] < 160  # in the first frame the one on the right came first


def test_of_two_alike_the_one_seen_last_gets_the_detection():
    tracker = Tracker()
    for _ in range(5):
        step(tracker, [box(100)], LOOKS[[0]])
    for _ in range(5):  # the first is hidden; a second, alike, stands a few pixels off
        step(tracker, [box(120, y=140)], LOOKS[[1]])
    assert [track.track_id for track in tracker.tracks] == [1, 2]
    seen = step(tracker, [box(110, y=120)], (LOOKS[[0]] + LOOKS[[1]]) / np.sqrt(2))
    assert list(seen) == [2]


def test_a_gallery_forgets_beyond_its_budget():
    tracker, x = followed(frames=5, speed=0, looks=0, nn_budget=3)
    for _ in range(3):  # other looks at the same place: matched by overlap, and remembered
        assert list(step(tracker, [box(x)], LOOKS[[1]])) == [1]
    for _ in range(2):
        step(tracker, [])
    assert list(step(tracker, [box(x)], LOOKS[[0]])) == []


def test_without_features_motion_and_overlap_carry_an_id_through_a_gap():
    tracker = Tracker()
    for frame in range(60):
        hidden = 20 <= frame < 28
        boxes = [box(100 + 5 * frame), box(700 - 5 * frame, y=400)]
        seen = step(tracker, [] if hidden else boxes)
        assert sorted(seen) == ([] if hidden or frame < 2 else [1, 2])
    np.testing.assert_allclose(seen[1].tlbr, box(100 + 5 * 59), atol=2)


def test_features_may_come_and_go():
    tracker = Tracker()
    for frame in range(60):
        features = None if frame % 3 == 1 or 30 <= frame < 40 else LOOKS[[0, 1]].copy()
        if features is not None and frame % 5 == 0:
            features[frame % 2] = np.nan if frame % 10 else 0
        hidden = frame in (20, 21, 33, 34)
        boxes = [] if hidden else [box(100 + 5 * frame), box(700 - 5 * frame, y=400)]
        seen = step(tracker, boxes, None if hidden else features)
        assert hidden or frame < 2 or sorted(seen) == [1, 2]
    np.testing.assert_allclose([seen[1].tlbr, seen[2].tlbr], boxes, atol=2)
    assert tracker.next_id == 3


def test_features_need_not_be_of_unit_length():
    plain, scaled = Tracker(), Tracker()
    for frame in range(10):
        boxes = [box(100 + 4 * frame), box(130 + 4 * frame)]
        step(plain, boxes, LOOKS[[0, 1]])
        step(scaled, boxes, LOOKS[[0, 1]] * 7)
    assert ids_and_boxes(plain) == ids_and_boxes(scaled)


NO_BOXES = {
    "not a number": [np.nan, 10, 50, 60],
    "infinite": [10, 10, np.inf, 60],
    "all infinite": [-np.inf, -np.inf, np.inf, np.inf],
    "no width": [50, 10, 50, 60],
    "no height": [10, 60, 50, 60],
    "inside out": [50, 60, 10, 10],
    "beyond a million": [10, 10, 1e7, 60],
    "the largest number": [-3e38, -3e38, 3e38, 3e38],
    "a hair": [10, 10, 10 + 1e-5, 60],
}


@pytest.mark.parametrize("bad", NO_BOXES.values(), ids=NO_BOXES.keys())
def test_what_is_no_box_changes_nothing(bad):
    clean, dirty = Tracker(), Tracker()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for frame in range(12):
            good = [box(100 + 4 * frame), box(300)]
            step(clean, good, LOOKS[[0, 1]])
            step(dirty, [good[0], bad, good[1]], LOOKS[[0, 2, 1]])
    assert ids_and_boxes(dirty) == ids_and_boxes(clean)
    assert len(clean.tracks) == 2


def test_a_score_that_is_no_number_is_no_detection():
    tracker = Tracker()
    tracker.predict()
    tracker.update([box(100), box(200)], [np.nan, 0.5])
    assert [track.score for track in tracker.tracks] == [0.5]


def test_wild_but_valid_boxes_leave_every_state_finite():
    rng = np.random.default_rng(0)
    tracker = Tracker(n_init=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(100):
            corner = rng.uniform(-1e6, 1e6, (5, 2)) * rng.choice([1, 1e-3], (5, 1))
            size = 10 ** rng.uniform(-2.5, 5, (5, 2))
            tlbr = np.clip(np.concatenate([corner, corner + size], axis=1), -1e6, 1e6)
            tracker.predict()
            tracker.update(tlbr, np.ones(5))
            boxes = np.array([track.tlbr for track in tracker.tracks])
            assert np.isfinite(boxes).all() and (boxes[:, 2:] >= boxes[:, :2]).all()


def test_empty_frames_from_the_start():
    tracker = Tracker()
    for nothing in (np.empty((0, 4)), [], np.empty((0, 4), np.float32)):
        tracker.predict()
        tracker.update(nothing, [], None)
    tracker.update(np.empty((0, 4)), np.empty(0), np.empty((0, 128)))
    assert tracker.tracks == [] and tracker.next_id == 1


def test_five_hundred_people():
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(25) * 75.0, np.arange(20) * 120.0), axis=-1).reshape(-1, 2)
    looks = rng.normal(size=(500, 64)).astype(np.float32)
    tracker = Tracker()
    for frame in range(6):
        order = rng.permutation(500)
        boxes = np.array([box(x + 2 * frame, y) for x, y in grid])
        seen = step(tracker, boxes[order], looks[order])
        if frame == 0:
            person_of = {track.track_id: person for track, person in zip(tracker.tracks, order, strict=True)}
    assert len(seen) == 500 and tracker.next_id == 501
    for track_id, track in seen.items():
        np.testing.assert_allclose(track.tlbr, boxes[person_of[track_id]], atol=1.5)


def test_same_input_same_output():
    def run():
        rng = np.random.default_rng(5)
        tracker, history = Tracker(), []
        for _ in range(60):
            count = rng.integers(0, 12)
            corner = rng.uniform(0, 300, (count, 2))
            tracker.predict()
            features = rng.normal(size=(count, 16)) if rng.random() < 0.7 else None
            tracker.update(np.concatenate([corner, corner + rng.uniform(20, 90, (count, 2))], axis=1), rng.random(count), features)
            history.append(ids_and_boxes(tracker))
        return history

    assert run() == run()


def test_ids_go_on_across_videos():
    first = Tracker()
    step(first, [box(100), box(300)])
    second = Tracker(first_id=first.next_id)
    step(second, [box(100)])
    assert [track.track_id for track in first.tracks + second.tracks] == [1, 2, 3]


@pytest.mark.parametrize("score, features", [([0.5], None), ([0.5, 0.5], np.ones((3, 4))), ([0.5, 0.5], np.ones(2))])
def test_lengths_that_disagree_are_refused(score, features):
    tracker = Tracker()
    with pytest.raises(ValueError, match="not of the same detections"):
        tracker.update([box(1), box(2)], score, features)


@pytest.mark.parametrize("settings", [{"nn_budget": 0}, {"n_init": 0}, {"max_age": -1}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match="at least"):
        Tracker(**settings)


def test_repr_names_the_state():
    tracker, _ = followed(speed=0)
    assert repr(tracker.tracks[0]) == "Track(1, confirmed, tlbr=(80.0, 50.0, 120.0, 150.0), time_since_update=0)"


def test_the_tracker_needs_numpy_and_scipy_only(root):
    code = "import sys, deep_sort; print([m for m in ('cv2', 'openvino', 'filterpy', 'keras', 'tensorflow') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_detector_that_looks_at_every_third_frame_only():
    """Whoever was there at the last look is matched by overlap as from one frame to the next, with or without looks."""
    for features in (None, np.eye(2, dtype=np.float32)):
        tracker = Tracker()
        for frame in range(60):
            tracker.predict()
            if frame % 3 == 0:
                boxes = np.float32([[100 + 2 * frame, 50, 140 + 2 * frame, 170], [300 - frame, 60, 340 - frame, 180]])
                # looks change all the time: appearance alone never matches
                looks = None if features is None else np.roll(features, frame // 3, axis=1)
                tracker.update(boxes, np.ones(2), looks)
        assert [track.track_id for track in tracker.tracks] == [1, 2]
        assert all(track.is_confirmed for track in tracker.tracks)


def test_looks_first_keeps_overlap_from_joining_different_people():
    """Somebody else steps out where the person was seen a moment ago: the published order hands the identity on."""
    for looks_first in (False, True):
        tracker, x = followed(looks_first=looks_first)
        for frame in range(4):
            seen = step(tracker, [box(x + 4 * frame)], LOOKS[[1]])
        assert (1 in seen) != looks_first and len(seen) == 1


def test_looks_first_says_nothing_about_unknown_looks():
    tracker, x = followed(looks_first=True)
    assert list(step(tracker, [box(x)], np.zeros((1, 6), np.float32))) == [1]
    assert list(step(tracker, [box(x + 4)], LOOKS[[0]])) == [1]
    assert list(step(tracker, [box(x + 8)])) == [1]


def test_looks_first_lets_who_was_hidden_choose_too():
    """1 is hidden behind 2; then only 1 is seen, between their places. It looks a little like 2, who was seen a moment ago."""
    between = np.array([[0.98, 0.2, 0, 0, 0, 0]], np.float32)  # cosine 0.98 to 1's looks, 0.2 to 2's
    for looks_first, expected in ((False, 2), (True, 1)):
        tracker = Tracker(max_cosine_distance=0.9, looks_first=looks_first)
        for _ in range(6):
            step(tracker, [box(100), box(140)], LOOKS[[0, 1]])
        for _ in range(3):
            step(tracker, [box(140)], LOOKS[[1]])
        assert list(step(tracker, [box(125)], between)) == [expected]


def test_looks_first_does_not_remember_what_may_show_two_people():
    for looks_first, remembered in ((False, 6), (True, 5)):
        tracker = Tracker(looks_first=looks_first)
        for _ in range(5):
            step(tracker, [box(100), box(200)], LOOKS[[0, 1]])
        assert len(step(tracker, [box(100), box(112)], LOOKS[[0, 0]])) >= 1
        assert len(tracker.tracks[0].gallery) == remembered


def test_looks_first_takes_longer_to_believe_in_boxes_that_overlap():
    for looks_first, first in ((False, 3), (True, 9)):
        tracker = Tracker(looks_first=looks_first)
        counts = [len(step(tracker, [box(100), box(112), box(300)], LOOKS[[0, 1, 2]])) for _ in range(10)]
        assert next(frame for frame, count in enumerate(counts, 1) if count == 3) == first
        assert counts[2] == (1 if looks_first else 3)  # the one who stands alone is there as soon as ever


def faint_step(tracker, boxes, scores, features=None):
    """As `step`, with a score for each box."""
    tracker.predict()
    tracker.update(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores), features)
    return [track.track_id for track in tracker.tracks if track.is_confirmed and track.time_since_update == 0]


def test_faint_detections_continue_a_person_but_never_begin_one():
    tracker, x = followed(begin_score=0.4)
    for frame in range(20):
        assert faint_step(tracker, [box(x + 4 * frame), box(300)], [0.2, 0.39], LOOKS[[1, 2]]) == [1]
    assert len(tracker.tracks) == 1 and tracker.tracks[0].score == pytest.approx(0.2)
    assert len(tracker.tracks[0].gallery) == 10  # how they look is not believed
    assert [step(tracker, [box(x + 80), box(300)]) and len(tracker.tracks) for _ in range(3)] == [2, 2, 2]


def test_a_faint_detection_comes_last_and_must_fit():
    tracker, x = followed(begin_score=0.4)
    faint_step(tracker, [box(x), box(x + 8)], [0.1, 0.9], LOOKS[[0, 0]])  # the faint one fits better
    assert len(tracker.tracks) == 1 and tracker.tracks[0].score == pytest.approx(0.9)
    tracker, x = followed(begin_score=0.4)
    assert faint_step(tracker, [box(x + 20)], [0.1]) == []  # IoU 1/3
    tracker, x = followed(begin_score=0.4)
    step(tracker, [])
    assert faint_step(tracker, [box(x + 4)], [0.1]) == []  # was not there a moment ago
    tracker = Tracker(begin_score=0.4)
    step(tracker, [box(100)])
    assert faint_step(tracker, [box(100)], [0.1]) == [] and tracker.tracks == []  # not confirmed


def test_a_faint_box_makes_no_crowd():
    tracker = Tracker(looks_first=True, begin_score=0.4)
    for _ in range(3):
        seen = faint_step(tracker, [box(100), box(112)], [0.9, 0.1], LOOKS[[0, 1]])
    assert seen == [1]
