"""One person that is being followed."""

import numpy as np

from deep_sort.iou_matching import xyah_to_tlbr
from deep_sort.nn_matching import Gallery


class Track:
    """An identity.

    Attributes
    ----------
    track_id : int
        Never used twice by a tracker; the first is its `first_id`.
    is_confirmed : bool
        Seen in its first `n_init` frames without a miss, or in more where `weight` of `see` was less than 1. Until then it is
        tentative: mostly a false detection.
    time_since_update : int
        Frames since the last matched detection; 0 = in this frame.
    score : float
        The last matched detection's.
    hits : int
        Detections matched so far, the first included.
    age : int
        Frames since it began, the first included.
    gallery : Gallery
        How it looked.
    xyah : (4,) float64
        The filter's box, set by the tracker at every step.
    """

    def __init__(self, track_id, nn_budget):
        self.track_id = track_id
        self.is_confirmed = False
        self.time_since_update = 0
        self.score = None
        self.hits = 0
        self._evidence = 0.0
        self.age = 1
        self.gallery = Gallery(nn_budget)
        self.xyah = None

    def see(self, score, feature, n_init, weight=1.0):
        """Count a matched detection; `feature` (D,) unit float32, or None; `weight` 0 to 1, how much it says that there is somebody."""
        self.time_since_update = 0
        self.score = score
        self.hits += 1
        self._evidence += weight
        self.is_confirmed |= self._evidence > n_init - 1e-6
        if feature is not None:
            self.gallery.add(feature)

    def __repr__(self):
        state = "confirmed" if self.is_confirmed else "tentative"
        box = ", ".join(f"{value:.1f}" for value in self.tlbr)
        return f"Track({self.track_id}, {state}, tlbr=({box}), time_since_update={self.time_since_update})"

    @property
    def tlbr(self):
        """(4,) float32 left, top, right, bottom in pixels: the filtered box, or the predicted one when not seen.

        It may reach beyond the picture. A track dropped by its tracker keeps its last box.
        """
        return xyah_to_tlbr(self.xyah).astype(np.float32)
