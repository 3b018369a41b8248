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


def draw_person(image, tlbr, text, colour):
    """Draw a box and its label into `image` ((H, W, 3) uint8 BGR, changed in place); the label stays inside the picture."""
    height, width = image.shape[:2]
    left, top, right, bottom = (round(float(v)) for v in tlbr)
    cv2.rectangle(image, (left, top), (right, bottom), colour, max(1, round(min(height, width) / 240)), cv2.LINE_AA)
    mask = _text_mask(text, _text_size(height))
    y = top - mask.shape[0] if top >= mask.shape[0] else min(max(top, 0), max(height - mask.shape[0], 0))
    x = min(max(left, 0), max(width - mask.shape[1], 0))
    _put_label(image, x, y, mask, colour)


def _put_label(image, x, y, mask, colour):
    mask = mask[: image.shape[0] - y, : image.shape[1] - x, None]
    ink = np.array((0, 0, 0) if np.dot(colour, (0.114, 0.587, 0.299)) > 110 else (255, 255, 255), np.float32)
    label = np.array(colour, np.float32) * (1 - mask) + ink * mask
    image[y : y + mask.shape[0], x : x + mask.shape[1]] = label.astype(np.uint8)


def _text_size(height):
    return max(11, round(height / 32))


@lru_cache(maxsize=512)
def _text_mask(text, size):
    """(h, w) float32 coverage 0 to 1 of one line of text with a margin around it."""
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
