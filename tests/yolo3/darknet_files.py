"""Darknet files with random weights, and what OpenCV's own Darknet reader makes of them."""

import struct

import cv2
import numpy as np

HEADER = struct.pack("<iiiQ", 0, 2, 5, 0)


def write_random_weights(path, cfg, seed=0):
    """Write a .weights file for a `yolo3.cfg.Cfg`: kernels that keep the signal's size, plausible batch-norm statistics."""
    rng = np.random.default_rng(seed)
    with open(path, "wb") as file:
        file.write(HEADER)
        for layer in cfg.layers:
            if layer.weights:
                _write_convolution(file, layer, rng)
    return path


def _write_convolution(file, layer, rng):
    file.write(rng.normal(0, 0.1, layer.filters).astype("<f4"))
    if layer.batch_normalize:
        file.write(rng.uniform(0.5, 1.1, layer.filters).astype("<f4"))  # scales
        file.write(rng.normal(0, 0.1, layer.filters).astype("<f4"))  # means
        file.write(rng.uniform(0.5, 1.5, layer.filters).astype("<f4"))  # variances
    kernel = rng.standard_normal(layer.kernel, np.float32)
    kernel *= np.sqrt(layer.filters / layer.kernel)
    file.write(kernel)


def opencv_rows(cfg_text, weights, picture):
    """Rows of all heads (boxes, 5 + classes) that OpenCV computes for one RGB picture of the network's size.

    OpenCV's region layer multiplies the class probabilities by the objectness, clears those up to `thresh` (0.2 unless the
    .cfg says otherwise) and suppresses overlapping boxes of a head (`nms_threshold`, 0.4). Both options are its own, not
    Darknet's; at 0 they leave the rows complete, with only the multiplication to undo or repeat.
    """
    text = cfg_text.replace("[yolo]", "[yolo]\nthresh=0\nnms_threshold=0\n")
    net = cv2.dnn.readNetFromDarknet(np.frombuffer(text.encode(), np.uint8), np.fromfile(weights, np.uint8))
    net.setInput(cv2.dnn.blobFromImage(picture, 1 / 255))
    return np.concatenate(net.forward(net.getUnconnectedOutLayersNames()))


def with_scores(rows):
    """Rows of our network (boxes, 5 + classes) with classes multiplied by objectness, as OpenCV gives them."""
    return np.concatenate([rows[:, :5], rows[:, 4:5] * rows[:, 5:]], axis=1)
