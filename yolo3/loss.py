"""The loss that a YOLOv3 network is trained with, and why each part is as it is."""

import math

import keras
from keras import ops

# Weights of the three parts, each a mean over the rows that have a box. Boxes weigh most: objectness learns from all rows,
# so its gradient is large by itself (YOLOX, https://arxiv.org/abs/2107.08430, takes 5, 1, 1 too).
BOX, OBJECTNESS, CLASS = 5.0, 1.0, 1.0
# How much of an objectness target depends on how well the row's box fits: then the best of overlapping boxes wins the
# suppression. The other half keeps a person found but badly boxed above the threshold.
FIT_SHARE = 0.5
LARGEST_EXPONENT = 4.0  # an untrained output must not become an endless box; exp(4) is 55 anchors
TINY = 1e-7


class YoloLoss(keras.losses.Loss):
    """Loss of a `yolo3.network.build_trainable` network at the input size of `rows`.

    Targets (B, R, 5 + classes) are those of `yolo3.targets.assign`, outputs the network's. Differences to YOLOv3
    (https://arxiv.org/abs/1804.02767), each because little data has to suffice:

    - Boxes are compared as boxes, by 1 − CIoU (https://arxiv.org/abs/1911.08287), not number by number: what is
      measured later is overlap, and small and large boxes count alike.
    - Objectness is told the confidence of the label, times how well the box fits (`FIT_SHARE`), instead of 1: a teacher's
      doubt is knowledge (distillation, https://arxiv.org/abs/1503.02531), and an uncertain label neither claims a person nor
      denies one. It is a cross-entropy over all rows, divided by the number of rows with a box, not by all rows.
    - The class is a cross-entropy per class, as in YOLOv3, of the rows with a box.

    Rows weigh by their label's confidence in the first and last part.
    """

    def __init__(self, rows, name="yolo"):
        super().__init__(name=name, reduction="sum_over_batch_size")
        self._rows = rows

    def call(self, y_true, y_pred):
        y_pred = ops.cast(y_pred, "float32")
        confidence = y_true[..., 4]
        count = ops.maximum(ops.mean(ops.sum(confidence, axis=1)), 1.0)  # rows with a box per picture
        overlap, penalty = ciou(y_true[..., :4], self.decode(y_pred))
        box = confidence * (1 - overlap + penalty)
        fits = ops.stop_gradient(ops.clip(overlap, 0, 1))
        objectness = cross_entropy(confidence * (1 - FIT_SHARE + FIT_SHARE * fits), y_pred[..., 4])
        classes = confidence * ops.sum(cross_entropy(y_true[..., 5:], y_pred[..., 5:]), axis=-1)
        return ops.sum(BOX * box + OBJECTNESS * objectness + CLASS * classes, axis=1) / count

    def decode(self, output):
        """Boxes (B, R, 4), centre and size in pixels of the input, from raw outputs (B, R, 4 or more), as Darknet decodes them."""
        rows = self._rows
        centre = rows.cell + (ops.sigmoid(output[..., :2]) * rows.scale - (rows.scale - 1) / 2) * rows.stride
        size = rows.anchor * ops.exp(ops.clip(output[..., 2:4], -LARGEST_EXPONENT, LARGEST_EXPONENT))
        return ops.concatenate([centre, size], axis=-1)


def cross_entropy(target, logit):
    return ops.relu(logit) - logit * target + ops.softplus(-ops.abs(logit))


def ciou(true, found):
    """IoU and CIoU's penalty, both (…,), of boxes (…, 4): centre x, y, width, height. 1 − IoU + penalty is the loss.

    The penalty is the squared distance of the centres over the squared diagonal of the box around both, so that boxes which do
    not touch are drawn together, and a term for different proportions (Zheng et al., https://arxiv.org/abs/1911.08287).
    """
    low, high, least, most = [], [], [], []
    for i in range(2):
        ends = [(box[..., i] - box[..., i + 2] / 2, box[..., i] + box[..., i + 2] / 2) for box in (true, found)]
        low.append(ops.maximum(ends[0][0], ends[1][0]))
        high.append(ops.minimum(ends[0][1], ends[1][1]))
        least.append(ops.minimum(ends[0][0], ends[1][0]))
        most.append(ops.maximum(ends[0][1], ends[1][1]))
    common = ops.relu(high[0] - low[0]) * ops.relu(high[1] - low[1])
    union = true[..., 2] * true[..., 3] + found[..., 2] * found[..., 3] - common
    overlap = common / (union + TINY)
    diagonal = ops.square(most[0] - least[0]) + ops.square(most[1] - least[1]) + TINY
    distance = ops.square(true[..., 0] - found[..., 0]) + ops.square(true[..., 1] - found[..., 1])
    angles = [ops.arctan(box[..., 2] / (box[..., 3] + TINY)) for box in (true, found)]
    proportion = 4 / math.pi**2 * ops.square(angles[0] - angles[1])
    weight = ops.stop_gradient(proportion / (1 - overlap + proportion + TINY))
    return overlap, distance / diagonal + weight * proportion
