"""The stage: its truth is true, its people behave, the project's detector and tracker find and follow them."""

import hashlib
import math

import numpy as np
import pytest

from samples import manners, scenes, stage
from samples.blocking import block
from samples.camera import Camera
from samples.looks import PATTERNS, draw_look
from samples.performance import Performer
from samples.sample import scene as sample_scene
from samples.scene import Scene
from samples.script import STANDS, WALKS, Actor, Fight, Stand, Walk
from samples.skeleton import KEYPOINTS
from video.io import read_clip

LIMBS = [("hip", "knee", 0.245), ("knee", "ankle", 0.246), ("shoulder", "elbow", 0.186), ("elbow", "wrist", 0.165)]


def digest(frames):
    """One hash over pictures and truth."""
    sha = hashlib.sha256()
    for frame in frames:
        sha.update(frame.image.tobytes())
        sha.update("".join(stage.truth_row(frame.number, person) for person in frame.people).encode())
    return sha.hexdigest()


def brief(seed=0, **values):
    """A second of a street with a walker, a stander and a fighting pair, in a small picture."""
    actors = [
        Actor((-3, 9), [Walk((3, 9))]),
        Actor((1.5, 10), [Stand(9, "phone")]),
        Actor((-0.5, 7), [Fight(9, 4)]),
        Actor((0.5, 7), [Fight(9, 3)]),
    ]
    return Scene(actors, seed, **{"seconds": 0.4, "camera": Camera((320, 180)), **values})


def parts_of(actors, seconds, fps=25.0, seed=0):
    """What each actor does in each frame: the stage without bodies."""
    return block(actors, [actor.height or 1.7 for actor in actors], round(seconds * fps), fps, np.random.default_rng(seed))


def perform(actors, seconds, fps=25.0, seed=0):
    """Parts, and each actor's joints {name: (3,)} after each frame: the stage without drawing."""
    parts = parts_of(actors, seconds, fps, seed)
    cast = enumerate(zip(parts, actors, strict=True), 1)
    performers = [Performer(number, part, actor.height or 1.7, fps, np.random.default_rng(number)) for number, (part, actor) in cast]
    seen = [[] for _ in actors]
    for frame in range(len(parts[0].action)):
        for performer, history in zip(performers, seen, strict=True):
            bout = performer.part.bout[frame]
            rival = next((performers[n - 1] for n in bout.numbers if n != performer.number), None) if bout else None
            performer.act(frame, rival)
            history.append(performer.joints)
    return parts, seen


def track(history, name):
    """(F, 3) metres of one joint."""
    return np.array([joints[name] for joints in history])


def speeds(part, fps=25):
    """Metres per second of the way over the ground, over each second."""
    steps = np.hypot(*np.diff(part.position, axis=0).T)
    return np.convolve(steps, np.ones(fps), "valid")


def test_actions_follow_the_script_and_last_as_long_as_it_says():
    script = [Stand(2, "talk"), Walk((0, 8), speed=1.2), Fight(3, 2), Stand(1)]
    actors = [Actor((-3, 8), script), Actor((1, 8), [Stand(1), Fight(4, 1), Walk((4, 8))])]
    parts = parts_of(actors, 13)
    order = [[part.action[0]] + [b for a, b in zip(part.action, part.action[1:], strict=False) if a != b] for part in parts]
    assert order == [["Standing", "Walking", "Fighting", "Standing"], ["Standing", "Fighting", "Walking", "Standing"]]
    assert parts[0].action.index("Walking") == 50  # two seconds at 25 frames
    assert parts[0].action.count("Fighting") == parts[1].action.count("Fighting") == 75  # the shorter of the two wishes
    assert parts[0].action.index("Fighting") == parts[1].action.index("Fighting")


def test_a_fight_needs_an_answer():
    with pytest.raises(ValueError, match="actor 1 fights actor 2, whose script has no Fight"):
        list(Scene([Actor((0, 8), [Fight(3, 2)]), Actor((1, 8))]).frames())


@pytest.mark.parametrize("name", scenes.SCENES)
def test_walkers_walk_and_standers_stand(name):
    """In own heights per second, over a second, within an action: the two are far apart."""
    found = {"Walking": [], "Standing": [], "Fighting": []}
    for seed in range(4):
        for part in parts_of(scenes.SCENES[name](np.random.default_rng(seed), 8, 12.0, Camera()), 12):
            for start, speed in enumerate(speeds(part)):
                if len(set(part.action[max(start - 20, 0) : start + 26])) == 1:
                    found[part.action[start]].append(speed / 1.7)
    assert np.quantile(found["Walking"], 0.02) > 0.15 and 0.6 < np.median(found["Walking"]) < 0.95
    assert max(found["Standing"], default=0) < 0.02


def test_nobody_walks_through_another():
    parts = parts_of(scenes.crowd(np.random.default_rng(1), 10, 10.0, Camera()), 10)
    gaps = [np.hypot(*(a.position - b.position).T) for i, a in enumerate(parts) for b in parts[i + 1 :]]
    assert np.quantile(gaps, 0.001) > 0.25


def test_feet_do_not_slide_and_steps_match_the_speed():
    """Walking at 1.3 m/s means some 110 to 120 steps a minute; a foot on the ground stays where it is."""
    _, (walker,) = perform([Actor((-6, 8), [Walk((8, 8), speed=1.3)], height=1.72)], 8)
    ball = track(walker, "left_ball")[50:]
    low = ball[:, 2] < ball[:, 2].min() + 0.01
    sliding = np.hypot(*np.diff(ball[:, :2], axis=0).T)[low[1:] & low[:-1]] * 25
    assert np.median(sliding) < 0.05  # m/s
    landings = np.sum(~low[:-1] & low[1:])
    assert 2 * landings / (len(ball) / 25) * 60 == pytest.approx(113, abs=14)


def test_arms_swing_against_the_legs():
    _, (walker,) = perform([Actor((-6, 8), [Walk((8, 8), speed=1.3)])], 8)
    hips = track(walker, "hips")[50:, 0]
    foot, hand = track(walker, "left_ankle")[50:, 0] - hips, track(walker, "left_wrist")[50:, 0] - hips
    assert np.corrcoef(foot, hand)[0, 1] < -0.7
    assert np.ptp(foot) > 0.5 and np.ptp(hand) > 0.3  # metres


def test_fighters_face_each_other_at_arms_length_and_their_fists_arrive():
    parts, (one, two) = perform([Actor((-0.6, 8), [Fight(20, 2)]), Actor((0.6, 8), [Fight(20, 1)])], 20)
    gap = parts[1].position - parts[0].position
    distance = np.hypot(*gap.T)
    assert distance.min() > 0.4 and np.quantile(distance, 0.95) < 1.7
    facing = np.cos(parts[0].heading - np.arctan2(gap[:, 1], gap[:, 0]))
    assert np.quantile(facing[25:], 0.02) > 0.8
    fists = np.concatenate([track(one, "left_wrist"), track(one, "right_wrist")]) - np.tile(track(two, "head"), (2, 1))
    assert np.sqrt((fists**2).sum(axis=1)).min() < 0.25
    wrist = np.sqrt((np.diff(track(one, "right_wrist") - track(one, "hips"), axis=0) ** 2).sum(axis=1)) * 25
    assert np.quantile(wrist, 0.99) > 2.5  # m/s: blows are fast
    assert len({parts[0].bout[f].beat(f / 25)[0].kind for f in range(500)}) >= 4


def test_who_falls_lies_down_and_gets_up():
    for seed in range(20):
        parts, histories = perform([Actor((-0.6, 8), [Fight(16, 2, True)]), Actor((0.6, 8), [Fight(16, 1, True)])], 16, seed=seed)
        falls = [beat for beat in parts[0].bout[0].beats if beat.kind == "fall"]
        if falls and falls[0].end < 15:
            break
    height = track(histories[1 - falls[0].attacker], "head")[:, 2]
    assert height[round(falls[0].start * 25) : round(falls[0].end * 25)].min() < 0.55
    assert height[round(falls[0].end * 25) + 10] > 1.2


@pytest.mark.parametrize("script", [[Stand(4, name)] for name in STANDS] + [[Walk((4, 9), manner=name)] for name in WALKS])
def test_bodies_keep_their_bones(script):
    _, (history,) = perform([Actor((0, 8), script, height=1.8)], 3)
    for side in ("left", "right"):
        for upper, lower, share in LIMBS:
            length = np.sqrt(((track(history, f"{side}_{upper}") - track(history, f"{side}_{lower}")) ** 2).sum(axis=1))
            assert length == pytest.approx(share * 1.8, rel=1e-6), (side, upper)
        assert (track(history, f"{side}_ball")[:, 2] > 0).all()


def test_manners_are_checked():
    with pytest.raises(ValueError, match="'hop' is no manner to walk in"):
        Walk((1, 8), manner="hop")
    with pytest.raises(ValueError, match="'sit' is no manner to stand in"):
        Stand(3, "sit")


@pytest.fixture(scope="module")
def street():
    return list(Scene(scenes.street(np.random.default_rng(3), 7, 4.0, Camera()), 3, 4.0, Camera(), fps=10).frames())


def test_boxes_hold_the_joints_and_lie_in_the_picture(street):
    for frame in street:
        for person in frame.people:
            left, top, right, bottom = person.tlbr
            assert 0 <= left < right <= 640 and 0 <= top < bottom <= 360
            x, y = person.joints.T
            inside = (x > 0) & (x < 640) & (y > 0) & (y < 360)
            assert (x[inside] >= left).all() and (x[inside] <= right).all(), KEYPOINTS
            assert (y[inside] >= top).all() and (y[inside] <= bottom).all()
            assert 0 <= person.visible <= 1


def test_boxes_are_tight_around_what_is_drawn():
    """Against the same scene without people: what differs inside, above the ground's shadow, reaches the box's edges."""
    camera, look = Camera(), draw_look(np.random.default_rng(0))
    actors = [Actor((0, 8), [Stand(3, "crossed", (0, 0))], look=look)]
    with_one, empty = (next(Scene(cast, 1, 0.1, camera, light="overcast").frames()) for cast in (actors, []))
    left, top, right, bottom = with_one.people[0].tlbr
    changed = np.abs(with_one.image.astype(int) - empty.image).max(axis=2) > 12
    rows, columns = np.nonzero(changed[: int(top + (bottom - top) * 0.6)])
    assert rows.min() == pytest.approx(top, abs=2.5)
    assert (columns.min(), columns.max()) == (pytest.approx(left, abs=2.5), pytest.approx(right, abs=2.5))


def test_visible_is_what_nobody_hides():
    camera = Camera()
    pair = [Actor((0, 10), [Stand(3)], height=1.7), Actor((0, 7), [Stand(3)], height=1.9)]
    hidden, front = next(Scene(pair, 0, 0.1, camera).frames()).people
    assert front.visible > 0.98
    assert 0 < hidden.visible < 0.6
    (alone,) = next(Scene(pair[:1], 0, 0.1, camera).frames()).people
    assert alone.visible > 0.98  # soles sink a little into the ground
    edge = next(Scene([Actor((camera_half(8), 8), [Stand(3)])], 0, 0.1, camera).frames()).people[0]
    assert 0.3 < edge.visible < 0.7  # half of it is outside


def camera_half(depth):
    """Metres from the middle to the edge of the default picture, for feet on the ground."""
    camera = Camera()
    along = camera.project([0, depth, 0.9])[2]
    return along * math.tan(math.radians(camera.angle / 2))


def test_nearer_people_are_larger_by_perspective():
    near, far = next(Scene([Actor((-1, 6), height=1.7), Actor((1, 12), height=1.7)], 0, 0.1).frames()).people
    assert (near.tlbr[3] - near.tlbr[1]) / (far.tlbr[3] - far.tlbr[1]) == pytest.approx(2, rel=0.1)


def test_the_same_seed_gives_the_same_scene_and_another_seed_another():
    first = digest(brief(5, manners=("noise",)).frames())
    assert first == digest(brief(5, manners=("noise",)).frames())
    assert first != digest(brief(6, manners=("noise",)).frames())


def detail(image):
    """Mean absolute difference of neighbouring pixels, in grey levels."""
    return float(np.abs(np.diff(image.astype(float), axis=1)).mean())


def test_camera_manners_do_what_they_say():
    plain = [frame.image for frame in brief().frames()]
    shown = {name: [frame.image for frame in brief(manners=(name,)).frames()] for name in manners.ORDER}
    assert all(not np.array_equal(images[0], plain[0]) for images in shown.values())
    still = {name: np.abs(np.diff(np.stack(images[:2]).astype(int), axis=0)).mean() for name, images in shown.items()}
    assert still["noise"] > 3 * np.abs(plain[1].astype(int) - plain[0]).mean()
    assert detail(shown["blur"][0]) < 0.9 * detail(plain[0])
    assert detail(shown["lowres"][0]) < 0.8 * detail(plain[0])
    assert np.ptp(shown["grey"][0], axis=2).max() == 0
    assert shown["night"][0].mean() < 0.6 * plain[0].mean()
    edges = np.abs(np.diff(shown["compressed"][0].astype(float), axis=1)).mean(axis=(0, 2))
    assert edges[7::8].mean() > 1.1 * np.delete(edges, np.s_[7::8]).mean()  # steps at the blocks' borders


@pytest.mark.parametrize("view", scenes.VIEWS)
def test_every_view_shows_its_people_from_head_to_foot(view):
    camera = scenes.VIEWS[view]
    actors = scenes.crossing(np.random.default_rng(0), 5, 4.0, camera)
    frames = list(Scene(actors, 0, 2.0, camera, fps=2).frames())
    assert all(len(frame.people) == 5 for frame in frames)
    boxes = np.array([person.tlbr for frame in frames for person in frame.people])
    assert np.mean((boxes[:, 1] > 0) & (boxes[:, 3] < 360)) > 0.95
    assert (boxes[:, 3] - boxes[:, 1]).min() > 60


def test_looks_are_varied():
    looks = [draw_look(np.random.default_rng(seed)) for seed in range(200)]
    assert len({look.top for look in looks}) == 200
    assert {look.pattern for look in looks} == set(PATTERNS)
    assert {look.legs for look in looks} == {"trousers", "shorts", "skirt", "coat"}


def test_choices_of_the_command_are_those_of_the_modules():
    assert tuple(scenes.SCENES) == stage.SCENES and tuple(scenes.VIEWS) == stage.VIEWS and stage.MANNERS == manners.ORDER


def test_command_writes_video_and_truth(script, tmp_path, rows):
    flags = [
        "--seed",
        4,
        "--seconds",
        0.6,
        "--people",
        4,
        "--scene",
        "fight",
        "--place",
        "room",
        "--size",
        "320x240",
        "--camera",
        "grey",
        "night",
    ]
    script("samples/stage.py", "--output", tmp_path / "a.mp4", *flags)
    clip, fps = read_clip(tmp_path / "a.mp4")
    assert clip.shape == (15, 240, 320, 3) and fps == 25
    truth, joints = rows(tmp_path / "a.csv"), rows(tmp_path / "a_joints.csv")
    assert list(truth[0]) == ["frame", "track_id", "left", "top", "width", "height", "action", "visible"]
    assert {row["frame"] for row in truth} == {str(n) for n in range(1, 16)}
    assert {row["action"] for row in truth} == {"Fighting"}
    assert len(joints) == len(truth) and len(joints[0]) == 2 + 2 * 17
    script("samples/stage.py", "--output", tmp_path / "b.mp4", *flags)
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "a.mp4").read_bytes()


def test_command_refuses_what_it_cannot_do(script, tmp_path):
    assert "error: " in script("samples/stage.py", "--output", tmp_path / "a.avi", code=1).stderr
    script("samples/stage.py", "--size", "12x12", code=2)
    script("samples/stage.py", "--seconds", "0", code=2)


def test_the_bundled_sample_is_what_the_command_makes(root, rows):
    """Its whole truth is there, and its beginning is the same again: rows to the last digit, pictures but for the encoding."""
    path = root / "samples/street.mp4"
    assert path.stat().st_size <= 3_000_000
    clip, fps = read_clip(path)
    assert (len(clip), fps) == (500, 25)
    truth = (root / "samples/street.csv").read_text().splitlines()
    made = sample_scene()
    for frame, _ in zip(made.frames(), range(10), strict=False):
        lines = [line for line in truth if line.startswith(f"{frame.number},")]
        assert lines == [stage.truth_row(frame.number, person) for person in frame.people]
        error = np.mean((frame.image.astype(float) - clip[frame.number - 1]) ** 2)
        assert 10 * np.log10(255**2 / error) > 33  # dB


def test_the_bundled_sample_has_what_it_is_for(root, rows):
    truth = rows(root / "samples/street.csv")
    assert {row["track_id"] for row in truth} == {str(n) for n in range(1, 8)}
    seconds = {action: sum(row["action"] == action for row in truth) / 25 for action in ("Fighting", "Standing", "Walking")}
    assert seconds["Fighting"] > 15 and seconds["Standing"] > 50 and seconds["Walking"] > 25
    assert min(float(row["height"]) for row in truth) >= 60
    assert np.mean([float(row["visible"]) > 0.5 for row in truth]) > 0.85
    assert min(float(row["visible"]) for row in truth) < 0.4  # somebody is hidden by somebody
