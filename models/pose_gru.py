"""Actions from the joints of one body over time: their distances and motion, convolutions over neighbouring frames, a recurrent layer."""

import keras
import numpy as np
from keras import layers, ops

from common.errors import InputError
from common.pose_layouts import LAYOUTS

UNITS = {"gru": layers.GRU, "lstm": layers.LSTM}
FEATURES = 512  # of the last recurrent layer, as in the published pose system (yuhaozhang94/humanpose-rnn-action-recognition)
FILTERS = 64  # per kind of numbers; DD-Net's width (arXiv 1907.09658)
DROPOUT, CHANNEL_DROPOUT = 0.5, 0.1
MIN_FRAMES = 4  # two halvings of the time axis leave one step
SEEN = 0.2  # confidence from which a joint counts as seen; MoveNet gives about 0.1 to joints outside the picture
REACH = 2.0  # frames: a joint that is not seen is taken to be where it is seen in frames about so far away
SPARE = 1e-3  # weight of other joints than the hips in a body's centre: they decide only where no hip is seen
LIMIT = 20.0  # torso lengths: all numbers are cut off there, for a body whose joints are all put in one place has no length
EPSILON = 1e-6


def pose_gru(num_class, stream="pose", frames=32, size=None, layout="coco17", dimensions=2, recurrent_unit="gru", recurrent_layers=1):
    """Distances and motion of joints, after DD-Net (Yang et al. 2019, arXiv 1907.09658), under a recurrent layer of 512 units.

    Four kinds of numbers per frame (see `PoseFeatures`) pass three short convolutions over time each, then two together; both of
    those halve the frames, so that the recurrent layer has a quarter as many steps, which are unrolled: that is
    what OpenVINO takes. It keeps its state over steps in which nobody is seen. Differences from DD-Net: joints may be missing,
    positions relative to the hips go in too, and its pooling over time is the recurrent layer.

    Args:
        num_class: number of classes.
        stream: "pose"; there is no other.
        frames: poses of a clip, at least 4.
        size: not used: a pose has no pixels. Every builder takes it.
        layout: a key of `common.pose_layouts.LAYOUTS`; says how many joints K there are and which.
        dimensions: coordinates of a joint, 2 or 3.
        recurrent_unit: "gru" or "lstm".
        recurrent_layers: 1 or 2.

    Returns:
        an uncompiled `keras.Model`: {"pose": float32 (B, frames, K, dimensions + 1)} -> probabilities (B, num_class) float32. The last
        of a joint's numbers is its confidence, 0 to 1; the others may be in any unit, and absent joints may hold anything finite.
        A clip in which no joint is seen has the same probability for all classes. Layer "temporal" gives (B, 512), "logits" the scores
        before softmax. 1,220,923 weights for three classes of coco17.

    Raises:
        InputError: fewer frames than that.
    """
    if frames < MIN_FRAMES:
        raise InputError(f"pose_gru needs {MIN_FRAMES} frames or more, not {frames}")
    clip = keras.Input((frames, len(LAYOUTS[layout].names), dimensions + 1), dtype="float32", name=stream)
    kinds, seen = PoseFeatures(layout, name="joints", dtype="float32")(clip)
    x = layers.Concatenate(name="joined")([_branch(values, known, name) for name, (values, known) in kinds.items()])
    for i in (1, 2):
        x = layers.MaxPooling1D(2, name=f"halve_{i}")(_convolve(x, 2 * FILTERS, 3, f"together_{i}"))
    seen = layers.MaxPooling1D(4, name="seen")(seen)[..., 0] > 0
    for i in range(recurrent_layers):
        last = i == recurrent_layers - 1
        x = UNITS[recurrent_unit](FEATURES, return_sequences=not last, unroll=True, name="temporal" if last else "recurrent")(x, mask=seen)
    x = layers.Dropout(DROPOUT, name="dropout")(x)
    x = layers.Dense(num_class, dtype="float32", name="scores")(x)
    x = layers.Multiply(dtype="float32", name="logits")([x, ops.cast(ops.any(seen, axis=1, keepdims=True), "float32")])
    return keras.Model({stream: clip}, layers.Softmax(name="probabilities", dtype="float32")(x), name="pose_gru")


def _branch(values, known, name):
    """(B, T, D) numbers with their mask (B, 1, D) -> (B, T, FILTERS): brought to one scale, absent ones put at the mean, convolved."""
    x = layers.BatchNormalization(epsilon=EPSILON, dtype="float32", name=f"{name}_scale")(values) * known
    for i, width in enumerate((1, 3, 1), 1):
        x = _convolve(x, FILTERS, width, f"{name}_{i}")
    return x


def _convolve(x, filters, width, name):
    x = layers.Conv1D(filters, width, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.SpatialDropout1D(CHANNEL_DROPOUT, name=f"{name}_dropout")(layers.LeakyReLU(0.2, name=f"{name}_relu")(x))


@keras.saving.register_keras_serializable(package="action")
class PoseFeatures(layers.Layer):
    """Joints (B, T, K, D + 1) -> numbers that depend neither on the place in the picture nor on the size; nothing to learn.

    Where a joint is not seen it is taken to be where it was seen shortly before or after (a mean over frames whose weight
    falls by a factor e every `REACH` frames). Coordinates are divided by the length of the torso, its mean over the clip.

    Returns ({kind: (values (B, T, N), known (B, 1, N))}, seen (B, T, 1)). The kinds are "distance" between any two joints
    (N = K(K-1)/2), "position" from the middle of the hips, and motion over one frame ("slow") and two ("fast"), which holds the way
    of the whole body as well (N = KD each). `known` is 0 for what comes from a joint that is never seen in the clip, else
    1. `seen` is the share of joints seen in a frame.
    """

    def __init__(self, layout, **options):
        super().__init__(**options)
        joints = LAYOUTS[layout]
        self.layout = layout
        self._hips, self._shoulders = joints.numbers(joints.hips), joints.numbers(joints.shoulders)
        self._pairs = np.triu_indices(len(joints.names), 1)
        self._weight = np.full((len(joints.names), 1), SPARE, "float32")  # (K, 1) in the body's centre
        self._weight[self._hips] = 1

    def get_config(self):
        return super().get_config() | {"layout": self.layout}

    def call(self, clip):
        seen = ops.cast(clip[..., -1:] >= SEEN, clip.dtype)  # (B, T, K, 1)
        at = _filled(clip[..., :-1], seen)  # (B, T, K, D)
        ever = ops.max(seen, axis=1, keepdims=True)  # (B, 1, K, 1)
        centre = ops.sum(at * ever * self._weight, axis=2, keepdims=True) / (ops.sum(ever * self._weight, axis=2, keepdims=True) + EPSILON)
        torso = self._torso(at, centre, ever)
        position, path = ops.clip((at - centre) / torso, -LIMIT, LIMIT), at / torso
        first, second = (ops.take(position, joints, axis=2) for joints in self._pairs)
        pairs = ops.take(ever, self._pairs[0], axis=2) * ops.take(ever, self._pairs[1], axis=2)
        coordinates = ops.reshape(ever * ops.ones_like(at[:, :1]), (-1, 1, at.shape[2] * at.shape[3]))
        places = {"position": position, "slow": _motion(path, 1), "fast": _motion(path, 2)}
        kinds = {name: (ops.reshape(x, (-1, *_flat(at))), coordinates) for name, x in places.items()}
        return {"distance": (_length(first - second), pairs[..., 0])} | kinds, ops.mean(seen, axis=2)

    def _torso(self, at, centre, ever):
        """(B, 1, 1, 1) length from hips to shoulders; where one of them is never seen, what the joints' spread says of it."""
        ends = [ops.mean(ops.take(at, joints, axis=2), axis=2) for joints in (self._hips, self._shoulders)]
        whole = ops.min(ops.take(ever, self._hips + self._shoulders, axis=2), axis=(1, 2, 3))  # (B,)
        torso = ops.mean(_length(ends[0] - ends[1]), axis=1)
        spread = ops.sum(ops.mean(_length(at - centre), axis=1) * ever[:, 0, :, 0], axis=1) / (ops.sum(ever, axis=(1, 2, 3)) + EPSILON)
        return (whole * torso + (1 - whole) * spread + EPSILON)[:, None, None, None]


def _filled(at, seen):
    """(B, T, K, D) places where each joint is, or is seen in the nearest frames; 0 for one that is never seen."""
    frames, shape = at.shape[1], (-1, *_flat(at))
    apart = np.abs(np.subtract.outer(np.arange(frames), np.arange(frames)))
    kernel = ops.convert_to_tensor(np.where(apart == 0, 1 / EPSILON, np.exp(-apart / REACH)), dtype=at.dtype)
    weight = ops.reshape(seen * ops.ones_like(at), shape)
    near = ops.matmul(kernel, ops.reshape(at, shape) * weight) / (ops.matmul(kernel, weight) + 1e-12)
    return ops.reshape(near, (-1, *at.shape[1:]))


def _motion(at, frames):
    """(B, T, K, D) how far each joint goes in the next `frames` frames; 0 at the end."""
    return ops.pad(ops.clip(at[:, frames:] - at[:, :-frames], -LIMIT, LIMIT), ((0, 0), (0, frames), (0, 0), (0, 0)))


def _flat(at):
    return at.shape[1], at.shape[2] * at.shape[3]


def _length(vectors):
    return ops.sqrt(ops.sum(ops.square(vectors), axis=-1) + EPSILON**2)
