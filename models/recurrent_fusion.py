"""Recurrent fusion: what both streams of the two-stream network say along a video, read in order."""

import keras
from keras import layers, ops

from common.errors import InputError
from models import CHANNELS
from models.two_stream import two_stream

STREAMS = ("rgb", "flow")
# While it learns, how much of what the GRU reads is missing: of what the streams say little, of what they see most, and of what the
# spatial stream sees half the time all (whole modalities, as in ModDrop, arXiv 1501.00102). Both streams have seen the clips that the GRU
# learns from, and their features name nearly each of them; of other recordings that is worth little.
DROPOUT_SAID, DROPOUT_SEEN, WITHOUT_COLOURS = 0.2, 0.9, 0.5


def recurrent_fusion(
    num_class, frames=190, size=224, backbone="Xception", positions=19, hidden_size=128, attention=True, fusion=(1.0, 1.0)
):
    """The two-stream network (Simonyan and Zisserman, arXiv 1406.2199) with a recurrent layer over places of a video.

    Both streams, as `models.two_stream` builds them, describe and name every place. Their logits, averaged over streams and places, are
    where it starts: average fusion. A GRU reads names and descriptions in order and learns what to add. The streams, with their
    classifiers, do not learn here: they are those of two finished runs.

    Args:
        num_class: number of classes.
        frames: frames of a clip: those of a stack (the paper's best has 10) times `positions`. See `video.clips.spread_indices`.
        size: height and width in pixels; at least 32, 71 for Xception.
        backbone: image network of both streams, a key of `models.backbones.PREPROCESSING`.
        positions: places of a video that are looked at, at least 1.
        hidden_size: units of the GRU.
        attention: whether the classifier sees the sum of all the GRU's steps, weighted by what they say themselves, through a dense
            layer of half as many units, or the last step.
        fusion: how much the logits of the spatial and the motion stream count in the average, numbers above 0.

    Returns:
        an uncompiled `keras.Model`: {"rgb": uint8 (B, frames, size, size, 3), "flow": uint8 (B, frames, size, size, 2)} -> probabilities
        (B, num_class) float32. Nested models "rgb_stream" and "flow_stream" hold the streams up to their features, which layer
        "embedding" gives side by side, (B, positions, D), D = 2·2048 for Xception; up to there nothing learns. "rgb_logits" and
        "flow_logits" are the streams' classifiers, "correction" what the GRU adds, "logits" the scores before softmax. Beside the
        streams there are 2,129,200 weights with the other defaults and 101 classes, 1,715,302 of which learn; 174 G multiply-adds,
        nearly all in the streams.

    Deviations: the paper averages scores or trains a support vector machine on them. The form in which the network is used on UCF-101
    in Keras is 19 places, a GRU of 128 units under dropout that reads features, attention, a dense layer of 64 with SELU and a classifier,
    whose scores are the answer. Two things are ours, as the streams have learned the clips that the GRU learns from: the classifier, 0
    at first, only adds to the average, which training clips hardly ask it to change; and the GRU reads above all the streams'
    probabilities, and their features, without which it would not know in what order like-named places come, through a dropout of nine
    in ten (`DROPOUT_SEEN`). What was compared is in the README.

    Raises:
        InputError: `frames` are not `positions` equal stacks.
    """
    if frames % positions:
        raise InputError(f"recurrent_fusion takes {positions} stacks of equally many frames; {frames} frames are not that")
    clips = {name: keras.Input((frames, size, size, CHANNELS[name]), dtype="uint8", name=name) for name in STREAMS}
    features = [_features(name, clip, positions, two_stream(2, name, frames // positions, size, backbone)) for name, clip in clips.items()]
    x = layers.Concatenate(dtype="float32", name="embedding")(features)  # (B, positions, D)
    return keras.Model(clips, head(x, num_class, hidden_size, attention, fusion), name="recurrent_fusion")


def head(x, num_class, hidden_size=128, attention=True, fusion=(1.0, 1.0)):
    """Probabilities (B, num_class) from the streams' features (B, positions, D), see `recurrent_fusion`."""
    middle = x.shape[-1] // 2
    parts = dict(zip(STREAMS, (x[..., :middle], x[..., middle:]), strict=True))
    logits = [  # (B, positions, num_class)
        layers.Dense(num_class, trainable=False, dtype="float32", name=f"{name}_logits")(part) for name, part in parts.items()
    ]
    average = ops.mean(logits[0] * (fusion[0] / sum(fusion)) + logits[1] * (fusion[1] / sum(fusion)), axis=1)  # (B, num_class)
    said = layers.Concatenate(name="said")([layers.Softmax(name=f"{name}_said")(z) for name, z in zip(STREAMS, logits, strict=True)])
    colours = layers.Dropout(WITHOUT_COLOURS, noise_shape=(None, 1, 1), name="without_colours")(parts["rgb"])
    seen = layers.Concatenate(name="seen")([colours, parts["flow"]])
    # OpenVINO converts neither a loop of Keras' nor its GRU's own dropout, which this is, so the steps are written out.
    dropped = [
        layers.SpatialDropout1D(share, name=f"dropout_{what}")(y)
        for what, share, y in (("said", DROPOUT_SAID, said), ("seen", DROPOUT_SEEN, seen))
    ]
    x = layers.Concatenate(name="read")(dropped)
    x = layers.GRU(hidden_size, return_sequences=attention, unroll=True, name="gru")(x)
    if attention:
        weights = layers.Softmax(axis=1, name="attention")(layers.Dense(1, name="importance")(x))  # (B, positions, 1)
        x = layers.Dense(max(hidden_size // 2, 1), activation="selu", name="hidden")(ops.sum(weights * x, axis=1))
    correction = layers.Dense(num_class, kernel_initializer="zeros", dtype="float32", name="correction")(x)
    total = layers.Add(dtype="float32", name="logits")([average, correction])
    return layers.Softmax(name="probabilities", dtype="float32")(total)


def take_streams(model, spatial, motion):
    """Give a recurrent fusion `model` the weights of two trained streams, models of `two_stream`."""
    for source in (spatial, motion):
        (name,) = source.input
        model.get_layer(f"{name}_stream").set_weights(_up_to_features(source).get_weights())
        model.get_layer(f"{name}_logits").set_weights(source.get_layer("logits").get_weights())


def _features(name, clip, positions, stream):
    """Features (B, positions, D) of a stream at each stack of a clip (B, frames, size, size, C)."""
    body = _up_to_features(stream)
    body.name, body.trainable = f"{name}_stream", False
    stacks = ops.reshape(clip, (-1, *stream.input[name].shape[1:]))  # (B · positions, frames of a stack, size, size, C)
    found = body({name: stacks})
    return ops.reshape(found, (-1, positions, found.shape[-1]))


def _up_to_features(stream):
    return keras.Model(stream.input, stream.get_layer("features").output)
