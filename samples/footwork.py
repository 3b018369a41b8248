"""Where the feet are: planted on the ground without sliding, and swung to where the body will be.

Walking ties the stride to the speed: step length in metres is 0.0064 times the steps per minute (the walk ratio of healthy adults,
N. Sekiya and H. Nagasaki, "Reproducibility of the walking patterns of normal young adults", 1998).
"""

import numpy as np

from samples.skeleton import ANKLE, BALL, HEEL, SIDES, basis

WALK_RATIO = 0.0064  # metres per (step/min)
WALKING = 0.3  # m/s; below it feet move only when the body has left them
SWING = 0.4  # of a stride a foot is in the air
STEP_SECONDS = 0.3  # of a single step on the spot
LONGEST = 0.25  # body heights that a foot is set down before the body
OFF_PLACE, OFF_YAW = 0.09, 0.6  # body heights and radians that make a standing person move a foot


class _Foot:
    def __init__(self, sign, place, yaw):
        self.sign, self.place, self.yaw, self.pitch, self.lift = sign, place, yaw, 0.0, 0.0
        self.swing = None  # start and end time, place and yaw before and after, lift, kick target or None


class Footwork:
    """Both feet of one person. `part` is its `samples.blocking.Part`, `height` in metres, `fps` the frames per second."""

    def __init__(self, part, height, fps):
        self.part, self.height, self.fps = part, height, fps
        self.phase, self._was_walking = 0.0, False
        self.velocity = _velocity(part.position, fps)
        self.stance = (0.055, 0.0)  # half the width and half the stagger (left foot forward) of the feet, body heights
        self.feet = {side: self._foot(sign) for side, sign in zip(SIDES, (1, -1), strict=True)}

    def _foot(self, sign):
        return _Foot(sign, *self._home(sign, 0))

    def step(self, frame, kick=None):
        """{side: (ankle (3,), yaw, pitch)} in a frame; call for every frame in turn. `kick` (side, (3,) target, seconds) begins one."""
        now, speed = frame / self.fps, np.hypot(*self.velocity[frame])
        walking = speed > WALKING
        if walking:
            self._walk(frame, now, speed)
        elif kick is None:
            self._shuffle(frame, now)
        self._was_walking = walking
        if kick is not None:
            self._begin(self.feet[kick[0]], now, kick[2], self.feet[kick[0]].place, self.feet[kick[0]].yaw, 0.05, kick[1])
        return {side: self._place(foot, frame, now) for side, foot in self.feet.items()}

    def airborne(self):
        """The sides whose foot is off the ground."""
        return [side for side, foot in self.feet.items() if foot.swing]

    def _home(self, sign, frame, stride=True):
        frame = min(frame, len(self.part.position) - 1)
        heading = self.part.heading[frame]
        width, stagger = self.stance
        forward, left, _ = basis(heading)
        place = self.part.position[frame] + self.height * sign * (width * left[:2] + stagger * forward[:2])
        return place, heading + sign * (0.12 + 2.5 * abs(stagger) * (sign < 0))

    def _walk(self, frame, now, speed):
        """Advance the gait's clock: the left foot swings from phase 0, the right one from 0.5."""
        soon = min(frame + round(0.3 * self.fps), len(self.velocity) - 1)
        speed = max(speed, np.hypot(*self.velocity[soon]))  # who sets off steps for the speed to come
        seconds = 2 * np.sqrt(WALK_RATIO * 60 * speed) * np.sqrt(self.height / 1.72) / speed
        seconds = min(seconds, 1.4)
        if not self._was_walking:
            behind = [(self.part.position[frame] - foot.place) @ self.velocity[frame] for foot in self.feet.values()]
            self.phase = -1e-6 if behind[0] >= behind[1] else 0.5 - 1e-6
        before, self.phase = self.phase, self.phase + 1 / self.fps / seconds
        width, _ = self.stance
        self.stance = (min(width, 0.045), 0.0)
        for foot, begin in zip(self.feet.values(), (0.0, 0.5), strict=True):
            if before < begin <= self.phase or before < begin + 1 <= self.phase:
                place, yaw = self._ahead(foot.sign, frame, seconds)
                self._begin(foot, now, SWING * seconds, place, yaw, 0.035 + 0.02 * speed)
        self.phase %= 1

    def _ahead(self, sign, frame, seconds):
        """Where a foot that leaves the ground now is set down: under the body as it will be in the middle of the foot's stance."""
        place, yaw = self._home(sign, frame + round((SWING + 0.3) * seconds * self.fps))
        landing, _ = self._home(sign, frame + round(SWING * seconds * self.fps))
        step = place - landing
        return landing + step * min(1, LONGEST * self.height / max(np.hypot(*step), 1e-6)), yaw

    def _shuffle(self, frame, now):
        """One foot at a time goes home when the body has moved or turned away from it."""
        if any(foot.swing for foot in self.feet.values()):
            return
        need = {}
        for foot in self.feet.values():
            place, yaw = self._home(foot.sign, frame + round(STEP_SECONDS * self.fps))
            off = np.hypot(*(place - foot.place)) / (OFF_PLACE * self.height) + abs(yaw - foot.yaw) / OFF_YAW
            need[off] = (foot, place, yaw)
        if max(need) > 1:
            foot, place, yaw = need[max(need)]
            self._begin(foot, now, STEP_SECONDS, place, yaw, 0.03)

    def _begin(self, foot, now, seconds, place, yaw, lift, kick=None):
        foot.swing = (now, now + seconds, foot.place, place, foot.yaw, yaw, lift * self.height, kick)

    def _place(self, foot, frame, now):
        """The ankle where a foot is, its heel up before it leaves and its toes up before it lands."""
        pitch, lift, place = self._planted_pitch(foot, frame), 0.0, foot.place
        if foot.swing:
            begin, end, before, after, yaw, new_yaw, height, kick = foot.swing
            share = min((now - begin) / (end - begin), 1.0)
            eased = share * share * (3 - 2 * share)
            place, foot.yaw = before + eased * (after - before), yaw + eased * (new_yaw - yaw)
            lift, pitch = height * np.sin(np.pi * share), self._swing_pitch(share, np.hypot(*(after - before)))
            if kick is not None:
                out = np.clip(min(share / 0.42, (1 - share) / 0.45), 0, 1)
                out = out * out * (3 - 2 * out)
                place, lift, pitch = place + out * (kick[:2] - place), out * kick[2] + lift, -0.7 * out
            foot.place = place if kick is None else foot.place
            if share >= 1:
                foot.swing = None
        foot.pitch += 0.6 * (pitch - foot.pitch)
        return self._ankle(foot, place, lift), foot.yaw, foot.pitch

    def _planted_pitch(self, foot, frame):
        forward = basis(self.part.heading[frame])[0][:2]
        if self.velocity[frame] @ forward < WALKING:
            return 0.0
        behind = (self.part.position[frame] - foot.place) @ forward / self.height
        return float(np.clip((behind - 0.1) * 5, 0, 0.8))

    def _swing_pitch(self, share, length):
        strength = min(length / (0.7 * self.height), 1.0)
        return strength * float(np.interp(share, [0, 0.15, 0.5, 0.8, 1], [0.8, 1.0, 0.2, -0.3, -0.3]))

    def _ankle(self, foot, place, lift):
        """The foot turns about its ball with the heel up, about its heel with the toes up."""
        flat, turned = basis(foot.yaw), basis(foot.yaw, foot.pitch)
        pivot = BALL if foot.pitch > 0 else -HEEL
        ground = np.array([*place, 0.4 * ANKLE * self.height + lift]) + flat[0] * pivot * self.height
        return ground - turned[0] * pivot * self.height + turned[2] * 0.6 * ANKLE * self.height


def _velocity(position, fps):
    """(F, 2) m/s over a fifth of a second around each frame."""
    frames, reach = np.arange(len(position)), max(1, round(0.1 * fps))
    after, before = np.minimum(frames + reach, len(position) - 1), np.maximum(frames - reach, 0)
    return (position[after] - position[before]) * (fps / np.maximum(after - before, 1))[:, None]
