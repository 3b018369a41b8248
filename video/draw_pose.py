"""Skeletons on a frame."""

import cv2
import numpy as np

LEFT, RIGHT, MIDDLE = (60, 140, 255), (255, 160, 40), (120, 230, 120)  # BGR: the person's left orange, right blue, the rest green
DRAWN = 0.25  # confidence from which a joint is drawn


def draw_pose(image, pose, layout, height=None):
    """Draw one person's joints and bones into `image` ((H, W, 3) uint8 BGR, changed in place).

    `pose` (K, 3): x, y in pixels and confidence; `layout` its `common.pose_layouts.Layout`; `height` of the person in pixels,
    for the thickness of the lines (default: that of what is seen). Joints under `DRAWN` and their bones are left out.
    """
    seen = pose[:, 2] >= DRAWN
    if not seen.any():
        return
    height = np.ptp(pose[seen, 1]) if height is None else height
    thickness = int(np.clip(height / 60, 1, 8))
    points = [tuple(round(float(v)) for v in joint[:2]) for joint in pose]
    for a, b in layout.lines:
        if seen[a] and seen[b]:
            cv2.line(image, points[a], points[b], _colour(layout.names[a], layout.names[b]), thickness, cv2.LINE_AA)
    for i in np.flatnonzero(seen):
        cv2.circle(image, points[i], thickness + 1, _colour(layout.names[i], layout.names[i]), -1, cv2.LINE_AA)


def _colour(*names):
    sides = {name.partition(" ")[0] for name in names}
    return {"left": LEFT, "right": RIGHT}.get(sides.pop(), MIDDLE) if len(sides) == 1 else MIDDLE
