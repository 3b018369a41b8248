"""How the person encoder learns from tracks, and how far apart it holds persons afterwards."""

import json
import zipfile

import keras
import numpy as np
from keras import ops

from common.batches import Batches
from common.errors import InputError
from common.files import writing
from deep_sort.appearance import FACTS
from deep_sort.encoder_changes import change, middle
from deep_sort.encoder_data import LEAST

PEOPLE, LOOKS = 4, 4  # in a group: persons seen together, and pictures of each
GREY = 0.08  # share of groups that come without colour, as from a camera at night

MARGIN = 0.25  # of the circle loss; cosines of one person should pass 1 - MARGIN, those of two stay below MARGIN
SCALE = 64.0  # of the circle loss; the paper has 128 and 256 for batches where every pair counts

# A person refused is a new number for certain; a stranger within the distance is mostly beaten by the person's own track.
KEEPING = 0.8

# `relations` of a picture, as the columns of y
VIDEO, PIECE, PERSON, FIRST, LAST, CERTAIN = range(6)


def circle_loss(relations, features):
    """The circle loss (Sun et al. 2020, https://arxiv.org/abs/2002.10857) over the pairs about which something is known.

    Every picture pulls those of its own piece of track nearer and pushes those known to show somebody else away, each pair the
    harder the farther it is from where it should be. Unlike a triplet loss it knows where that is, so that one distance can divide
    same from different in every video, which is what the tracker asks for; unlike a softmax over persons it needs no list of all
    persons, which tracks cannot give: two tracks not seen together may be one person.

    relations : (B, 6) int, see `Groups`; features : (B, D) of length 1. Returns (B,) float32, 0 for pictures without pairs of both kinds.
    """
    same, different = _pairs(ops.cast(relations, "int32"))
    cosine = ops.matmul(features, ops.transpose(features))
    fixed = ops.stop_gradient(cosine)
    pull = -SCALE * ops.relu(1 + MARGIN - fixed) * (cosine - (1 - MARGIN))
    push = SCALE * ops.relu(fixed + MARGIN) * (cosine - MARGIN)
    loss = ops.softplus(_log_sum_exp(pull, same) + _log_sum_exp(push, different))
    return ops.where(ops.any(same, axis=1) & ops.any(different, axis=1), loss, 0.0)


def _pairs(relations):
    """(B, B) bool: of one person; of two. Neither where nothing is known."""

    def equal(column):
        return relations[:, None, column] == relations[None, :, column]

    itself = ops.eye(ops.shape(relations)[0], dtype="bool")
    together = relations[:, None, FIRST] <= relations[None, :, LAST]
    together = (together & ops.transpose(together)) | (relations[:, None, CERTAIN] == 1)
    return equal(PIECE) & ~itself, equal(VIDEO) & ~equal(PERSON) & together


def _log_sum_exp(values, chosen):
    return ops.logsumexp(ops.where(chosen, values, -1e4), axis=1)


class Groups(Batches):
    """Batches of groups of persons seen together: changed pictures (B, 96, 48, 3) uint8 and their `relations` (B, 6) int32.

    relations: video, piece, person, first and last frame of the piece, certain (0 or 1).

    Parameters
    ----------
    tracks : `deep_sort.encoder_data.Tracks`
    groups : int
        Groups in a batch, each of 16 pictures: 4 persons with 4 pictures each, fewer where fewer were seen together.
    steps : int
        Batches of an epoch.
    seed : int
        With the epoch's number and the batch's it decides what is drawn, whatever the number of workers.

    Raises
    ------
    InputError
        No two persons were seen together.
    """

    def __init__(self, tracks, groups, steps, seed=0, **workers):
        super().__init__(**workers)
        self.tracks, self.groups, self.steps, self.seed, self.epoch = tracks, groups, steps, seed, 0
        self.rows = np.split(np.arange(len(tracks.piece)), np.flatnonzero(np.diff(tracks.piece)) + 1)
        self.others = [tracks.different(piece).nonzero()[0] for piece in range(len(self.rows))]
        self.leaders = [piece for piece, others in enumerate(self.others) if len(others)]
        if not self.leaders:
            raise InputError("no two persons were seen together, apart from each other; footage with several people is needed")

    def __len__(self):
        return self.steps

    def batch(self, step):
        rng = np.random.default_rng((self.seed, self.epoch, step))
        parts = [self._group(rng) for _ in range(self.groups)]
        return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))

    def on_epoch_end(self):
        self.epoch += 1

    def _group(self, rng):
        leader = self.leaders[rng.integers(len(self.leaders))]
        others = self.others[leader]
        pieces = [leader, *rng.choice(others, min(PEOPLE - 1, len(others)), replace=False)]
        # Known pairs are few where few were seen together: the group is filled up with more pictures of them.
        rows = np.concatenate([self._look(pieces[i % len(pieces)], rng) for i in range(PEOPLE)])
        grey, tracks = rng.random() < GREY, self.tracks
        strangers = rng.permutation(rows)
        pictures = [change(tracks.pictures[row], tracks.pictures[other], grey, rng) for row, other in zip(rows, strangers, strict=True)]
        piece = tracks.piece[rows]
        about = (tracks.video, np.arange(len(self.rows)), tracks.person, tracks.first, tracks.last, tracks.certain)
        return np.stack(pictures), np.stack([column[piece] for column in about], axis=1).astype(np.int32)

    def _look(self, piece, rng):
        rows = self.rows[piece]
        return rng.choice(rows, LOOKS, replace=len(rows) < LOOKS)


def judge(model, tracks):
    """How well the encoder answers the tracker's question: who of those around is this?

    Of each piece of track the later half is asked, picture by picture: is it nearer to the mean of its own earlier half or to the
    mean of somebody seen with it?

    Returns
    -------
    dict: `right` share of pictures nearer to themselves than to anybody else; `divided` how often one distance keeps one's own
    and refuses others, the mean over both questions, at the best distance; `max_distance` for the tracker, where keeping counts
    `KEEPING`; `asked`, how many pictures.
    """
    features = model.predict(np.stack([middle(picture) for picture in tracks.pictures]), batch_size=64, verbose=0)
    means = np.stack([_mean(features[tracks.piece == piece]) for piece in range(len(tracks.video))])
    own, others = [], []
    for piece in range(len(tracks.video)):
        mine, strangers = features[tracks.piece == piece], tracks.different(piece)
        if len(mine) < LEAST or not strangers.any():
            continue
        early, late = np.split(mine, [len(mine) // 2])
        own.append(1 - late @ _mean(early))
        others.append(1 - (late @ means[strangers].T).max(axis=1))
    if not own:
        raise InputError("no two persons were seen together in the videos kept for validation; give more footage")
    own, others = np.concatenate(own), np.concatenate(others)
    steps = np.linspace(0.02, 1, 99)
    kept, refused = (own[:, None] <= steps).mean(axis=0), (others[:, None] > steps).mean(axis=0)
    best = (KEEPING * kept + (1 - KEEPING) * refused).argmax()
    facts = {"right": (own < others).mean(), "divided": (kept + refused).max() / 2, "max_distance": steps[best]}
    return {name: round(float(value), 4) for name, value in facts.items()} | {"asked": len(own)}


def _mean(features):
    total = features.sum(axis=0)
    return total / np.linalg.norm(total)


class Keeper(keras.callbacks.Callback):
    """After every epoch: judges the encoder on the validation tracks, prints a line, and writes the best so far to `path`."""

    def __init__(self, encoder, tracks, path, made):
        super().__init__()
        self.encoder, self.tracks, self.path, self.made, self.best = encoder, tracks, path, made, None

    def on_epoch_end(self, epoch, logs=None):
        self.record(epoch + 1, f"loss {logs['loss']:.4f}  ")

    def record(self, epoch, said=""):
        """Judge the encoder as it is after `epoch` epochs."""
        facts = judge(self.encoder, self.tracks)
        better = self.best is None or facts["divided"] > self.best["divided"]
        if better:
            self.best = facts | {"epoch": epoch}
            save_encoder(self.encoder, self.path, self.made | self.best)
        marks = f"right {facts['right']:.4f}  divided {facts['divided']:.4f} at distance {facts['max_distance']:.2f}"
        print(f"epoch {epoch:3}  {said}{marks}{'  *' if better else ''}", flush=True)


def save_encoder(model, path, facts):
    """Write the network with `facts`, a dict with at least `max_distance`, in one .keras file that `Encoder` reads."""
    facts = {"dim": model.output_shape[1], "height": model.input_shape[1], "width": model.input_shape[2]} | facts
    with writing(path) as partial:
        model.save(partial)
        with zipfile.ZipFile(partial, "a") as archive:
            archive.writestr(FACTS, json.dumps(facts, indent=2))
