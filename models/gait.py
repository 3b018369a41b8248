"""Actions from what a pose network sees in every frame: a small residual network, a recurrent layer, the mean over time."""

import keras
from keras import layers, ops

from models import CHANNELS
from models.blocks import BATCH_NORM_MOMENTUM, fold, unfold
from models.human_pose import FEATURES, SIZE, trunk

UNITS = {"gru": {"layer": layers.GRU, "reset_after": False}, "lstm": {"layer": layers.LSTM}}  # a GRU as TensorFlow 1 computed it
WIDTH = 512  # of the identification vector
DROPOUT = 0.3
EPSILON = 1e-4  # of batch norms


def gait(num_class, stream="rgb", frames=32, size=SIZE, recurrent_unit="gru", recurrent_layers=1, shrink=1):
    """GaitNN of github.com/marian-margeta/gait-recognition on the features of its pose network, with a classifier.

    Every frame goes through `models.human_pose.trunk`, which does not learn here: it is to have the weights of a trained pose network.
    Its features become 512 numbers per frame; a recurrent layer reads the frames in order; the mean over time of what it says is the
    "identification vector" that github.com/yuhaozhang94/humanpose-rnn-action-recognition classifies by logistic regression.

    Args:
        num_class: number of classes.
        stream: "rgb"; there is none for flow.
        frames: frames of a clip, at least 1.
        size: height and width in pixels, at least `models.human_pose.MIN_SIZE`.
        recurrent_unit: "gru" or "lstm".
        recurrent_layers: 1 or 2.
        shrink: what the filters of the pose network are divided by, see `models.human_pose.human_pose`.

    Returns:
        an uncompiled `keras.Model`: {"rgb": uint8 (B, frames, size, size, 3)} -> probabilities (B, num_class) float32. Layer "features"
        gives what the pose network sees, (B, frames, 17·17·32) for 299 pixels; up to there nothing learns. "temporal" gives the
        identification vectors (B, 512), "logits" the scores before softmax. Beside the 29,515,520 weights of the trunk there are
        6,346,752, without the classifier's 513 per class.

    Deviations: the classifier is for actions, and the published clips hold up to 200 frames. The published program makes six more
    residual blocks, whose answers it never uses; they are left out, so that this is what it computes.

    Raises:
        InputError: a smaller size.
    """
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    pose = trunk(size, shrink)
    pose.trainable = False
    x = pose(fold(clip))  # (B·frames, 17, 17, 32)
    x = ops.reshape(x, (-1, frames, x.shape[1] * x.shape[2] * FEATURES))
    x = layers.Activation("linear", dtype="float32", name="features")(x)
    return keras.Model({stream: clip}, head(x, num_class, pose.output_shape[1], recurrent_unit, recurrent_layers), name="gait")


def head(x, num_class, side, recurrent_unit="gru", recurrent_layers=1):
    """Probabilities (B, num_class) from features (B, frames, side·side·32), see `gait`."""
    frames = x.shape[1]
    x = ops.reshape(x, (-1, side, side, FEATURES))  # (B·frames, 17, 17, 32)
    x = _unit(layers.Rescaling(0.01, name="scale")(x), 256, 1, "17x17")
    x = _residual(x, 512, 64, "8x8")
    x = _residual(x, 512, 128, "4x4")  # (B·frames, 5, 5, 512)
    x = _unit(_unit(x, 256, 1, "4x4_narrow"), 256, 3, "4x4_together")
    x = unfold(layers.Dense(WIDTH, name="pose")(layers.Flatten(name="flat")(x)), frames)  # (B, frames, 512)
    unit = dict(UNITS[recurrent_unit])
    layer = unit.pop("layer")
    for i in range(1, recurrent_layers + 1):  # OpenVINO converts no loop of Keras', so the steps are written out
        x = layer(WIDTH, return_sequences=True, unroll=True, name=f"recurrent_{i}", **unit)(x)
    x = layers.GlobalAveragePooling1D(dtype="float32", name="temporal")(x)
    x = layers.Dropout(DROPOUT, name="dropout")(x)
    logits = layers.Dense(num_class, dtype="float32", name="logits")(x)
    return layers.Softmax(name="probabilities", dtype="float32")(logits)


def _unit(x, filters, kernel, name):
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.Activation("elu", name=f"{name}_elu")(_norm(x, f"{name}_bn"))


def _residual(x, filters, inner, name):
    """Half the height and width, rounded up; a bottleneck whose convolutions follow their batch norms, but for the sum."""
    shortcut = layers.Conv2D(filters, 1, 2, "same", name=f"{name}_shortcut")(x)
    for i, (width, kernel, stride) in enumerate(((inner, 1, 1), (inner, 3, 2), (filters, 1, 1)), 1):
        x = layers.ReLU(name=f"{name}_relu_{i}")(_norm(x, f"{name}_bn_{i}"))
        x = layers.Conv2D(width, kernel, stride, "same", name=f"{name}_conv_{i}")(x)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=name)([x, shortcut]))


def _norm(x, name):
    return layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=EPSILON, scale=False, name=name)(x)
