"""Both streams of a two-stream network in a few hundred weights, in the place of an image network's millions."""

import keras
from keras import layers

from models import CHANNELS, Recogniser
from models.two_stream import stack

TINY_STREAMS = Recogniser("tiny_streams", "tiny_streams", frames=4, size=16, fps=25.0, modes=("RGB", "Flow", "Fuse"))


def tiny_streams(num_class, stream, frames, size, backbone=None):
    """What `models.two_stream.two_stream` builds, with one convolution in place of the backbone."""
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    picture = clip[:, frames // 2] if stream == "rgb" else stack(clip)
    scale, zero = (1 / 127.5, 127.5) if stream == "rgb" else (1 / 4, 128)  # squares go a pixel or two per frame
    x = layers.Rescaling(scale, -zero * scale, name="normalise")(picture)
    x = layers.Conv2D(12, 3, strides=2, padding="same", activation="relu", name="conv")(x)
    x = layers.Activation("linear", dtype="float32", name="features")(layers.GlobalMaxPooling2D(name="pool")(x))
    logits = layers.Dense(num_class, dtype="float32", name="logits")(x)
    return keras.Model({stream: clip}, layers.Softmax(name="probabilities", dtype="float32")(logits), name="tiny_streams")
