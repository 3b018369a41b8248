"""The two streams of the two-stream network: what a picture shows, and how it moves."""

import keras
from keras import layers, ops

from models import CHANNELS
from models.backbones import backbone as image_network
from models.backbones import normalise

DROPOUT = 0.5


def two_stream(num_class, stream="rgb", frames=10, size=224, backbone="Xception"):
    """One stream of the two-stream network (Simonyan and Zisserman, arXiv 1406.2199) over an image network.

    The spatial stream sees one picture, the middle one of the clip; the motion stream sees the flow of all its frames, stacked to
    one picture of 2·frames channels. In mode Fuse `models.fuse` takes the mean of both.

    Args:
        num_class: number of classes.
        stream: "rgb", spatial, or "flow", motion.
        frames: frames of a clip, at least 1; the paper's best stack has 10.
        size: height and width in pixels; at least 32, 71 for Xception.
        backbone: a key of `models.backbones.PREPROCESSING`. Its weights are random here, see `models.backbones.pretrain`, which gives the
            motion stream weights learned from colours too.

    Returns:
        an uncompiled `keras.Model`: {"rgb": uint8 (B, frames, size, size, 3)} or {"flow": uint8 (B, frames, size, size, 2)} ->
        probabilities (B, num_class) float32. Layer "features" gives (B, D), D = 2048 for Xception and ResNet50, 512 for VGG19, 1024 for
        MobileNet; "logits" holds the scores before softmax. With Xception and 101 classes there are 21,068,429 weights in the spatial
        stream and 21,073,325 in the motion stream.

    Deviations: the paper's image network is CNN-M-2048, it subtracts each field's mean, and its fusion is of softmax scores. This is the
    form in which the networks are used on UCF-101 in Keras: Xception, flow as it is, channels in the order x, y of the first field,
    x, y of the second, and so on.
    """
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    picture = clip[:, frames // 2] if stream == "rgb" else stack(clip)
    images = image_network(backbone, size, picture.shape[-1])
    x = layers.Activation("linear", dtype="float32", name="features")(images(normalise(picture, backbone, stream)))  # (B, D)
    x = layers.Dropout(DROPOUT, name="dropout")(x)
    logits = layers.Dense(num_class, dtype="float32", name="logits")(x)
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(logits)
    return keras.Model({stream: clip}, probabilities, name="two_stream")


def stack(clip):
    """Fields (B, T, H, W, 2) as one picture (B, H, W, 2·T): x and y of the first, x and y of the second, …"""
    frames, height, width, channels = clip.shape[1:]
    return ops.reshape(ops.transpose(clip, (0, 2, 3, 1, 4)), (-1, height, width, frames * channels))
