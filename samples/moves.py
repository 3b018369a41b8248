"""What trunk, head and arms do: one function per manner to walk, to stand and to fight.

Each gives or changes a pose (`samples.skeleton.pose`). `noise` (8,) are slow numbers about 0 that make two moments differ.
"""

import numpy as np

from samples.skeleton import ARM, HANGING, LEFT, RIGHT, SIDES, add, pose

_HAND = {"left": LEFT, "right": RIGHT}
_POCKET, _HIPS, _EAR = (0.1, 0.0, -0.78), (0.02, 0.04, -0.68), (0.12, -0.1, 0.33)
_PHONE, _SMOKE = (0.52, -0.26, -0.22), (0.3, -0.28, 0.22)
_FOLDED = (-0.15, -0.2, -0.62)  # behind the back
_GUARDS = {
    "boxer": ((0.48, -0.12, 0.1), (0.38, -0.18, 0.05)),
    "low": ((0.4, 0.05, -0.2), (0.32, 0.0, -0.25)),
    "open": ((0.5, 0.25, -0.2), (0.45, 0.3, -0.25)),
}


def walk(manner, phase, speed, noise):
    """A walker at `phase` of its stride (0: the left foot leaves the ground) and `speed` in metres per second."""
    swing = np.cos(2 * np.pi * (phase - 0.9)) * min(speed / 1.3, 1.4)  # 1: the left arm is foremost
    arms = [_swung_arm(0.42 * swing + 0.05), _swung_arm(-0.42 * swing + 0.05)]
    busy = {
        "pockets": (_POCKET, _POCKET),
        "phone": (None, _PHONE),
        "call": (None, _EAR),
        "folded": (_FOLDED, _FOLDED),
        "swing": (None, None),
    }
    arms = [arm if held is None else held for arm, held in zip(arms, busy[manner], strict=True)]
    return pose(
        *arms,
        sway=0.012 * np.cos(2 * np.pi * (phase - 0.7)), twist=-0.13 * swing, lean=0.03 + 0.04 * speed + 0.02 * noise[0],
        roll=-0.025 * np.cos(2 * np.pi * (phase - 0.7)), head_yaw=0.1 * swing + 0.35 * noise[1],
        head_pitch=(0.55 if manner == "phone" else 0.02) + 0.08 * noise[2],
    )  # fmt: skip


def _swung_arm(angle):
    """Hand of an arm swung forward by `angle` at the shoulder, its elbow bending more in front than behind."""
    fore = angle + 0.3 + max(angle, 0) * 0.9
    return (0.53 * np.sin(angle) + 0.47 * np.sin(fore), 0.1, -0.53 * np.cos(angle) - 0.47 * np.cos(fore))


def stand(manner, now, noise):
    """Somebody who waits, looks about, telephones, talks … at `now` seconds."""
    body = {"sway": 0.015 * noise[0], "lean": 0.03 + 0.02 * noise[1], "roll": 0.03 * noise[0], "twist": 0.08 * noise[2]}
    head = {"head_yaw": 0.35 * noise[3], "head_pitch": 0.08 + 0.1 * noise[4]}
    left = right = np.array(HANGING) + 0.03 * noise[5:8]
    if manner == "look":
        head = {"head_yaw": 1.1 * np.tanh(2 * noise[3]), "head_pitch": 0.1 * noise[4]}
        body["twist"] = 0.3 * np.tanh(2 * noise[3])
    elif manner == "phone":
        left, right = (_PHONE if noise[6] > 0.2 else left), np.array(_PHONE) + 0.03 * noise[5:8]
        head = {"head_yaw": -0.1 + 0.1 * noise[3], "head_pitch": 0.6}
    elif manner == "call":
        right, head["head_pitch"] = _EAR, 0.15
    elif manner == "crossed":
        left, right = (0.42, -0.52, -0.38), (0.36, -0.46, -0.46)
    elif manner in ("hips", "pockets"):
        left = right = _HIPS if manner == "hips" else _POCKET
    elif manner == "talk":
        left = np.array([0.42, -0.02, -0.42]) + 0.24 * noise[[1, 5, 7]]
        right = np.array([0.45, -0.02, -0.35]) + 0.28 * noise[[2, 6, 4]]
    elif manner == "smoke":
        up = np.clip(2.5 * np.sin(0.9 * now + noise[7]) - 1.2, 0, 1)
        right = np.array([0.2, 0.1, -0.75]) * (1 - up) + np.array(_SMOKE) * up
    elif manner == "wave":
        right = (0.15, 0.25 + 0.22 * np.sin(9 * now), 0.85)
    return pose(left, right, **body, **head)


def fight(bout, now, role, me, other, noise):
    """A fighter's pose and, on the frame it begins, a kick (side, target, seconds) or None.

    `me` and `other` show the joints of the frame before: `.joints`, `.frames`, `.height`.
    """
    beat, since = bout.beat(now)
    left, right = _GUARDS[bout.guards[role]]
    guard = pose(left + 0.08 * noise[:3], right + 0.08 * noise[3:6], drop=0.02 + 0.01 * np.sin(9 * now + role), lean=0.2 + 0.06 * noise[6])
    add(guard, twist=-0.25 + 0.1 * noise[7], sway=0.02 * noise[5], head_yaw=0.2, head_pitch=0.1)
    if me is None or beat.kind == "circle":
        return guard, None
    share = beat.share(since)
    if beat.kind == "grapple":
        return _grapple(guard, share, now, role, me, other, noise), None
    if beat.attacker == role:
        return _attack(guard, beat, share, me, other), _kick(beat, since, me, other)
    return _answer(guard, beat, share, now), None


def _bump(share, begin, top, end):
    """0 outside begin…end, 1 at top, smooth between."""
    x = np.clip(min((share - begin) / (top - begin), (end - share) / (end - top)), 0, 1)
    return x * x * (3 - 2 * x)


def _hand_at(me, side, target):
    """Hand of a pose that reaches for a point of the world, at most an arm's length away."""
    hand = (target - me.joints[f"{side}_shoulder"]) @ me.frames["trunk"].T / (ARM * me.height)
    hand[1] *= 1 if side == "left" else -1
    return hand * min(1, 1 / max(np.sqrt(hand @ hand), 1e-6))


def _bring(body, me, side, target, share):
    slot = _HAND[side]
    body[slot] += share * (_hand_at(me, side, target) - body[slot])


def _attack(body, beat, share, me, other):
    sign = 1 if beat.side == "left" else -1
    out = _bump(share, 0.08, 0.42, 0.85)
    if beat.kind in ("punch", "hook"):
        target = other.joints["head"] if beat.high else other.joints["waist"] * 0.4 + other.joints["chest"] * 0.6
        _bring(body, me, beat.side, target, out)
        add(body, twist=-sign * 0.55 * out + sign * 0.3 * _bump(share, 0, 0.12, 0.3), lean=0.22 * out + (0 if beat.high else 0.15 * out))
        if beat.kind == "hook":
            wide = _bump(share, 0.0, 0.25, 0.45)
            body[_HAND[beat.side]] += wide * np.array([-0.3, 0.65, 0.15])
            add(body, twist=sign * 0.5 * wide, roll=-sign * 0.12 * out)
    elif beat.kind == "kick":
        out = _bump(share, 0.05, 0.45, 0.95)
        add(body, lean=-0.35 * out, roll=sign * 0.12 * out, twist=sign * 0.3 * out)
        body[LEFT], body[RIGHT] = body[LEFT] + out * np.array([-0.1, 0.3, -0.3]), body[RIGHT] + out * np.array([-0.2, 0.35, -0.35])
    elif beat.kind == "push":
        out = _bump(share, 0.1, 0.4, 0.8)
        draw = _bump(share, 0.0, 0.15, 0.3)
        for side, partner in zip(SIDES, reversed(SIDES), strict=True):
            _bring(body, me, side, other.joints[f"{partner}_shoulder"] - [0, 0, 0.06 * other.height], out)
            body[_HAND[side]] += draw * np.array([-0.25, 0, 0])
        add(body, lean=0.32 * out - 0.1 * draw, twist=0.25 * out)
    elif beat.kind == "fall":
        _beat_down(body, beat, share, me, other)
    return body


def _beat_down(body, beat, share, me, other):
    """Knock the other down, then bend over and strike."""
    _bring(body, me, beat.side, other.joints["head"], _bump(share, 0.02, 0.1, 0.2))
    over = _bump(share, 0.2, 0.35, 0.75)
    add(body, lean=0.75 * over, drop=0.08 * over)
    side = SIDES[int(share * 14) % 2]
    _bring(body, me, side, other.joints["head"], over * abs(np.sin(14 * np.pi * share)))


def _kick(beat, since, me, other):
    """A kick begins once, a little after its beat; low ones at the thigh, high ones at the waist; and one at who is down."""
    begins = {"kick": 0.12, "fall": 1.6}.get(beat.kind)
    if begins is None or me.kicking or not begins <= since - beat.start < begins + 0.15:
        return None
    target = other.joints["waist" if beat.high and beat.kind == "kick" else f"{beat.side}_hip"].copy()
    target[2] = max(target[2] - (0.05 if beat.high else 0.2) * other.height, 0.12) if beat.kind == "kick" else 0.15
    return beat.side, target, 0.62


def _answer(body, beat, share, now):
    """What the other one does about it: is hit, covers up, slips aside, staggers from a push, falls."""
    sign = 1 if beat.side == "left" else -1
    if beat.kind == "fall":
        return _fall(body, share)
    if beat.kind == "push":
        back = _bump(share, 0.3, 0.5, 1.0)
        flail = np.array([0.1, 0.35, 0.1]) * np.sin(14 * now)
        body[LEFT] += back * (np.array([0.35, 0.5, 0.0]) - body[LEFT] + flail)
        body[RIGHT] += back * (np.array([0.4, 0.55, -0.1]) - body[RIGHT] - flail)
        return add(body, lean=-0.5 * back, head_pitch=0.25 * back, drop=0.03 * back)
    if beat.answer == "cover":
        up = _bump(share, 0.05, 0.3, 1.0)
        for slot in (LEFT, RIGHT):
            body[slot] += up * (np.array([0.34, -0.24, 0.3 if beat.high else -0.3]) - body[slot])
        return add(body, lean=0.25 * up, head_pitch=0.45 * up, drop=0.03 * up)
    if beat.answer == "slip":
        aside = _bump(share, 0.1, 0.4, 0.9)
        return add(body, roll=sign * 0.45 * aside, lean=0.1 * aside, drop=0.05 * aside, sway=-sign * 0.06 * aside)
    struck = _bump(share, 0.36, 0.5, 1.0)
    body[LEFT if beat.side == "right" else RIGHT] += struck * np.array([-0.1, 0.3, -0.1])
    if beat.high and beat.kind != "kick":
        return add(body, lean=-0.45 * struck, head_pitch=-0.45 * struck, head_yaw=sign * 0.7 * struck, twist=sign * 0.35 * struck)
    return add(body, lean=0.5 * struck, head_pitch=0.3 * struck, drop=0.04 * struck, sway=0.03 * sign * struck)


def _fall(body, share):
    """Knocked down backwards by a quarter of the beat, up again in its last third."""
    down = float(np.interp(share, [0.08, 0.24, 0.68, 0.98], [0, 1, 1, 0]))
    down = down * down * (3 - 2 * down)
    arms = np.array([0.3, 0.1, 0.25]) if share < 0.7 else np.array([-0.2, 0.45, -0.7])
    for slot in (LEFT, RIGHT):
        body[slot] += down * (arms - body[slot])
    return add(body, drop=0.42 * down, lean=-1.45 * down, head_pitch=0.25 * down)


def _grapple(body, share, now, role, me, other, noise):
    """Each holds the other by the shoulders and wrestles; between, a knee is raised or a short blow given."""
    hold = _bump(share, 0.0, 0.18, 1.3) if share < 0.85 else _bump(share, 0.5, 0.85, 1.0)
    sway = np.sin(5 * now + 2 * noise[0])
    for side, partner in zip(SIDES, reversed(SIDES), strict=True):
        grip = (
            other.joints[f"{partner}_shoulder"] if side == "left" else 0.6 * other.joints[f"{partner}_elbow"] + 0.4 * other.joints["chest"]
        )
        _bring(body, me, side, grip, hold)
    if (int(now * 2.2) + role) % 5 == 0:
        _bring(body, me, "right", other.joints["head"], abs(np.sin(2.2 * np.pi * now)))
    return add(
        body,
        lean=(0.28 + 0.12 * sway * (-1) ** role) * hold,
        roll=0.25 * sway * hold,
        twist=0.3 * noise[2] * hold,
        drop=0.025 * hold,
        head_pitch=0.25 * hold,
    )
