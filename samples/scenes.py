"""Ready-made scenes: who comes, and what they do. Each takes a numpy Generator, how many people, how long, and the camera."""

import numpy as np

from samples.camera import Camera
from samples.script import STANDS, Actor, Fight, Stand, Walk

VIEWS = {
    "level": Camera(height=3.4, pitch=15.0, angle=52.0),
    "high": Camera(height=5.5, pitch=27.0, angle=50.0),
    "low": Camera(height=1.7, pitch=5.0, angle=54.0),
}
FAR = 10.5  # metres; farther people would be small
GAP = 0.55  # metres between two who talk, from their middle
WALK_SPEEDS = (0.95, 1.5)  # metres per second


class Ground:
    """The part of the ground on which the camera sees people from head to foot."""

    def __init__(self, camera):
        self._camera = camera
        below = np.radians(camera.pitch) + np.arctan(camera.size[1] / 2 / camera.focal)
        self.near = camera.height / np.tan(below) + 0.5

    def half(self, depth, share=0.85):
        """Metres from the middle to `share` of the way to the picture's side, at a depth."""
        return share * depth * self._camera.size[0] / 2 / self._camera.focal

    def lanes(self, rng, count):
        """`count` depths, evenly over the ground, in any order."""
        lanes = np.linspace(self.near, max(FAR, self.near + 2), count) + rng.uniform(-0.15, 0.15, count)
        return rng.permutation(lanes)

    def spot(self, rng, depth=None, share=0.75):
        """A place (x, y) anywhere on it, or at a depth."""
        depth = rng.uniform(self.near + 0.3, FAR) if depth is None else depth
        return float(rng.uniform(-1, 1) * self.half(depth, share)), float(depth)

    def spot_apart(self, rng, others, apart=1.4):
        """A place at least `apart` metres from where `others` begin, or after 50 trials anywhere."""
        for _ in range(50):
            spot = self.spot(rng)
            if all(np.hypot(spot[0] - other.start[0], spot[1] - other.start[1]) >= apart for other in others):
                break
        return spot


def crossing(rng, people, seconds, camera):
    """Everybody walks to and fro across the picture, each in a lane of its own, hiding those behind."""
    ground = Ground(camera)
    return [_to_and_fro(rng, ground, depth, (-1) ** i, seconds) for i, depth in enumerate(ground.lanes(rng, people))]


def street(rng, people, seconds, camera):
    """Two of four or more come to blows, two of six or more talk; of the rest half walk, and half stop on the way."""
    ground = Ground(camera)
    lanes = list(ground.lanes(rng, people))
    actors = _brawl(rng, ground, lanes.pop(), seconds, 1, 0.35) if people >= 4 else []
    actors += _talkers(rng, ground, ground.spot(rng, lanes.pop(), 0.6), seconds) if people >= 6 else []
    for i, depth in zip(range(people - len(actors)), lanes, strict=False):
        actors.append(_to_and_fro(rng, ground, depth, (-1) ** i, seconds) if i % 2 else _stroller(rng, ground, depth, seconds))
    return actors


def fight(rng, people, seconds, camera):
    """As many pairs as there are people for fight all the time, at most three; the one left over looks on or walks past."""
    ground = Ground(camera)
    pairs = max(1, min(3, people // 2))
    lanes = list(ground.lanes(rng, people))
    actors = []
    for pair in range(pairs):
        actors += _brawl(rng, ground, lanes.pop(), seconds, 2 * pair + 1, 0.0, (pair - (pairs - 1) / 2) * 3.0)
    for depth in lanes[: max(people - len(actors), 0)]:
        actors.append(_stroller(rng, ground, depth, seconds))
    return actors


def crowd(rng, people, seconds, camera):
    """Walkers in all directions among people who stand alone and in pairs."""
    ground = Ground(camera)
    actors = []
    while len(actors) < 0.45 * people:
        if rng.random() < 0.4 and people - len(actors) >= 2:
            actors += _talkers(rng, ground, ground.spot_apart(rng, actors), seconds)
        else:
            actors.append(Actor(ground.spot_apart(rng, actors), _stands(rng, seconds)))
    standing = list(actors)
    while len(actors) < people:
        points = [ground.spot_apart(rng, standing) for _ in range(2 + int(seconds / 2))]
        actors.append(Actor(points[0], [_walk(rng, *points[1:])]))
    return actors


SCENES = {"street": street, "crossing": crossing, "fight": fight, "crowd": crowd}


def _walk(rng, *points):
    manner = rng.choice(["swing", "pockets", "phone", "call", "folded"], p=[0.68, 0.1, 0.1, 0.07, 0.05])
    return Walk(*points, speed=float(rng.uniform(*WALK_SPEEDS)), manner=str(manner))


def _stands(rng, seconds, facing=None, manners=STANDS):
    """Stands of 2 to 6 seconds in a row."""
    steps = []
    while sum(step.seconds for step in steps) < seconds:
        steps.append(Stand(float(rng.uniform(2, 6)), str(rng.choice(manners)), facing))
    return steps


def _to_and_fro(rng, ground, depth, side, seconds):
    half = ground.half(depth)
    turns = [(side * half * (-1) ** (i + 1), depth) for i in range(2 + int(seconds * 1.6 / half))]
    return Actor((side * half * rng.uniform(0.5, 1.0), depth), [_walk(rng, *turns)])


def _stroller(rng, ground, depth, seconds):
    """Stands, walks somewhere else in its lane, stands again …"""
    actor, left = Actor(ground.spot(rng, depth)), seconds
    while left > 0:
        wait, goal = float(rng.uniform(2, 6)), ground.spot(rng, depth)
        actor.script += [*_stands(rng, wait), _walk(rng, goal)]
        left -= wait + 3
    return actor


def _talkers(rng, ground, spot, seconds):
    x, depth = spot
    angle = rng.uniform(-0.6, 0.6)
    places = [(x + sign * GAP * np.cos(angle), depth + sign * GAP * np.sin(angle)) for sign in (-1, 1)]
    manners = ("talk", "talk", "crossed", "hips", "pockets", "idle")
    return [Actor(place, _stands(rng, seconds, other, manners)) for place, other in zip(places, places[::-1], strict=True)]


def _brawl(rng, ground, depth, seconds, number, calm, shift=0.0):
    """Two, numbered from `number`, meet, argue for the share `calm` of the time, fight for most of the rest and part."""
    depth = max(depth, ground.near + 0.7)
    x = float(rng.uniform(-0.3, 0.3) * ground.half(depth)) + shift
    meet = [(x - 0.55, depth), (x + 0.55, depth)]
    blows = seconds * (0.55 if calm else 1.0)
    actors = []
    for i, sign in enumerate((-1, 1)):
        script = [Fight(blows, number + 1 - i, falls=bool(blows > 8))]
        if calm:
            start = (x + sign * ground.half(depth, 0.5), depth)
            script = [_walk(rng, meet[i]), Stand(seconds * calm * 0.4, "talk", meet[1 - i]), *script, _walk(rng, start)]
        actors.append(Actor(start if calm else meet[i], script))
    return actors
