"""Boxes and labels on a frame: one colour per class, text in any alphabet the font knows, legible at any size."""

import colorsys
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

GREY = (150, 150, 150)  # BGR of a person without an answer
UNKNOWN = "unknown"  # the action whose score stays under the threshold


def class_colours(classes):
    """{class: BGR} with hues spread by the golden angle, so that neighbours in the list differ most; unknown is grey."""
    colours = {}
    for i, name in enumerate(classes):
        red, green, blue = colorsys.hsv_to_rgb((0.0 + i * 0.381966) % 1.0, 0.85, 0.95)
        colours[name] = (round(blue * 255), round(green * 255), round(red * 255))
    colours[UNKNOWN] = GREY
    return colours


def draw_people(image, people):
    """Draw boxes and labels into `image` ((H, W, 3) uint8 BGR, changed in place).

    `people` is a list of (tlbr pixels, text, BGR colour). Labels stay inside the picture and, while there is room, apart.
    """
    height, width = image.shape[:2]
    thickness = max(1, round(min(height, width) / 240))
    corners = [tuple(round(float(v)) for v in tlbr) for tlbr, _, _ in people]
    for (left, top, right, bottom), (_, _, colour) in zip(corners, people, strict=True):
        cv2.rectangle(image, (left, top), (right, bottom), colour, thickness, cv2.LINE_AA)
    taken = []
    for box, (_, text, colour) in zip(corners, people, strict=True):
        mask = text_mask(text, _text_size(height))
        x, y = _label_place(box, mask.shape, (height, width), taken)
        taken.append((x, y, x + mask.shape[1], y + mask.shape[0]))
        _put_label(image, x, y, mask, colour)


def _label_place(box, label, picture, taken):
    """Where a label (height, width) goes: above its box, else below, else inside, else one or two lines higher, wherever none is yet."""
    (left, top, _, bottom), (height, width) = box, label
    x = min(max(left, 0), max(picture[1] - width, 0))
    places = [min(max(y, 0), max(picture[0] - height, 0)) for y in (top - height, bottom, top, top - 2 * height, top - 3 * height)]
    return x, next((y for y in places if not any(_overlap((x, y, x + width, y + height), other) for other in taken)), places[0])


def _overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def put_text(image, x, y, mask, colour):
    """Write the letters of `text_mask` into `image` ((H, W, 3) uint8 BGR) with their left top corner at x, y, over what is there."""
    mask = mask[: image.shape[0] - y, : image.shape[1] - x, None]
    part = image[y : y + mask.shape[0], x : x + mask.shape[1]]
    part[:] = (part * (1 - mask) + np.array(colour, np.float32) * mask).astype(np.uint8)


def _put_label(image, x, y, mask, colour):
    mask = mask[: image.shape[0] - y, : image.shape[1] - x, None]
    ink = np.array((0, 0, 0) if np.dot(colour, (0.114, 0.587, 0.299)) > 110 else (255, 255, 255), np.float32)
    label = np.array(colour, np.float32) * (1 - mask) + ink * mask
    image[y : y + mask.shape[0], x : x + mask.shape[1]] = label.astype(np.uint8)


def _text_size(height):
    return max(11, round(height / 32))


@lru_cache(maxsize=512)
def text_mask(text, size):
    """(h, w) float32 coverage 0 to 1 of one line of text, `size` pixels high, with a margin around it."""
    from PIL import Image, ImageDraw

    font = _font(size)
    left, _, right, _ = font.getbbox(text)
    ascent, descent = font.getmetrics()
    margin = max(2, size // 6)
    canvas = Image.new("L", (right - left + 2 * margin, ascent + descent + margin))
    ImageDraw.Draw(canvas).text((margin - left, margin // 2), text, fill=255, font=font)
    return np.asarray(canvas, np.float32) / 255


@lru_cache(maxsize=8)
def _font(size):
    """DejaVu Sans Bold, which comes with matplotlib: Latin, Greek, Cyrillic, Arabic and more."""
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans-Bold.ttf"), size)
