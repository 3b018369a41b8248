"""How two people fight: a bout is a row of beats, and a path on which the two close in, circle and part."""

from typing import NamedTuple

import numpy as np

# Per kind of beat: how often, seconds, and how far apart the two are at its height, in body heights (an arm reaches 0.35, a leg 0.49).
KINDS = {
    "punch": (0.30, (0.36, 0.5), (0.40, 0.46)),
    "hook": (0.16, (0.5, 0.65), (0.34, 0.40)),
    "kick": (0.15, (0.7, 0.95), (0.50, 0.56)),
    "push": (0.13, (0.8, 1.1), (0.36, 0.42)),
    "grapple": (0.16, (1.3, 2.6), (0.34, 0.40)),
    "circle": (0.10, (0.4, 1.0), (0.5, 0.72)),
}
FALL = ("fall", (3.2, 4.2), (0.5, 0.6))
ANSWERS = ("hit", "hit", "cover", "slip")
APPROACH = 1.6  # metres per second, until they are near


class Beat(NamedTuple):
    """From `start` to `end` (seconds of the bout) the `attacker` (0 or 1) does `kind` with `side`; the other one's `answer`."""

    start: float
    end: float
    kind: str
    attacker: int
    side: str
    answer: str
    high: bool

    def share(self, now):
        """How much of it is over, 0 to 1."""
        return min(max((now - self.start) / (self.end - self.start), 0.0), 1.0)


class Bout:
    """A fight of two, planned as a whole from a seed.

    `numbers` the two actors (1-based), `positions` (2, 2) where they are when it begins, `height` metres, their mean,
    `seconds` it may last, `falls` whether one may go down.
    """

    def __init__(self, rng, numbers, begin, positions, height, seconds, falls):
        self.numbers, self.begin, self._rng, self._height = numbers, begin, rng, height
        gap = positions[1] - positions[0]
        self._knots = [(0.0, np.hypot(*gap), np.arctan2(gap[1], gap[0]), *positions.mean(axis=0))]
        self._home = positions.mean(axis=0)
        self._bold = rng.uniform(0.3, 0.7)  # how often the first of the two attacks
        self.guards = rng.choice(["boxer", "low", "open"], 2)
        self.beats = [self._square_up()]
        while self.beats[-1].end < seconds:
            self._add_beat(falls and seconds - self.beats[-1].end > 5)
        self._path = np.array(self._knots).T

    def beat(self, now):
        """The beat at scene time `now`, and the seconds since the bout began."""
        since = now - self.begin
        return next((beat for beat in self.beats if since < beat.end), self.beats[-1]), since

    def places(self, now):
        """(2, 2) where the two should stand at scene time `now`."""
        gap, angle, x, y = (np.interp(now - self.begin, self._path[0], row) for row in self._path[1:])
        half = gap / 2 * np.array([np.cos(angle), np.sin(angle)])
        return np.array([x, y]) + np.array([-half, half])

    def _square_up(self):
        _, gap, angle, x, y = self._knots[0]
        seconds = max(0.5, (gap - 0.6 * self._height) / (2 * APPROACH))
        self._knots.append((seconds, 0.6 * self._height, angle, x, y))
        return Beat(0.0, seconds, "circle", 0, "left", "hit", True)

    def _add_beat(self, may_fall):
        rng, start = self._rng, self.beats[-1].end
        fallen = any(beat.kind == "fall" for beat in self.beats)
        if may_fall and not fallen and rng.random() < 0.25:
            kind, seconds, gaps = FALL
        else:
            kind = rng.choice(list(KINDS), p=[row[0] for row in KINDS.values()])
            _, seconds, gaps = KINDS[kind]
        length = rng.uniform(*seconds)
        attacker = int(rng.random() > self._bold)
        beat = Beat(start, start + length, str(kind), attacker, rng.choice(["left", "right"]), rng.choice(ANSWERS), rng.random() < 0.7)
        self._move(beat, length, rng.uniform(*gaps) * self._height)
        self.beats.append(beat)

    def _move(self, beat, length, gap):
        """Path knots of a beat: closed in at three tenths of it, driven back or turned by its end."""
        rng, (_, _, angle, x, y) = self._rng, self._knots[-1]
        turn = rng.normal(0, 0.7 if beat.kind in ("grapple", "circle") else 0.2)
        drive = {"push": 0.45, "hook": 0.12, "punch": 0.1, "kick": 0.2, "grapple": 0.25, "fall": 0.1}.get(beat.kind, 0) * rng.uniform(
            0.6, 1.2
        )
        centre = (
            np.array([x, y]) + 0.25 * (self._home - (x, y)) + (-1) ** beat.attacker * drive * 0.7 * np.array([np.cos(angle), np.sin(angle)])
        )
        after = gap + {"push": 0.42, "kick": 0.14}.get(beat.kind, 0.05) * self._height * rng.uniform(0.7, 1.2)
        if beat.kind in ("grapple", "fall"):
            after = gap
        self._knots.append((beat.start + 0.3 * length, gap, angle + turn * 0.3, x, y))
        self._knots.append((beat.start + (0.72 if beat.kind == "push" else 1.0) * length, after, angle + turn, *centre))
