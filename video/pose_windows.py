"""The last moments of every person as joints, for pose runs."""

from collections import deque

import numpy as np

from video.clips import clip_indices
from video.crops import square_around
from video.draw_pose import draw_pose
from video.pose import poses_in, whole
from video.windows import Windows


class PoseWindows(Windows):
    """`Windows` that hold joints too: as shares of the crop around the person, as clips of persons have them.

    The joints of all persons in a frame are found in one call of `estimator`, a `video.pose.PoseEstimator`. `latest` holds
    {track id: (K, 3) x, y in the picture's pixels, confidence} of all who were seen in the last frame.
    """

    def __init__(self, estimator, *facts, **more):
        super().__init__(*facts, **more)
        self._estimator, self._poses = estimator, {}
        self._seen, self.latest = {}, {}

    def look(self, frame):
        self._seen, self.latest = {}, {}

    def add(self, track_id, frame, tlbr=None):
        before = self._people.get(track_id)
        super().add(track_id, frame, tlbr)
        if self._people[track_id] is not before:
            self._poses[track_id] = deque(maxlen=self.window)
        self._seen[track_id] = tlbr

    def due(self, frame):
        self._find(frame)
        return super().due(frame)

    def _find(self, frame):
        boxes, context = list(self._seen.values()), self.context
        if any(tlbr is None for tlbr in boxes):
            boxes, context = [whole(frame.image)], 1
        self.latest = dict(zip(self._seen, poses_in(self._estimator, frame.image, boxes, context), strict=True))
        for (track_id, pose), tlbr in zip(self.latest.items(), boxes, strict=True):
            x, y, side = square_around(frame.image.shape, tlbr, context)
            copies = sum(time_s == frame.time_s for time_s in self._people[track_id].times)
            self._poses[track_id].extend([np.float32((pose - (x, y, 0)) / (side, side, 1))] * copies)

    def inputs(self, track_ids):
        """One batch: {"pose": (B, T, K, 3) float32}, with "rgb" and "flow" of `Windows` where the mode wants them."""
        return super().inputs(track_ids) | {"pose": np.stack([self._chosen(self._poses[track_id]) for track_id in track_ids])}

    def _chosen(self, poses):
        return np.stack([poses[i] for i in clip_indices(len(poses), self.frames, self.window)])

    def forget(self, keep):
        super().forget(keep)
        for kept in (self._poses, self._seen):
            for track_id in kept.keys() - self._people.keys():
                del kept[track_id]

    def drawn(self, frame):
        """The `video.io.Frame` with the skeletons of all who were seen in it."""
        picture = frame.image.copy()
        for pose in self.latest.values():
            draw_pose(picture, pose, self._estimator.layout)
        return frame._replace(image=picture)
