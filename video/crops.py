"""Persons in a video: follow them from frame to frame and cut a square picture of each."""

from typing import NamedTuple

import cv2
import numpy as np

from common.threads import Stages

CONTEXT = 1.2  # side of the crop over the longer side of the box: limbs and a little surrounding stay in the picture
CROP_SIZE = 224  # pixels; the input of I3D and of most image networks


class Person(NamedTuple):
    """One tracked person in one frame: `tlbr` (4,) float32 pixels, `score` of the last detection, `missed` frames since it."""

    track_id: int
    tlbr: np.ndarray
    score: float
    confirmed: bool
    missed: int


def follow(frames, detector, tracker, encoder=None, every=1, stages=None):
    """Yield (frame, persons) for each `video.io.Frame`: who is where.

    `detector.detect([image])` finds people on every `every`-th frame, `encoder(image, tlbr)` describes them (None: motion and
    overlap only), `tracker` keeps their identities and carries the boxes over the frames between. `persons` holds the tracks
    seen in the last `every` frames, unconfirmed ones included; `missed` is 0 for them and counts detection rounds without a
    match for the others. `stages` collects the time spent.
    """
    stages = stages or Stages()
    for frame in frames:
        since_detection = (frame.number - 1) % every
        if since_detection == 0:
            with stages("detect"):
                found = detector.detect([frame.image])[0]
            with stages("appearance"):
                features = _describe(encoder, frame.image, found, tracker.begin_score) if encoder else None
        with stages("track"):
            tracker.predict()
            if since_detection == 0:
                tracker.update(found.tlbr, found.score, features)
            persons = [_person(track, since_detection) for track in tracker.tracks]
        yield frame, persons


def _describe(encoder, image, found, least):
    """(N, D) features of the detections; zeros for those under the score `least`, which is not worth the time."""
    described = encoder(image, found.tlbr[found.score >= least])
    features = np.zeros((len(found.score), described.shape[1]), described.dtype)
    features[found.score >= least] = described
    return features


def _person(track, since_detection):
    return Person(track.track_id, track.tlbr, track.score, track.is_confirmed, max(track.time_since_update - since_detection, 0))


def tlwh(tlbr):
    """(left, top, width, height) in hundredths of a pixel, as the CSV files have it."""
    left, top, right, bottom = (round(float(v), 2) for v in tlbr)
    return left, top, round(right - left, 2), round(bottom - top, 2)


def square_around(shape, tlbr, context=CONTEXT):
    """(x, y, side) whole pixels of the square that `square_crop` cuts from a picture of `shape` (H, W, …); may reach out of it."""
    height, width = shape[:2]
    left, top, right, bottom = (float(v) for v in tlbr)
    side = max(round(max(right - left, bottom - top) * context), 2)
    side = min(side, 2 * max(height, width))
    x = round(min(max((left + right) / 2, 0), width) - side / 2)
    y = round(min(max((top + bottom) / 2, 0), height) - side / 2)
    return x, y, side


def square_crop(image, tlbr, size=CROP_SIZE, context=CONTEXT):
    """(size, size, 3) uint8 square around a box, never stretched; beyond the picture its edge pixels are replicated.

    image (H, W, 3) uint8; `tlbr` (4,) pixels, may reach out of the picture; the side is `context` times the longer box side.
    """
    height, width = image.shape[:2]
    x, y, side = square_around(image.shape, tlbr, context)
    inside = image[max(y, 0) : max(y + side, 0), max(x, 0) : max(x + side, 0)]
    borders = (max(-y, 0), max(y + side - height, 0), max(-x, 0), max(x + side - width, 0))
    if any(borders):
        inside = cv2.copyMakeBorder(inside, *borders, cv2.BORDER_REPLICATE)
    return cv2.resize(inside, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR)
