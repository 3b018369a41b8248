"""The last moments of every person as joints, for pose runs."""

from collections import deque

import numpy as np

from video.clips import clip_indices
from video.crops import square_around
from video.draw_pose import draw_pose
from video.fixed_windows import FixedWindows
from video.pose import CONTEXT, pose_in_whole, poses_in
from video.windows import Windows


class _Joints:
    """What windows of joints share, in front of a kind of `Windows`.

    `estimator` is a `video.pose.PoseEstimator`. The joints of all persons in a frame are found in one call of it, of frames that count
    at the run's frame rate and of those that are drawn. `latest` holds {track id: (K, 3) x, y in the picture's pixels, confidence}
    of whom they were found in the last frame.
    """

    def __init__(self, estimator, *facts, **more):
        super().__init__(*facts, **more)
        self._estimator, self._poses = estimator, {}
        self._seen, self.latest = {}, {}

    def look(self, frame):
        super().look(frame)
        self._seen, self.latest = {}, {}

    def add(self, track_id, frame, tlbr=None):
        before = self._people.get(track_id)
        super().add(track_id, frame, tlbr)
        if self._people[track_id] is not before:
            self._poses[track_id] = deque(maxlen=self.window)
        self._seen[track_id] = tlbr

    def due(self, frame):
        self._find(frame, [track_id for track_id in self._seen if self._copies(track_id, frame)])
        for track_id, pose in self.latest.items():
            self._remember(track_id, frame, pose)
        return super().due(frame)

    def _find(self, frame, track_ids):
        boxes = {track_id: self._seen[track_id] for track_id in track_ids if track_id not in self.latest}
        if any(tlbr is None for tlbr in boxes.values()):
            self.latest = dict.fromkeys(boxes, pose_in_whole(self._estimator, frame.image))
        else:
            poses = poses_in(self._estimator, frame.image, list(boxes.values()), self._joints_context)
            self.latest |= dict(zip(boxes, poses, strict=True))

    def inputs(self, track_ids):
        """One batch: {"pose": (B, T, K, 3) float32}, with "rgb" and "flow" of the other windows where the mode wants them."""
        return super().inputs(track_ids) | {"pose": np.stack([self._clip(track_id) for track_id in track_ids])}

    def _clip(self, track_id):
        poses = self._moments(track_id)
        return np.stack([poses[i] for i in clip_indices(len(poses), self.frames, self.window)])

    def forget(self, keep):
        super().forget(keep)
        for kept in (self._poses, self._seen, self.latest):
            for track_id in kept.keys() - self._people.keys():
                del kept[track_id]

    def drawn(self, frame):
        """The `video.io.Frame` with the skeletons of all who were seen in it."""
        self._find(frame, self._seen)
        picture = frame.image.copy()
        for pose in self.latest.values():
            draw_pose(picture, pose, self._estimator.layout)
        return frame._replace(image=picture)


class PoseWindows(_Joints, Windows):
    """`Windows` that hold joints too: as shares of the crop around the person, as clips of persons have them."""

    @property
    def _joints_context(self):
        return self.context

    def _copies(self, track_id, frame):
        return sum(time_s == frame.time_s for time_s in self._people[track_id].times)

    def _remember(self, track_id, frame, pose):
        tlbr = self._seen[track_id]
        x, y, side = square_around(frame.image.shape, tlbr, self.context) if tlbr is not None else (0, 0, max(frame.image.shape[:2]))
        self._poses[track_id].extend([np.float32((pose - (x, y, 0)) / (side, side, 1))] * self._copies(track_id, frame))

    def _moments(self, track_id):
        return self._poses[track_id]


class FixedPoseWindows(_Joints, FixedWindows):
    """`FixedWindows` that hold joints too: in the picture's pixels, so that the way a person goes is in them.

    A body is looked at in a crop of its own box in each frame, `video.pose.CONTEXT` as wide. At moments when the person is not found
    no joint is seen: all their numbers are 0.
    """

    _joints_context = CONTEXT

    def look(self, frame):
        view, taken = self._view, self._view.taken if self._view else 0
        super().look(frame)
        self._fresh = self._view.taken - (taken if self._view is view else 0)  # pictures that this frame stands for

    def _copies(self, track_id, frame):
        return self._fresh

    def _remember(self, track_id, frame, pose):
        self._poses[track_id].extend((self._view.taken - i, pose) for i in reversed(range(self._fresh)))

    def _moments(self, track_id):
        first = self._view.taken - self._length(self._people[track_id])
        poses = np.zeros((self._view.taken - first, len(self._estimator.layout.names), 3), np.float32)
        for number, pose in self._poses[track_id]:
            if number > first:
                poses[number - first - 1] = pose
        return poses
