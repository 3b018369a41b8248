"""A track at a glance: pictures of it in a grid, each with its frame number."""

import cv2
import numpy as np

from common.files import writing
from video.mjpeg import decode_jpeg

COLUMNS, ROWS = 4, 4
SIDE, GAP = 200, 4  # pixels from picture to picture, and between them
STRIP = 26  # pixels below each picture, for the number


def write_contact_sheet(path, pictures):
    """Write a JPEG of up to 16 pictures spread evenly over `pictures` ({frame number: path}, ascending), complete or not at all.

    Raises InputError for a picture that cannot be read.
    """
    numbers = list(pictures)
    count = min(len(numbers), COLUMNS * ROWS)
    chosen = [numbers[i] for i in np.linspace(0, len(numbers) - 1, count).round().astype(int)]
    tiles = [_tile(pictures[number], number) for number in chosen]
    tiles += [np.zeros_like(tiles[0])] * (-count % COLUMNS)
    sheet = np.vstack([np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)])
    with writing(path) as partial:
        partial.write_bytes(cv2.imencode(".jpg", sheet)[1].tobytes())


def _tile(path, number):
    image = decode_jpeg(path.read_bytes(), path)
    scale = (SIDE - GAP) / max(image.shape[:2])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile = np.zeros((SIDE + STRIP, SIDE, 3), np.uint8)
    tile[: image.shape[0], : image.shape[1]] = image
    cv2.putText(tile, str(number), (6, SIDE + STRIP - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    return tile
