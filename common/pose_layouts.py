"""Which joint is which: the orders in which pose networks and data sets list the joints of a body."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Layout:
    """A list of joints.

    Attributes:
        names: of the K joints in order, lower case; those of one side begin with "left " or "right ".
        bones: pairs of joint names to draw lines between.
        hips, shoulders: names of the joints whose mean is the lower and the upper end of the torso.
    """

    names: tuple
    bones: tuple
    hips: tuple = ("left hip", "right hip")
    shoulders: tuple = ("left shoulder", "right shoulder")

    @cached_property
    def mirrored(self):
        """(K,) list: joint i of the mirror image is joint ``mirrored[i]`` of the picture; left and right change places."""
        swapped = {"left": "right", "right": "left"}
        parts = [name.partition(" ") for name in self.names]
        return [self.names.index(f"{swapped.get(side, side)}{space}{rest}") for side, space, rest in parts]

    def numbers(self, names):
        """Positions of joints in the list."""
        return [self.names.index(name) for name in names]

    @property
    def lines(self):
        """`bones` as pairs of positions."""
        return [tuple(self.numbers(bone)) for bone in self.bones]


_ARMS = tuple((f"{side} {a}", f"{side} {b}") for side in ("left", "right") for a, b in (("shoulder", "elbow"), ("elbow", "wrist")))
_LEGS = tuple((f"{side} {a}", f"{side} {b}") for side in ("left", "right") for a, b in (("hip", "knee"), ("knee", "ankle")))
_LIMBS = _ARMS + _LEGS
_SIDES = (("left shoulder", "left hip"), ("right shoulder", "right hip"))
_ACROSS = (("left shoulder", "right shoulder"), ("left hip", "right hip"))
_HEAD = tuple((f"{side} {part}", end) for side in ("left", "right") for part, end in (("ear", f"{side} eye"), ("eye", "nose")))
_NECK = (("neck", "left shoulder"), ("neck", "right shoulder"))
_COCO = ("nose", "left eye", "right eye", "left ear", "right ear")
_COCO += tuple(f"{side} {part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right"))
_JHMDB = ("neck", "belly", "face")
_JHMDB += tuple(f"{side} {part}" for part in ("shoulder", "hip", "elbow", "knee", "wrist", "ankle") for side in ("right", "left"))

LAYOUTS = {
    # cocodataset.org, keypoint task; MoveNet has the same order
    "coco17": Layout(_COCO, (*_HEAD, *_ACROSS, *_SIDES, *_LIMBS)),
    # Jhuang et al. 2013, "Towards understanding action recognition"
    "jhmdb15": Layout(
        _JHMDB, (("face", "neck"), ("neck", "belly"), *_NECK, ("belly", "left hip"), ("belly", "right hip"), *_LIMBS)
    ),
    # Kinect for Windows v1; UTD-MHAD
    "kinect20": Layout(
        (
            *("head", "neck", "spine", "hip centre", "left shoulder", "left elbow", "left wrist", "left hand", "right shoulder"),
            *("right elbow", "right wrist", "right hand", "left hip", "left knee", "left ankle", "left foot"),
            *("right hip", "right knee", "right ankle", "right foot"),
        ),
        (
            *(("head", "neck"), ("neck", "spine"), ("spine", "hip centre"), *_NECK),
            *(("hip centre", "left hip"), ("hip centre", "right hip"), *_LIMBS),
            *((f"{side} {a}", f"{side} {b}") for side in ("left", "right") for a, b in (("wrist", "hand"), ("ankle", "foot"))),
        ),
    ),
    # human-pose.mpi-inf.mpg.de
    "mpii16": Layout(
        (
            *("right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle", "pelvis", "thorax", "neck", "head"),
            *("right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist"),
        ),
        (
            *(("head", "neck"), ("neck", "thorax"), ("thorax", "pelvis"), ("thorax", "left shoulder"), ("thorax", "right shoulder")),
            *(("pelvis", "left hip"), ("pelvis", "right hip"), *_LIMBS),
        ),
    ),
}  # fmt: skip
