"""A body's limbs as rounded solids to draw, dressed as its look says."""

from typing import NamedTuple

import numpy as np

from samples.skeleton import SIDES

LOOSE = 1.12  # girth of cloth over girth of skin


class Paint(NamedTuple):
    """Two BGR colours (3,) float32 and how the second lies over the first (`samples.canvas.PATTERNS`)."""

    colour: np.ndarray
    second: np.ndarray
    pattern: str = "plain"


class Solid(NamedTuple):
    """A rounded solid between two points (3,) metres, with radii; `width` (2, 3) half a flat solid's width at both ends, and the
    direction `front` (3,) that its pattern faces."""

    begin: np.ndarray
    end: np.ndarray
    radii: tuple
    paint: Paint
    width: np.ndarray | None = None
    front: np.ndarray | None = None


def paint(colour, second=None, pattern="plain"):
    """A `Paint` from plain tuples."""
    colour = np.array(colour, np.float32)
    return Paint(colour, colour if second is None else np.array(second, np.float32), pattern)


class Wardrobe:
    """The paints of a look, made once."""

    def __init__(self, look):
        self.look = look
        self.top, self.skin, self.shoes = paint(look.top, look.second, look.pattern), paint(look.skin), paint(look.shoes)
        self.sleeve = paint(look.top, look.second, look.pattern if look.pattern in ("hoops", "check") else "plain")
        self.trousers, self.hair = paint(look.trousers), paint(look.hair)
        self.head = paint(look.skin, look.second if look.cap else look.hair, "hair")
        self.hem = self.top if look.legs == "coat" else self.trousers
        self.backpack = paint(look.backpack) if look.backpack else None


def solids(joints, frames, height, wardrobe):
    """The `Solid`s of one person, from `samples.skeleton.joints`."""
    return [
        *_trunk(joints, frames, height, wardrobe),
        *_head(joints, frames, height, wardrobe),
        *(solid for side in SIDES for solid in _arm(joints, side, height, wardrobe)),
        *(solid for side in SIDES for solid in _leg(joints, side, height, wardrobe)),
    ]


def _trunk(at, frames, height, wardrobe):
    girth, left, front = height * wardrobe.look.build * 1.06, frames["trunk"][1], frames["trunk"][0]
    hip_left = frames["hips"][1]
    upper = at["chest"] - frames["trunk"][2] * 0.03 * height
    widths = [left * w * girth for w in (0.068, 0.045)] + [hip_left * w * girth for w in (0.045, 0.042)]
    yield Solid(upper, at["waist"], (0.054 * girth, 0.053 * girth), wardrobe.top, np.stack(widths[:2]), front)
    below = at["hips"] - frames["hips"][2] * 0.012 * height
    yield Solid(
        at["waist"], below, (0.053 * girth, 0.052 * girth), wardrobe.top._replace(pattern=_below(wardrobe)), np.stack(widths[1:3]), front
    )
    yield Solid(
        below, below - frames["hips"][2] * 0.035 * height, (0.058 * girth, 0.055 * girth), wardrobe.hem, np.stack(widths[2:]), front
    )
    if wardrobe.look.legs in ("skirt", "coat"):
        hem = 0.5 * (at["left_knee"] + at["right_knee"]) + np.array([0, 0, 0.02 * height])
        spread = 0.5 * (at["left_knee"] - at["right_knee"])
        width = np.stack([hip_left * 0.045 * girth, spread * 0.7 + hip_left * 0.01 * girth])
        yield Solid(below, hem, (0.066 * girth, 0.066 * girth), wardrobe.hem, width, front)
    if wardrobe.backpack:
        back = [at["chest"] - front * 0.1 * height - frames["trunk"][2] * low * height for low in (0.05, 0.2)]
        yield Solid(*back, (0.045 * height, 0.055 * height), wardrobe.backpack, np.stack([left * 0.04 * height] * 2), front)


def _below(wardrobe):
    return "plain" if wardrobe.look.pattern == "yoke" else wardrobe.look.pattern


def _head(at, frames, height, wardrobe):
    up, front = frames["head"][2], frames["head"][0]
    yield Solid(at["chest"], at["neck"] + up * 0.02 * height, (0.034 * height, 0.03 * height), wardrobe.skin)
    low, high = at["head"] - up * 0.018 * height + front * 0.006 * height, at["head"] + up * 0.018 * height
    yield Solid(high, low, (0.054 * height, 0.043 * height), wardrobe.head, None, front)
    if wardrobe.look.long_hair:
        behind = at["head"] - front * 0.022 * height
        yield Solid(behind, behind - up * 0.085 * height - front * 0.012 * height, (0.042 * height, 0.032 * height), wardrobe.hair)
    if wardrobe.look.cap:
        brim = at["head"] + up * 0.03 * height
        cap = paint(wardrobe.look.second)
        yield Solid(brim + front * 0.03 * height, brim + front * 0.075 * height, (0.012 * height, 0.009 * height), cap,
                    np.stack([frames["head"][1] * 0.025 * height] * 2))  # fmt: skip


def _arm(at, side, height, wardrobe):
    shoulder, elbow, wrist = (at[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
    girth = height * (0.4 + 0.6 * wardrobe.look.build)
    bare = wardrobe.look.short_sleeves
    cloth, fore = girth * LOOSE, girth if bare else girth * LOOSE
    yield Solid(shoulder, elbow, (0.035 * cloth, 0.027 * cloth), wardrobe.sleeve)
    yield Solid(elbow, wrist, (0.025 * fore, 0.019 * fore), wardrobe.skin if bare else wardrobe.sleeve)
    along = (wrist - elbow) / max(np.sqrt((wrist - elbow) @ (wrist - elbow)), 1e-6)
    yield Solid(wrist - 0.01 * height * along, wrist + 0.025 * height * along, (0.021 * height, 0.02 * height), wardrobe.skin)


def _leg(at, side, height, wardrobe):
    hip, knee, ankle, ball, heel = (at[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "ball", "heel"))
    girth = height * (0.3 + 0.7 * wardrobe.look.build)
    cloth = girth * LOOSE
    bare = wardrobe.look.legs in ("shorts", "skirt")
    lower = wardrobe.skin if bare else wardrobe.trousers
    thigh, upper = (girth * 0.92, wardrobe.skin) if wardrobe.look.legs == "skirt" else (cloth, wardrobe.trousers)
    yield Solid(hip, knee, (0.05 * thigh, 0.036 * thigh), upper)
    calf = 0.35 * ankle + 0.65 * knee
    yield Solid(knee, calf, (0.033 * (girth if bare else cloth), 0.032 * (girth if bare else cloth)), lower)
    yield Solid(calf, ankle, (0.032 * (girth if bare else cloth), (0.019 if bare else 0.027) * girth), lower)
    yield Solid(heel + np.array([0, 0, 0.008 * height]), ball + (ball - heel) * 0.22, (0.024 * height, 0.018 * height), wardrobe.shoes)
