"""Random changes to the picture of a person that leave the person who it is.

Light, camera, distance and how well the box lies are drawn for each picture, so that features follow clothes and build rather than
these. What tells a person apart must stay: no hue is turned, and grey pictures come for a whole group at a time.
"""

import cv2
import numpy as np

from deep_sort.encoder_data import HEIGHT, MARGIN, WIDTH

SHIFT, SCALE = 0.07, 0.12  # of the box's size: what a detector's boxes move and grow from frame to frame
GAMMA, GAIN, TINT, OFFSET = 0.35, 0.25, 0.08, 20.0  # of light; the last in grey levels of 255
OFTEN = {"coarse": 0.35, "noise": 0.3, "hidden": 0.35, "light": 0.8}


def middle(picture):
    """(96, 48, 3) uint8: a kept picture (115, 58, 3) without its margin, as the encoder sees a box."""
    return _cut(picture, 0.5, 0.5, 1.0, 1.0)


def change(picture, other, grey, rng):
    """(96, 48, 3) uint8: a kept picture (115, 58, 3), changed.

    `other` is the picture of somebody else, a part of whom may come before this person; `grey` takes the colour away.
    """
    scale = 1 + rng.uniform(-SCALE, SCALE, 2)
    image = _cut(picture, *(0.5 + rng.uniform(-SHIFT, SHIFT, 2) / MARGIN), *scale)
    if rng.random() < OFTEN["hidden"]:
        _hide(image, middle(other) if rng.random() < 0.7 else None, rng)
    if rng.random() < 0.5:
        image = image[:, ::-1]
    if rng.random() < OFTEN["coarse"]:
        image = _coarse(image, rng)
    if rng.random() < OFTEN["light"]:
        image = _light(image, rng)
    if rng.random() < OFTEN["noise"]:
        noise = rng.normal(0, rng.uniform(2, 12), image.shape).astype(np.float32)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8) if grey else image


def _cut(picture, x, y, wide, high):
    """The box of `wide` and `high` box sizes about the point (x, y), shares of the picture, at the network's size."""
    height, width = picture.shape[:2]
    across, down = wide * width / MARGIN / WIDTH, high * height / MARGIN / HEIGHT  # source pixels per pixel
    start = x * width - across * WIDTH / 2 + across / 2 - 0.5, y * height - down * HEIGHT / 2 + down / 2 - 0.5
    back = np.array([[across, 0, start[0]], [0, down, start[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, back, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _hide(image, other, rng):
    """Put a part of somebody else's picture, or one colour, over a side or the foot of a person: at most 45 percent of it."""
    share = rng.uniform(0.15, 0.45)
    side = rng.integers(3)
    if side == 2:
        area = np.s_[HEIGHT - round(HEIGHT * share) :, :]
    else:
        wide = round(WIDTH * share)
        area = np.s_[:, :wide] if side else np.s_[:, WIDTH - wide :]
    target = image[area]
    target[:] = rng.integers(0, 256, 3) if other is None else _part(other, target.shape, rng)


def _part(other, shape, rng):
    """A part of that shape, about the middle of somebody else's picture."""
    left = (WIDTH - shape[1]) // 2 + rng.integers(-3, 4) if shape[1] < WIDTH else 0
    left = int(np.clip(left, 0, WIDTH - shape[1]))
    return other[: shape[0], left : left + shape[1]]


def _coarse(image, rng):
    """Fewer pixels, or out of focus."""
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.8))
    share = rng.uniform(0.25, 0.7)
    small = cv2.resize(image, (max(round(WIDTH * share), 8), max(round(HEIGHT * share), 16)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


def _light(image, rng):
    """Another exposure, contrast and white balance, by a table of grey levels for each colour."""
    level = np.linspace(0, 1, 256)[:, None] ** np.exp(rng.uniform(-GAMMA, GAMMA))
    gain = (1 + rng.uniform(-GAIN, GAIN)) * (1 + rng.uniform(-TINT, TINT, 3))
    table = np.clip(255 * level * gain + rng.uniform(-OFFSET, OFFSET), 0, 255).astype(np.uint8)  # (256, 3)
    return cv2.LUT(np.ascontiguousarray(image), table[None])
