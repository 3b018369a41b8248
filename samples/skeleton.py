"""A body's joints from a pose: the spine is bent forward, the limbs reach their targets over two bones.

Segment lengths are fractions of the body's height after D. A. Winter, "Biomechanics and Motor Control of Human Movement",
4th edition, 2009, figure 4.1; hips and shoulders are where the joints are, further in than the body's outline.
"""

import numpy as np

ANKLE, SHANK, THIGH = 0.039, 0.246, 0.245
HIP, SHOULDER = 0.052, 0.105  # half the distance between the joints
PELVIS = ANKLE + SHANK + THIGH
SPINE = 0.818 - PELVIS  # hips to shoulders
HEAD = 0.935 - 0.818  # shoulders to the middle of the head
UPPER_ARM, FOREARM = 0.186, 0.165  # to the middle of the fist
ARM = UPPER_ARM + FOREARM
BALL, HEEL = 0.095, 0.035  # of the foot, before and behind the ankle

# The 17 keypoints of COCO, the order MoveNet gives them in too.
KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
SIDES = ("left", "right")
_FACE = {
    "nose": (1.05, 0, -0.1),
    "left_eye": (0.85, 0.32, 0.2),
    "right_eye": (0.85, -0.32, 0.2),
    "left_ear": (0, 0.85, 0),
    "right_ear": (0, -0.85, 0),
}
_HEAD_RADIUS = 0.055

# What a pose says. Lengths in body heights, angles in radians; hands are (forward, outward, up) from their shoulder in arm lengths.
POSE = ("drop", "sway", "lean", "roll", "twist", "head_yaw", "head_pitch", "left", "", "", "right", "", "")
_SLOT = {name: i for i, name in enumerate(POSE) if name}
LEFT, RIGHT = slice(_SLOT["left"], _SLOT["left"] + 3), slice(_SLOT["right"], _SLOT["right"] + 3)
HANGING = (0.06, 0.12, -0.94)


def pose(left=HANGING, right=HANGING, **values):
    """(13,) float64 in the order of `POSE`: `drop` of the hips, `sway` of them to the left, `lean` forward and `roll` to the
    right of the trunk, `twist` of the shoulders to the left, `head_yaw` to the left, `head_pitch` down, hands `left` and `right`."""
    out = np.zeros(len(POSE))
    for name, value in values.items():
        out[_SLOT[name]] = value
    out[LEFT], out[RIGHT] = left, right
    return out


def value(pose, name):
    """One number of a pose, by its name in `POSE`."""
    return pose[_SLOT[name]]


def add(pose, **values):
    """Add to numbers of a pose in place; returns it."""
    for name, amount in values.items():
        pose[_SLOT[name]] += amount
    return pose


def basis(yaw, pitch=0.0, roll=0.0):
    """(3, 3): forward, left and up as rows, of a body turned by `yaw`, bent forward by `pitch`, tilted to its right by `roll`."""
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    up = (cy * sp, sy * sp, cp)
    left = (-sy, cy, 0.0)
    return np.array([
        (cy * cp, sy * cp, -sp),
        [cr * a + sr * b for a, b in zip(left, up, strict=True)],
        [cr * b - sr * a for a, b in zip(left, up, strict=True)],
    ])  # fmt: skip


def reach(root, target, upper, lower, pole):
    """(2, 3) middle joint and end of a limb of two bones from `root` towards `target`, bent towards `pole`; stretched if too far."""
    line = target - root
    distance = max(float(np.sqrt(line @ line)), 1e-6)
    axis = line / distance
    distance = min(max(distance, abs(upper - lower) + 0.02 * upper), 0.998 * (upper + lower))
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    side = pole - axis * (pole @ axis)
    side /= max(float(np.sqrt(side @ side)), 1e-6)
    return np.stack([root + along * axis + np.sqrt(max(upper**2 - along**2, 0.0)) * side, root + distance * axis])


def joints(height, pose, hips, yaw, feet):
    """Every joint of a body: {name: (3,) metres}, and the frames {"trunk", "head": (3, 3) forward, left, up}.

    `hips` (3,) their middle, `yaw` of the hips, `feet` {side: (ankle (3,), yaw, pitch)}, pitch positive with the heel raised.
    """
    trunk = basis(yaw + value(pose, "twist"), value(pose, "lean"), value(pose, "roll"))
    waist_frame = basis(yaw + value(pose, "twist") / 2, value(pose, "lean") / 2, value(pose, "roll") / 2)
    waist = hips + waist_frame[2] * SPINE * 0.45 * height
    chest = waist + trunk[2] * SPINE * 0.55 * height
    out = {"hips": hips, "waist": waist, "chest": chest}
    out |= _head(height, pose, chest, yaw) | _arms(height, pose, chest, trunk) | _legs(height, hips, yaw, feet)
    return out, {"trunk": trunk, "hips": waist_frame, "head": _head_frame(pose, yaw)}


def _head_frame(pose, yaw):
    lean = 0.35 * value(pose, "lean") + value(pose, "head_pitch")
    return basis(yaw + value(pose, "twist") * 0.5 + value(pose, "head_yaw"), lean, 0.5 * value(pose, "roll"))


def _head(height, pose, chest, yaw):
    frame = _head_frame(pose, yaw)
    neck = chest + frame[2] * 0.035 * height
    head = (
        chest + (0.5 * frame[2] + 0.5 * basis(yaw, value(pose, "lean"), value(pose, "roll"))[2]) * HEAD * height + frame[0] * 0.012 * height
    )
    face = {name: head + np.array(offset) @ frame * _HEAD_RADIUS * height for name, offset in _FACE.items()}
    return {"neck": neck, "head": head} | face


def _arms(height, pose, chest, trunk):
    out = {}
    for side, sign, slot in zip(SIDES, (1, -1), (LEFT, RIGHT), strict=True):
        mirrored = np.array([1, sign, 1])
        shoulder = chest + trunk[1] * sign * SHOULDER * height - trunk[2] * 0.012 * height
        hand = shoulder + (pose[slot] * mirrored) @ trunk * ARM * height
        pole = np.array([-0.45, 0.45 * sign, -0.7]) @ trunk
        elbow, wrist = reach(shoulder, hand, UPPER_ARM * height, FOREARM * height, pole)
        out |= {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_wrist": wrist}
    return out


def _legs(height, hips, yaw, feet):
    out = {}
    for side, sign in zip(SIDES, (1, -1), strict=True):
        ankle, foot_yaw, pitch = feet[side]
        frame = basis(foot_yaw, pitch)
        hip = hips + basis(yaw)[1] * sign * HIP * height
        # the knee bends where hip and foot point to, a little outwards
        pole = frame[0] * 0.6 + basis(yaw + 0.12 * sign)[0] + np.array([0, 0, 0.15])
        knee, ankle = reach(hip, ankle, THIGH * height, SHANK * height, pole)
        sole = ankle - frame[2] * 0.6 * ANKLE * height
        out |= {f"{side}_hip": hip, f"{side}_knee": knee, f"{side}_ankle": ankle}
        out |= {f"{side}_ball": sole + frame[0] * BALL * height, f"{side}_heel": sole - frame[0] * HEEL * height}
    return out
