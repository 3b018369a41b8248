"""Learning to see as a teacher sees: what it makes of every place of a picture, block by block, not only the boxes that come of it.

Few recordings hold few boxes, and a network would rather learn their backgrounds by heart. A teacher has something to say about every
place of every picture, also of one that was changed at random a moment ago. A student whose blocks end in tensors of the same shapes is
told what each of them should be (hints, FitNets, https://arxiv.org/abs/1412.6550). At first it is led: each of its blocks reads what the
teacher's blocks before have made, so that all learn at once and each only a little (blockwise distillation,
https://arxiv.org/abs/1911.13053); then the blocks read each other. Its heads learn what the teacher's say, cell by cell.
"""

import keras
from keras import layers, ops

from common.errors import InputError
from yolo3 import cfg as cfgs
from yolo3 import network
from yolo3 import weights as files
from yolo3.detector import class_ids, read_names
from yolo3.loss import BOX, CLASS, OBJECTNESS, ciou, cross_entropy

HINT = 10.0  # weight of the blocks' errors: begins at about 10, where that of boxes does
FLOOR = 0.1  # share of the mean variance that every channel has at least: of a silent channel the noise need not be learned


class Teacher:
    """A Darknet network to be imitated.

    Args:
        cfg, weights, names: Darknet's files.
        classes: names of the student's classes; the teacher knows them by these names.
        student: the student's `yolo3.cfg.Cfg`.

    Attributes:
        taps: the student's layers that are told what to be, indices.
        strides: of both networks' heads.

    Raises:
        InputError: the files cannot be used; the heads of both differ in stride, anchors or scale_x_y; no two blocks have one shape.
    """

    def __init__(self, cfg, weights, names, classes, student):
        self._cfg = cfgs.read(cfg)
        self._weights = files.read(weights, self._cfg)
        known = read_names(names, self._cfg)
        self._columns = [5 + int(class_ids(name, known, names)[0]) for name in classes]
        for mine, its in zip(self._heads(self._cfg), self._heads(student), strict=False):
            if mine != its:
                raise InputError(f"{student.path} cannot imitate {cfg}: a head has stride, anchors, scale {its}, the teacher's {mine}")
        if len(self._cfg.heads) != len(student.heads):
            raise InputError(f"{student.path} cannot imitate {cfg}: it has {len(student.heads)} heads, the teacher {len(self._cfg.heads)}")
        pairs = shared_blocks(self._cfg, student)
        if not pairs:
            raise InputError(f"{student.path} cannot imitate {cfg}: no block of both has an output of one shape")
        self._taps, self.taps = zip(*pairs, strict=True)

    @staticmethod
    def _heads(cfg):
        return [(cfg.width // head.shape[1], head.anchors, head.scale_x_y) for head in cfg.heads]

    def model(self):
        """keras.Model: "rgb" (B, H, W, 3) uint8 -> [rows (B, R, 5 + student's classes) as its heads gave them, outputs at `taps`]."""
        taught = network.build_taps(self._cfg, self._weights, self._taps)
        rows, *blocks = taught.output
        rows = ops.take(rows, [*range(5), *self._columns], axis=-1)
        return keras.Model(taught.input, [rows, *blocks], name="teacher", trainable=False)


def blocks(cfg):
    """The layers of a `yolo3.cfg.Cfg` that end a block: shortcuts, and normalised convolutions without activation that none takes in."""
    found = []
    for layer, after in zip(cfg.layers, [*cfg.layers[1:], None], strict=True):
        if layer.kind == "shortcut":
            found.append(layer)
        elif layer.kind == "convolutional" and layer.activation == "linear" and layer.batch_normalize:
            follower = after
            while follower is not None and follower.kind == "dropout":
                follower = cfg.layers[follower.index + 1]
            if follower is None or follower.kind != "shortcut":
                found.append(layer)
    return found


def shared_blocks(teacher, student):
    """Pairs (index in teacher, index in student) of blocks with one shape, in order; where one has more of a shape, its last ones."""
    pairs = []
    sides = [blocks(cfg) for cfg in (teacher, student)]
    for shape in dict.fromkeys(layer.shape for layer in sides[1]):
        mine, its = ([layer.index for layer in side if layer.shape == shape] for side in sides)
        count = min(len(mine), len(its))
        pairs += zip(mine[len(mine) - count :], its[len(its) - count :], strict=True)
    return sorted(pairs, key=lambda pair: pair[1])


def student(cfg, teacher, led):
    """The network of a `yolo3.cfg.Cfg` and the network that trains it.

    Returns:
        `yolo3.network.build_trainable`'s model, and a keras.Model around it: "rgb" -> [its rows (B, R, 5 + classes), the teacher's
        and its own rows (B, R, 2 · (5 + classes)), errors of the blocks (B, taps) as shares of the teacher's variance].
    """
    own = network.build_trainable(cfg, teacher.taps, led)
    picture = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    said, *wanted = teacher.model()(picture)
    rows, *found = own([picture, *wanted] if led else picture)
    errors = [_error(mine, its) for mine, its in zip(wanted, found, strict=True)]
    both = layers.Concatenate(dtype="float32", name="said")([ops.stop_gradient(said), rows])
    return own, keras.Model(picture, [rows, both, layers.Concatenate(dtype="float32", name="errors")(errors)], name="student")


def _error(wanted, found):
    """Mean squared error (B, 1), each channel over its variance in the batch."""
    wanted, found = (ops.cast(x, "float32") for x in (ops.stop_gradient(wanted), found))
    variance = ops.var(wanted, axis=(0, 1, 2), keepdims=True)
    variance = variance + FLOOR * ops.mean(variance) + 1e-6
    return ops.mean(ops.square(wanted - found) / variance, axis=(1, 2, 3))[:, None]


def hint_loss(nothing, errors):
    """Loss of the third output of `student`: mean error of the blocks, times `HINT`."""
    return HINT * ops.mean(errors, axis=-1)


class HeadLoss(keras.losses.Loss):
    """Loss of the second output of `student`: the teacher's scores and boxes are what the student's rows should be.

    A row's objectness learns the teacher's score (objectness times the best of the classes), its box the teacher's box, weighted by
    that score (1 − CIoU), its classes which is the best. Weights and normalisation are those of `yolo3.loss.YoloLoss`, and so is
    `decode`.
    """

    def __init__(self, decode, name="heads"):
        super().__init__(name=name, reduction="sum_over_batch_size")
        self._decode = decode

    def call(self, nothing, both):
        said, found = ops.split(ops.cast(both, "float32"), 2, axis=-1)
        likely = ops.sigmoid(said[..., 5:])
        best = ops.max(likely, axis=-1, keepdims=True)
        score = ops.sigmoid(said[..., 4]) * best[..., 0]
        count = ops.maximum(ops.mean(ops.sum(score, axis=1)), 1.0)
        overlap, penalty = ciou(self._decode(said), self._decode(found))
        box = score * (1 - overlap + penalty)
        classes = score * ops.sum(cross_entropy(likely / best, found[..., 5:]), axis=-1)
        objectness = cross_entropy(score, found[..., 4]) - cross_entropy(score, _logit(score))  # 0 where both agree
        return ops.sum(BOX * box + OBJECTNESS * objectness + CLASS * classes, axis=1) / count


def _logit(share):
    share = ops.clip(share, 1e-6, 1 - 1e-6)
    return ops.log(share) - ops.log(1 - share)
