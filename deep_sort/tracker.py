"""The tracker: predicts, matches, corrects, and decides who begins and who is gone."""

import numpy as np

from deep_sort.iou_matching import iou_cost, tlbr_to_xyah, xyah_to_tlbr
from deep_sort.kalman_filter import GATE, KalmanFilter
from deep_sort.linear_assignment import assign, cascade
from deep_sort.nn_matching import appearance_cost, mean_appearance_cost
from deep_sort.track import Track

# What is no person's box in pixels comes from a detector gone wrong, and squared or divided it would swamp the filter.
_SMALLEST = 1e-3
_LARGEST = 1e6

_FAINT_IOU_DISTANCE = 0.5  # ByteTrack's; a box that nobody is sure of must fit better than one that somebody is

# Of `looks_first`. Tried on stage crossings and crowds of other seeds than the published figures.
_WIDER = 16  # times the gate: 4 times as many standard deviations; a box that jumps when two people part is outside the plain gate
_VETO = 1.75  # times max_cosine_distance: a person who turns round differs by more than the limit, somebody else by more still
_CROWDED = 0.3  # IoU with another detection
_DOUBT = 1 / 3  # what a crowded detection counts towards confirming a track
_HELD = 0.05  # distance by which a track that was lost must be nearer than one seen a moment ago, lest two of one person take turns


class Tracker:
    """Follows persons from frame to frame. Same input, same output.

    For each frame, also one without detections: `predict()`, then `update(...)`, then read `tracks`. On frames that the
    detector did not look at, only `predict()`.
    With the defaults the identities are those of the DeepSORT authors' program.

    Parameters
    ----------
    max_cosine_distance : float
        Largest appearance distance between a person and a detection, 0 to 2.
    nn_budget : int
        How many of its last features a track remembers.
    max_iou_distance : float
        Largest 1 − IoU between a predicted box and a detection, 0 to 1.
    max_age : int
        Frames a confirmed track lives on unseen.
    n_init : int
        Detections in successive frames that confirm a track.
    looks_first : bool
        For features good enough to be believed. Where people pass each other, the published order of matching gives the one in front
        the identity of the one behind: the track seen a moment ago chooses before the one hidden for longer, and overlap joins
        what appearance has turned down. With `looks_first`
        all confirmed tracks choose together, by the mean of how they looked, within a wider gate;
        overlap joins none whose looks differ by far more than `max_cosine_distance`;
        a detection that another one overlaps is matched, but not remembered, as it may show two persons, and counts a third
        towards confirming a new track: most of those who seem to begin where two people pass are neither a third one nor there to stay.
        On stage crossings the true identity as the feature leaves 32 of 48 switches without it and 7 with the second alone.
    begin_score : float
        Detections with a lower score, the faint ones, begin no track. They are matched last, by overlap alone, to confirmed tracks
        that were there at the last update: who bends, turns or is half hidden is often found with a low score only, just where he is
        expected (ByteTrack, arXiv 2110.06864). 0: no detection is faint.
    first_id : int
        The first track's id. Pass another tracker's `next_id` so that ids go on from one video to the next.

    Attributes
    ----------
    tracks : list of Track
        Confirmed and tentative ones, oldest first.
    next_id : int
        The id the next new track will get.
    """

    def __init__(
        self,
        max_cosine_distance=0.2,
        nn_budget=100,
        max_iou_distance=0.7,
        max_age=30,
        n_init=3,
        *,
        looks_first=False,
        begin_score=0.0,
        first_id=1,
    ):
        if min(nn_budget, n_init) < 1 or max_age < 0:
            raise ValueError("nn_budget and n_init must be at least 1 and max_age at least 0")
        self.max_cosine_distance = max_cosine_distance
        self.nn_budget = nn_budget
        self.max_iou_distance = max_iou_distance
        self.max_age = max_age
        self.n_init = n_init
        self.looks_first = looks_first
        self.begin_score = begin_score
        self.next_id = first_id
        self.tracks = []
        self._motion = KalmanFilter()  # row i belongs to tracks[i]
        self._frames = 0  # predicted since the last update: more than 1 where not every frame has detections

    def predict(self):
        """Move every track one frame on, to where it should be seen next."""
        self._motion.predict()
        self._frames += 1
        for track in self.tracks:
            track.age += 1
            track.time_since_update += 1
        self._hand_out_boxes()

    def update(self, tlbr, score, features=None):
        """Match this frame's detections to the tracks, correct those, begin new ones and drop the lost.

        Detections that are no boxes are left out as if the detector had not given them: a coordinate or score that is
        not finite, a width or height under a thousandth of a pixel (so none, or turned inside out), or a coordinate
        beyond a million pixels.

        Parameters
        ----------
        tlbr : (N, 4) left, top, right, bottom in pixels
        score : (N,)
        features : (N, D) unit rows, optional
            Without them, in this frame or in all, persons are followed by motion and overlap alone. A row that is
            zero or not finite counts as missing for that detection.
        """
        tlbr, score, features, known = _usable(tlbr, score, features)
        xyah = tlbr_to_xyah(tlbr)
        strong = np.asarray(score) >= self.begin_score
        known &= strong
        column_of = self._match(tlbr, xyah, features, known, strong)
        seen = (column_of >= 0).nonzero()[0]
        self._motion.update(seen, xyah[column_of[seen]])
        rows = [feature if ok else None for feature, ok in zip(features, known.tolist(), strict=True)]
        clear = (~_crowded(tlbr, strong) if self.looks_first else np.ones(len(tlbr), bool)).tolist()
        weight = [1.0 if alone else _DOUBT for alone in clear]
        for track, column in zip(self.tracks, column_of.tolist(), strict=True):
            if column >= 0:
                feature = rows[column] if clear[column] or not len(track.gallery) else None
                track.see(score[column], feature, self.n_init, weight[column])
        self._frames = 0
        self._drop_lost()
        new = _left(column_of, strong)
        if len(new):
            self._motion.append(xyah[new])
        for column in new.tolist():
            track = Track(self.next_id, self.nn_budget)
            track.see(score[column], rows[column], self.n_init, weight[column])
            self.tracks.append(track)
            self.next_id += 1
        self._hand_out_boxes()

    def _drop_lost(self):
        """A tentative track dies at its first miss, a confirmed one after `max_age` frames unseen."""
        alive = [row for row, track in enumerate(self.tracks) if track.time_since_update <= track.is_confirmed * self.max_age]
        if len(alive) < len(self.tracks):
            self._motion.keep(alive)
            self.tracks = [self.tracks[row] for row in alive]

    def _hand_out_boxes(self):
        for track, xyah in zip(self.tracks, self._motion.xyah, strict=True):
            track.xyah = xyah

    def _match(self, tlbr, xyah, features, known, strong):
        """(T,) the detection of each track, −1 for none.

        Confirmed tracks choose first, by appearance, where motion allows it. What is left is matched by overlap:
        tentative tracks, and confirmed ones that were there at the last update (a sudden change of looks, say behind a
        pillar). Then, and only where there is no appearance to compare, older tracks by overlap within the gate.
        `looks_first` changes this order, see above. Last come the detections that are not `strong`.
        """
        count = len(self.tracks)
        age = np.fromiter((track.time_since_update for track in self.tracks), int, count) - max(self._frames - 1, 0)
        confirmed = np.fromiter((track.is_confirmed for track in self.tracks), bool, count)
        galleries = [track.gallery for track in self.tracks]
        remembered = np.fromiter(map(len, galleries), bool, count)
        near = self._motion.distance(xyah) <= GATE * (_WIDER if self.looks_first else 1)
        comparable = (confirmed & remembered)[:, None] & known

        column_of = np.full(count, -1)
        limit = self.max_cosine_distance
        if self.looks_first:
            cost = mean_appearance_cost(galleries, features, near & comparable)
            held = np.where(cost <= limit, cost + _HELD * (age > 1)[:, None], np.inf)
            rows, columns = assign(held, limit + _HELD)
        else:
            rows, columns = cascade(appearance_cost(galleries, features, near & comparable), age, limit)
        column_of[rows] = columns
        if len(_left(column_of, strong)):
            allowed = self._allowed(galleries, features, remembered[:, None] & known)
            self._match_overlap(column_of, tlbr, strong, ~confirmed | (age <= 1), None, allowed)
            self._match_overlap(column_of, tlbr, strong, confirmed, age, near & ~comparable)
        self._match_overlap(column_of, tlbr, ~strong, confirmed & (age <= 1), limit=_FAINT_IOU_DISTANCE)
        return column_of

    def _allowed(self, galleries, features, comparable):
        """(T, N) bool, the pairs that overlap may join; None for all."""
        if not self.looks_first:
            return None
        return ~comparable | (mean_appearance_cost(galleries, features, comparable) <= _VETO * self.max_cosine_distance)

    def _match_overlap(self, column_of, tlbr, offered, eligible, age=None, allowed=None, limit=None):
        """Match `eligible` tracks without a detection to `offered` detections without a track, in place in `column_of`."""
        rows, columns = (eligible & (column_of < 0)).nonzero()[0], _left(column_of, offered)
        if not len(rows) or not len(columns):
            return
        cost = iou_cost(xyah_to_tlbr(self._motion.xyah[rows]), tlbr[columns])
        if allowed is not None:
            cost[~allowed[rows][:, columns]] = np.inf
        limit = limit or self.max_iou_distance
        matched, chosen = assign(cost, limit) if age is None else cascade(cost, age[rows], limit)
        column_of[rows[matched]] = columns[chosen]


def _left(column_of, offered):
    """The detections, of those `offered` (N,) bool, that no track has."""
    free = np.append(offered, True)  # one more, for the −1 of tracks without a detection
    free[column_of] = False
    return free[:-1].nonzero()[0]


def _crowded(tlbr, strong):
    """(N,) bool, the boxes that another, strong one overlaps."""
    overlap = 1 - iou_cost(tlbr, tlbr[strong])
    overlap[strong.nonzero()[0], np.arange(strong.sum())] = 0
    return overlap.max(axis=1, initial=0) > _CROWDED


def _usable(tlbr, score, features):
    """The detections that are boxes: tlbr (N, 4) float64, list of N scores, unit features (N, D) float32, which are known (N,)."""
    tlbr = np.asarray(tlbr, np.float64).reshape(-1, 4)
    score = np.asarray(score, np.float64).reshape(-1)
    features = np.zeros((len(tlbr), 1), np.float32) if features is None else np.asarray(features, np.float32)
    if len(score) != len(tlbr) or features.ndim != 2 or len(features) != len(tlbr):
        raise ValueError(f"boxes {tlbr.shape}, scores {score.shape} and features {features.shape} are not of the same detections")
    near, far = tlbr[:, :2], tlbr[:, 2:]
    good = ((near >= -_LARGEST) & (far >= near + _SMALLEST) & (far <= _LARGEST)).all(axis=1) & np.isfinite(score)
    if not good.all():
        tlbr, score, features = tlbr[good], score[good], features[good]
    norm = np.sqrt(np.einsum("nd,nd->n", features, features))
    known = (norm > 0) & (norm < np.inf)
    return tlbr, score.tolist(), features / np.where(known, norm, 1)[:, None], known
