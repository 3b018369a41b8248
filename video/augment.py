"""Random changes to a clip that leave its action what it is. Drawn once per clip: all its frames change alike."""

from dataclasses import dataclass

import cv2
import numpy as np

from video.flow import NO_MOTION

CHANGES = ("flip", "crop", "colour", "time")
"""Mirror left and right; cut out and zoom; brightness, contrast and saturation; another window of the clip."""

MIN_SIDE = 0.75  # of the picture's side that a crop keeps at least
BRIGHTNESS = 30.0  # of 255, at most, up or down
CONTRAST = SATURATION = 0.25  # at most, more or less

GREY = np.full((3, 3), (0.299, 0.587, 0.114))  # each row gives the luma of R, G, B (ITU-R BT.601)


@dataclass(frozen=True)
class Change:
    """What happens to one clip.

    Attributes:
        flip: mirror left and right.
        crop: left, top and side of the part to keep, each as a part of the picture's side; None = all of it.
        colour: (3, 4) float, R, G, B and 1 to the new R, G, B; None = as they are.
    """

    flip: bool = False
    crop: tuple | None = None
    colour: np.ndarray | None = None

    def __call__(self, inputs):
        """Changed copies of "rgb" (T, H, W, 3) and "flow" (T, H, W, 2), uint8, whichever `inputs` holds, and of a "box" in them."""
        changed = {name: _crop(clip, self.crop) for name, clip in inputs.items() if name != "box"}
        if "flow" in changed and self.crop:
            changed["flow"] = _scale_flow(changed["flow"], 1 / self.crop[2])
        if self.flip:
            changed = {name: clip[:, :, ::-1] for name, clip in changed.items()}
            if "flow" in changed:
                changed["flow"] = _mirror_flow(changed["flow"])
        if "rgb" in changed and self.colour is not None:
            clip = changed["rgb"]
            changed["rgb"] = cv2.transform(clip.reshape(-1, *clip.shape[2:]), self.colour).reshape(clip.shape)
        return changed | ({"box": self._move(inputs["box"])} if "box" in inputs else {})

    def _move(self, box):
        """Where a box (4,) float32 of left, top, right, bottom, from 0 to 1, comes to lie; it may reach out of the picture."""
        left, top, side = self.crop or (0, 0, 1)
        box = (box - np.float32([left, top, left, top])) / np.float32(side)
        return np.float32([1 - box[2], box[1], 1 - box[0], box[3]]) if self.flip else box


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
    )


def _colour(brightness, contrast, saturation):
    """(3, 4) matrix of a change of colour; each argument -1 … 1 of what is allowed. Contrast turns about mid-grey."""
    keep = 1 + SATURATION * saturation
    matrix = (1 + CONTRAST * contrast) * (keep * np.eye(3) + (1 - keep) * GREY)
    shift = 127.5 * (1 - (1 + CONTRAST * contrast)) + BRIGHTNESS * brightness
    return np.column_stack([matrix, np.full(3, shift)])


def _crop(clip, crop):
    if crop is None:
        return clip
    height, width = clip.shape[1:3]
    left, top, side = crop
    # From output to input pixels, pixel centres at whole numbers: the middle of the part stays the middle.
    inside = np.array([[side, 0, left * width + (side - 1) / 2], [0, side, top * height + (side - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.stack([cv2.warpAffine(frame, inside, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE) for frame in clip])


def _scale_flow(fields, zoom):
    """Twice as near, things move twice as many pixels."""
    table = np.clip(np.rint(NO_MOTION + (np.arange(256) - NO_MOTION) * zoom), 0, 255).astype(np.uint8)
    return table[fields]


def _mirror_flow(fields):
    table = np.minimum(2 * NO_MOTION - np.arange(256), 255).astype(np.uint8)
    return np.stack([table[fields[..., 0]], fields[..., 1]], axis=-1)
