"""Who is where when: scripts become paths over the ground. (On a stage this is called blocking.)"""

from dataclasses import dataclass, field

import numpy as np

from samples.fights import Bout
from samples.script import Fight, Stand, Walk, check_fights

ARRIVED = 0.25  # metres from a waypoint
ACCELERATION = 2.6  # m/s², of walkers
FIGHT_SPEED, FIGHT_ACCELERATION = 2.2, 12.0  # of fighters, who lunge and stumble
PATIENCE = 1.2  # seconds in which a walker must get nearer to its waypoint, or it goes on to the next one
PERSONAL = 0.6  # metres that walkers keep from others; twice that from a fight


@dataclass
class Part:
    """What one actor does in each frame: `position` (x, y), `heading` (radians), `action`, `manner`, `bout` (None outside fights)."""

    position: list = field(default_factory=list)
    heading: list = field(default_factory=list)
    action: list = field(default_factory=list)
    manner: list = field(default_factory=list)
    bout: list = field(default_factory=list)


class _Player:
    """An actor on its way through its script."""

    def __init__(self, number, actor, height):
        self.number, self.height, self.script = number, height, list(actor.script)
        self.position, self.velocity = np.array(actor.start, float), np.zeros(2)
        self.bout = self.since = None
        self.part = Part()
        step = self.step
        goal = step.waypoints[0] if isinstance(step, Walk) else getattr(step, "facing", None)
        self.heading = angle_to(self.position, goal) if goal is not None else -np.pi / 2
        if isinstance(step, Walk):
            self.velocity = step.speed * np.array([np.cos(self.heading), np.sin(self.heading)])
        self.passed = 0  # waypoints
        self.nearest, self.waited = np.inf, 0.0  # metres to the next one, and seconds without getting nearer

    @property
    def step(self):
        return self.script[0] if self.script else None

    def next_step(self):
        self.script.pop(0)
        self.bout = self.since = None
        self.passed = 0

    def record(self, action, manner):
        self.part.position.append(self.position.copy())
        self.part.heading.append(self.heading)
        self.part.action.append(action)
        self.part.manner.append(manner)
        self.part.bout.append(self.bout)

    def hold_up(self, distance, dt):
        """Give up a waypoint that others keep it from."""
        self.waited += dt
        if distance < self.nearest - 0.1:
            self.nearest, self.waited = distance, 0.0
        if self.waited > PATIENCE:
            self.passed, self.nearest, self.waited = self.passed + 1, np.inf, 0.0

    def accelerate(self, wanted, limit, dt):
        change = wanted - self.velocity
        size = np.hypot(*change)
        self.velocity = self.velocity + change * min(1.0, limit * dt / max(size, 1e-9))
        self.position = self.position + self.velocity * dt

    def turn(self, angle, rate, dt):
        change = (angle - self.heading + np.pi) % (2 * np.pi) - np.pi
        self.heading += np.clip(change * min(1, 6 * dt), -rate * dt, rate * dt)


def angle_to(here, there):
    """Radians of the direction from one (x, y) to another."""
    return float(np.arctan2(there[1] - here[1], there[0] - here[0]))


def block(actors, heights, frames, fps, rng):
    """A `Part` of `frames` frames for each actor."""
    check_fights(actors)
    players = [_Player(number, actor, height) for number, (actor, height) in enumerate(zip(actors, heights, strict=True), 1)]
    for frame in range(frames):
        now = frame / fps
        for player in players:
            _skip_finished(player, players, now)
        _start_bouts(players, now, rng)
        for player in players:
            _advance(player, players, now, 1 / fps)
    for player in players:
        player.part.position, player.part.heading = np.array(player.part.position), np.array(player.part.heading)
    return [player.part for player in players]


def _skip_finished(player, players, now):
    """Go on in the script past everything that is over."""
    while player.step is not None:
        step = player.step
        if isinstance(step, Walk):
            while player.passed < len(step.waypoints) and np.hypot(*(step.waypoints[player.passed] - player.position)) < ARRIVED:
                player.passed, player.nearest, player.waited = player.passed + 1, np.inf, 0.0
            over = player.passed == len(step.waypoints)
        elif isinstance(step, Stand):
            player.since = now if player.since is None else player.since
            over = now - player.since >= step.seconds
        else:
            over = player.bout is not None and now - player.bout.begin >= player.bout.seconds
        if not over:
            return
        player.next_step()


def _start_bouts(players, now, rng):
    for one in players:
        if not isinstance(one.step, Fight) or one.bout is not None:
            continue
        other = players[one.step.opponent - 1]
        if isinstance(other.step, Fight) and other.step.opponent == one.number and other.bout is None:
            seconds = min(one.step.seconds, other.step.seconds)
            places = np.array([one.position, other.position])
            height = (one.height + other.height) / 2
            falls = one.step.falls and other.step.falls
            one.bout = other.bout = Bout(rng, (one.number, other.number), now, places, height, seconds, falls)
            one.bout.seconds = seconds


def _advance(player, players, now, dt):
    """Move one player by one frame and write down what it did."""
    step = player.step
    if player.bout is not None:
        _fight(player, players, now, dt)
        player.record("Fighting", "fight")
    elif isinstance(step, Walk):
        _walk(player, players, step, dt)
        player.record("Walking", step.manner)
    else:
        player.accelerate(np.zeros(2), ACCELERATION, dt)
        facing = step.facing if isinstance(step, Stand) else players[step.opponent - 1].position if step else None
        if facing is not None:
            player.turn(angle_to(player.position, facing), 2.5, dt)
        player.record("Standing", step.manner if isinstance(step, Stand) else "idle")


def _fight(player, players, now, dt):
    role = player.bout.numbers.index(player.number)
    gap = player.bout.places(now + 0.08)[role] - player.position  # they look ahead, or would lag behind their plan
    wanted = gap * 5
    wanted *= min(1, FIGHT_SPEED / max(np.hypot(*wanted), 1e-9))
    player.accelerate(wanted, FIGHT_ACCELERATION, dt)
    player.turn(angle_to(player.position, players[player.bout.numbers[1 - role] - 1].position), 8, dt)


def _walk(player, players, step, dt):
    gap = np.asarray(step.waypoints[player.passed]) - player.position
    wanted = step.speed * gap / np.hypot(*gap) + sum((_away(player, other) for other in players if other is not player), np.zeros(2))
    wanted *= min(1, 1.25 * step.speed / np.hypot(*wanted))
    off = np.cos(angle_to((0, 0), wanted) - player.heading)
    player.turn(angle_to((0, 0), wanted), 3.5, dt)
    player.accelerate(wanted * np.clip(0.3 + off, 0.1, 1), ACCELERATION, dt)  # who has to turn round slows down first
    player.hold_up(np.hypot(*gap), dt)


def _away(player, other):
    """Velocity that keeps a walker clear of another person: back from them, and past them on the side it is on."""
    gap = player.position - other.position
    distance = max(np.hypot(*gap), 1e-3)
    keep = PERSONAL * (2 if other.bout is not None else 1)
    if distance > 3 * keep or gap @ player.velocity > 0:
        return np.zeros(2)
    force = np.exp((keep - distance) / (0.35 * keep))
    ahead = player.velocity / max(np.hypot(*player.velocity), 1e-3)
    left = np.array([-ahead[1], ahead[0]])
    side = left if gap @ left >= 0 else -left
    return min(force, 2.0) * (0.25 * gap / distance + 0.75 * side)
