"""A recogniser of a few hundred weights, so that whole training runs fit into a test, and clips it can learn from."""

import cv2
import keras
import numpy as np
from keras import layers

from models import CHANNELS, Recogniser
from video.io import VideoWriter

TINY = Recogniser("tiny_recogniser", "tiny", frames=8, size=16, fps=25.0)
CLASSES = ("left", "right")


def tiny(num_class, stream, frames, size):
    """Two 3-D convolutions, batch norm, dropout and a dense classifier; see `models.i3d.i3d` for the arguments."""
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    x = layers.Rescaling(1 / 127.5, -1.0, name="normalise")(clip)
    for i in (1, 2):
        x = layers.Conv3D(8, 3, (1, 2, 2), padding="same", use_bias=False, name=f"conv{i}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"bn{i}")(x)
        x = layers.Activation("relu", name=f"relu{i}")(x)
    x = layers.Dropout(0.1, name="dropout")(layers.GlobalAveragePooling3D(name="pool")(x))
    logits = layers.Dense(num_class, dtype="float32", name="logits")(x)
    return keras.Model({stream: clip}, layers.Softmax(name="probabilities", dtype="float32")(logits), name="tiny")


def moving_square(direction, frames=12, size=32, seed=0):
    """A bright square on noise, going left (-1) or right (+1): (frames, size, size, 3) uint8 BGR."""
    rng = np.random.default_rng(seed)
    clip = rng.integers(0, 60, (frames, size, size, 3), dtype=np.uint8)
    x, y, side = rng.integers(size), rng.integers(4, size - 12), 8
    for t, frame in enumerate(clip):
        left = (x + direction * 2 * t) % size - side // 2
        cv2.rectangle(frame, (int(left), int(y)), (int(left) + side, int(y) + side), (200, 220, 240), -1)
    return clip


def write_clip(path, clip, fps=25):
    """Write a clip as generate_64.py does, Motion-JPEG in AVI."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, fps, clip.shape[2:0:-1], codec="mjpeg") as writer:
        for image in clip:
            writer.write(image)
    return path


def write_dataset(folder, train=16, validation=8, **options):
    """Clips of moving squares and their lists: classes "left" and "right", as many of each, in folder/datasetlist."""
    lists = folder / "datasetlist"
    lists.mkdir(parents=True)
    (lists / "classes.txt").write_text("\n".join(CLASSES) + "\n")
    for name, start, count in (("train", 0, train), ("val", train, validation)):
        lines = []
        for i in range(start, start + count):
            path = write_clip(folder / CLASSES[i % 2] / f"clip {i}.avi", moving_square(2 * (i % 2) - 1, seed=i, **options))
            lines.append(f"{path.relative_to(folder)} {i % 2}\n")
        (lists / f"{name}list.txt").write_text("".join(lines))
    return lists
