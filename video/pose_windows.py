"""The last moments of every person as joints, for pose runs."""

import numpy as np

from video.clips import clip_indices
from video.crops import square_around
from video.draw_pose import draw_pose
from video.pose import poses_in, whole
from video.windows import Windows, ticks


class PoseWindows(Windows):
    """`Windows` that keep joints in place of pictures: as shares of the crop around the person, as clips of persons have them.

    The joints of all persons in a frame are found in one call of `estimator`, a `video.pose.PoseEstimator`. `latest` holds
    {track id: (K, 3) x, y in the picture's pixels, confidence} of all who were seen in the last frame.
    """

    def __init__(self, estimator, *facts, **more):
        super().__init__(*facts, **more)
        self._estimator, self._seen, self.latest = estimator, {}, {}

    def look(self, frame):
        self._seen, self.latest = {}, {}

    def add(self, track_id, frame, tlbr=None):
        self._seen[track_id] = tlbr
        super().add(track_id, frame, tlbr)

    def _keep(self, person, frame, tlbr):
        """Nothing yet: the joints are found when everybody in the frame is known."""

    def due(self, frame):
        self._find(frame)
        return super().due(frame)

    def _find(self, frame):
        boxes, context = list(self._seen.values()), self.context
        if any(tlbr is None for tlbr in boxes):
            boxes, context = [whole(frame.image)], 1
        poses = poses_in(self._estimator, frame.image, boxes, context)
        self.latest = dict(zip(self._seen, poses, strict=True))
        for (track_id, pose), tlbr in zip(self.latest.items(), boxes, strict=True):
            x, y, side = square_around(frame.image.shape, tlbr, context)
            person = self._people[track_id]
            copies = ticks(person, frame.time_s, self.fps)
            person.crops.extend([np.float32((pose - (x, y, 0)) / (side, side, 1))] * copies)
            person.times.extend([frame.time_s] * copies)

    def _inputs(self, person):
        indices = clip_indices(len(person.crops), self.frames, self.window)
        return {"pose": np.stack([person.crops[i] for i in indices])}

    def drawn(self, frame):
        """The `video.io.Frame` with the skeletons of all who were seen in it."""
        picture = frame.image.copy()
        for pose in self.latest.values():
            draw_pose(picture, pose, self._estimator.layout)
        return frame._replace(image=picture)
