"""What boxes say about what their people do: how far somebody moves, and who is near whom."""

import numpy as np

STANDING, WALKING = 0.12, 0.35
"""Own heights per second: who moves slower stands, who moves faster walks, and of those between nothing is said."""

GROWTH = 0.12  # share of the height per second: who comes nearer by more does not stand
NEAR = 1.2  # mean heights between two centres
ALIKE = 0.6  # heights of people at about the same distance from the camera differ by no more than this
SPAN = 0.9  # seconds of sightings that a speed needs
SURE = 0.4  # mean score of the sightings; under it many are posts, cones and letters
UPRIGHT = 1.3  # height over width of who walks; wider boxes are heads before the camera, and people who sit and turn
STEADY = 0.2  # spread of the height, as a share of it, up to which the box is of one person all the time


def recent(boxes, time_s, seconds):
    """The rows of `recipes.gather.Windows.boxes` of the `seconds` before a time."""
    return boxes[(boxes[:, 0] > time_s - seconds) & (boxes[:, 0] <= time_s + 1e-3)]


def gait(boxes):
    """ "Standing", "Walking" or None for rows of one person's boxes: by the slope of its centre over time.

    Standing: slower than `STANDING`, and the height changes by less than `GROWTH`. Walking: faster than `WALKING`, and `UPRIGHT`.
    None for others, and where the sightings cover less than `SPAN`, are not `SURE` or not `STEADY`.
    """
    centre, (width, height) = (boxes[:, 2:4] + boxes[:, 4:6]) / 2, (boxes[:, 4:6] - boxes[:, 2:4]).T
    if len(boxes) < 4 or np.ptp(boxes[:, 0]) < SPAN or boxes[:, 6].mean() < SURE or height.std() > STEADY * height.mean():
        return None
    times = boxes[:, 0] - boxes[:, 0].mean()
    slope = times @ np.column_stack([centre, height]) / (times @ times) / np.median(height)
    speed, growth = np.hypot(*slope[:2]), abs(slope[2])
    if speed > WALKING:
        return "Walking" if np.median(height / width) > UPRIGHT else None
    return "Standing" if speed < STANDING and growth < GROWTH else None


def is_near_another(boxes, track_id):
    """Whether somebody of about the same height is within `NEAR` of a person, by everybody's median boxes."""
    medians = {person: np.median(boxes[boxes[:, 1] == person, 2:6], axis=0) for person in np.unique(boxes[:, 1])}
    own = medians.pop(track_id, None)
    return own is not None and any(_distance(own, other) < NEAR for other in medians.values())


def _distance(a, b):
    """Centres' distance in mean heights; endless for heights that differ by more than `ALIKE`."""
    heights = a[3] - a[1], b[3] - b[1]
    if min(heights) < ALIKE * max(heights):
        return np.inf
    return np.hypot(*((a[:2] + a[2:]) - (b[:2] + b[2:]))) / sum(heights)
