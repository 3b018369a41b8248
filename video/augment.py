"""Random changes to a clip that leave its action what it is. Drawn once per clip: all its frames change alike."""

from dataclasses import dataclass

import cv2
import numpy as np

from video.flow import NO_MOTION

CHANGES = ("flip", "crop", "colour", "time", "rotate", "blur", "noise", "erase")
"""Mirror left and right; cut out and zoom; brightness, contrast and saturation; another window of the clip; turn; soften; sensor noise;
a rectangle without anything (arXiv 1708.04896). Flow is mirrored, zoomed, turned and erased; what else there is concerns colours."""

MIN_SIDE = 0.75  # of the picture's side that a crop keeps at least
BRIGHTNESS = 30.0  # of 255, at most, up or down
CONTRAST = SATURATION = 0.25  # at most, more or less
ANGLE = 15.0  # degrees at most, either way
BLUR = 0.01  # standard deviation of the Gaussian at most, of the picture's side
NOISE = 10.0  # standard deviation at most, of 255; other noise in every frame
ERASED = (0.1, 0.35)  # width and height of the rectangle, of the picture's side

GREY = np.full((3, 3), (0.299, 0.587, 0.114))  # each row gives the luma of R, G, B (ITU-R BT.601)


@dataclass(frozen=True)
class Change:
    """What happens to one clip.

    Attributes:
        flip: mirror left and right.
        crop: left, top and side of the part to keep, each as a part of the picture's side; None = all of it.
        colour: (3, 4) float, R, G, B and 1 to the new R, G, B; None = as they are.
        angle: degrees that the picture turns by, clockwise.
        blur: standard deviation of a Gaussian, as a part of the picture's side.
        noise: standard deviation of 255, and the seed of the noise; None = none.
        erase: left, top, width and height of what becomes grey and still, as parts of the picture's sides; None = nothing.
    """

    flip: bool = False
    crop: tuple | None = None
    colour: np.ndarray | None = None
    angle: float = 0.0
    blur: float = 0.0
    noise: tuple | None = None
    erase: tuple | None = None

    def __call__(self, inputs):
        """Changed copies of "rgb" (T, H, W, 3) and "flow" (T, H, W, 2), uint8, whichever `inputs` holds."""
        changed = dict(inputs)
        if self.crop or self.angle:
            changed = {name: _warp(clip, self.crop or (0, 0, 1), self.angle) for name, clip in inputs.items()}
        if self.flip:
            changed = {name: clip[:, :, ::-1] for name, clip in changed.items()}
            if "flow" in changed:
                changed["flow"] = _mirror_flow(changed["flow"])
        if "rgb" in changed:
            changed["rgb"] = self._recolour(changed["rgb"])
        if self.erase:
            changed = {name: _erase(clip, self.erase) for name, clip in changed.items()}
        return changed

    def _recolour(self, clip):
        if self.blur:
            clip = np.stack([cv2.GaussianBlur(frame, (0, 0), self.blur * clip.shape[1]) for frame in clip])
        if self.colour is not None:
            clip = cv2.transform(clip.reshape(-1, *clip.shape[2:]), self.colour).reshape(clip.shape)
        if self.noise:
            deviation, seed = self.noise
            noise = deviation * np.random.default_rng(seed).standard_normal(clip.shape, np.float32)
            clip = np.clip(np.rint(clip + noise), 0, 255).astype(np.uint8)
        return clip


def draw(changes, rng):
    """Draw a `Change` of the kinds named in `changes` (those of `CHANGES`; "time" is not for it) from a numpy Generator.

    Every kind uses up the same random numbers whether it is asked for or not, so asking for one more leaves the rest.
    """
    flip, side, left, top, brightness, contrast, saturation = rng.random(7)
    side = MIN_SIDE + (1 - MIN_SIDE) * side
    return Change(
        flip=bool("flip" in changes and flip < 0.5),
        crop=(left * (1 - side), top * (1 - side), side) if "crop" in changes else None,
        colour=_colour(2 * brightness - 1, 2 * contrast - 1, 2 * saturation - 1) if "colour" in changes else None,
        **_draw_heavy(changes, rng.spawn(1)[0]),
    )


def _draw_heavy(changes, rng):
    angle, blur, noise, width, height, left, top = rng.random(7)
    width, height = (ERASED[0] + (ERASED[1] - ERASED[0]) * part for part in (width, height))
    return {
        "angle": ANGLE * (2 * angle - 1) if "rotate" in changes else 0.0,
        "blur": BLUR * blur if "blur" in changes else 0.0,
        "noise": (NOISE * noise, int(rng.integers(2**32))) if "noise" in changes else None,
        "erase": (left * (1 - width), top * (1 - height), width, height) if "erase" in changes else None,
    }


def _colour(brightness, contrast, saturation):
    """(3, 4) matrix of a change of colour; each argument -1 … 1 of what is allowed. Contrast turns about mid-grey."""
    keep = 1 + SATURATION * saturation
    matrix = (1 + CONTRAST * contrast) * (keep * np.eye(3) + (1 - keep) * GREY)
    shift = 127.5 * (1 - (1 + CONTRAST * contrast)) + BRIGHTNESS * brightness
    return np.column_stack([matrix, np.full(3, shift)])


def _warp(clip, crop, angle):
    """The part `crop` of all frames, turned by `angle` about its middle, as large as they were; flow is as much larger, and turned."""
    height, width, channels = clip.shape[1:]
    left, top, side = crop
    turn = np.array([[np.cos(np.radians(angle)), np.sin(np.radians(angle))], [-np.sin(np.radians(angle)), np.cos(np.radians(angle))]])
    # From output to input pixels, pixel centres at whole numbers: the middle of the part goes to the middle.
    middle, part = np.array([width - 1, height - 1]) / 2, np.array([(left + side / 2) * width, (top + side / 2) * height]) - 0.5
    inside = np.column_stack([side * turn, part - side * turn @ middle])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    clip = np.stack([cv2.warpAffine(frame, inside, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE) for frame in clip])
    if channels == 3:
        return clip
    outside = turn.T / side  # twice as near, things move twice as many pixels
    matrix = np.column_stack([outside, NO_MOTION - outside @ [NO_MOTION, NO_MOTION]])
    return cv2.transform(clip.reshape(-1, width, 2), matrix).reshape(clip.shape)


def _erase(clip, part):
    height, width = clip.shape[1:3]
    left, top, right, bottom = part[0], part[1], part[0] + part[2], part[1] + part[3]
    clip = clip.copy()
    clip[:, round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = NO_MOTION
    return clip


def _mirror_flow(fields):
    table = np.minimum(2 * NO_MOTION - np.arange(256), 255).astype(np.uint8)
    return np.stack([table[fields[..., 0]], fields[..., 1]], axis=-1)
