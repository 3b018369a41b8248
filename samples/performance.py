"""An actor in motion: its part, frame by frame, becomes the joints of its body."""

import numpy as np

from samples import moves
from samples.footwork import Footwork
from samples.skeleton import HIP, PELVIS, SHANK, SIDES, THIGH, basis, joints, value

SMOOTH = {"fight": 0.035}  # seconds in which a body follows a new pose
CALM = 0.14
STANCES = {"fight": (0.075, 0.085)}  # of `Footwork.stance`
COUNTERWEIGHT = 0.09  # body heights that the hips go back when the trunk is level


class Performer:
    """One actor's body over time. Call `act` for every frame in turn.

    Attributes after it: `joints` {name: (3,) metres}, `frames` {"trunk", "hips", "head": (3, 3)}, `action`, `height`, `kicking`.
    """

    def __init__(self, number, part, height, fps, rng):
        self.number, self.part, self.height, self.fps = number, part, height, fps
        self.joints = self.frames = self._pose = None
        self._rates, self._shifts = rng.uniform(0.5, 1.9, (2, 8)), rng.uniform(0, 2 * np.pi, (2, 8))
        self._feet = Footwork(part, height, fps)
        self._width = rng.uniform(0.05, 0.085)
        self._hips_height = None

    @property
    def kicking(self):
        return any(foot.swing and foot.swing[-1] is not None for foot in self._feet.feet.values())

    def act(self, frame, opponent=None):
        """Move to a frame; `opponent` is the Performer it fights with, in a fight."""
        now, manner = frame / self.fps, self.part.manner[frame]
        self.action = self.part.action[frame]
        wanted, kick = self._wanted(frame, now, manner, opponent)
        follow = 1 - np.exp(-1 / self.fps / SMOOTH.get(manner, CALM))
        self._pose = wanted if self._pose is None else self._pose + follow * (wanted - self._pose)
        self._feet.stance = STANCES.get(manner, (self._width, 0.0))
        feet = self._feet.step(frame, kick)
        heading = self.part.heading[frame]
        hips = self._hips(frame, heading, feet)
        self.joints, self.frames = joints(self.height, self._pose, hips, heading, feet)

    def _wanted(self, frame, now, manner, opponent):
        noise = np.sin(self._rates[0] * now + self._shifts[0]) * 0.6 + np.sin(1.7 * self._rates[1] * now + self._shifts[1]) * 0.4
        if self.part.bout[frame] is not None:
            role = self.part.bout[frame].numbers.index(self.number)
            return moves.fight(self.part.bout[frame], now, role, *self._seen(opponent), noise)
        if self.part.action[frame] == "Walking":
            return moves.walk(manner, self._feet.phase, np.hypot(*self._feet.velocity[frame]), noise), None
        return moves.stand(manner, now, noise), None

    def _seen(self, other):
        return (None, None) if self.joints is None or other.joints is None else (self, other)

    def _hips(self, frame, heading, feet):
        """The hips over the ground: as high as the planted legs reach, so that they rise and sink with every step."""
        forward, left, _ = basis(heading)
        balance = left * value(self._pose, "sway") - forward * COUNTERWEIGHT * np.sin(value(self._pose, "lean"))
        place = np.array([*self.part.position[frame], 0.0]) + balance * self.height
        top = (PELVIS - 0.002 - value(self._pose, "drop")) * self.height
        reach = 0.996 * (THIGH + SHANK) * self.height
        for side, sign in zip(SIDES, (1, -1), strict=True):
            if side not in self._feet.airborne():
                gap = feet[side][0][:2] - (place + left * sign * HIP * self.height)[:2]
                top = min(top, feet[side][0][2] + np.sqrt(max(reach**2 - gap @ gap, (0.6 * reach) ** 2)))
        self._hips_height = top if self._hips_height is None else self._hips_height + 0.6 * (top - self._hips_height)
        place[2] = self._hips_height
        return place
