"""I3D as DeepMind published it, in plain TensorFlow operations, with random weights under the published names.

    PYTHONPATH=tests python tests/parity/tensorflow_i3d.py     -> tests/golden/tensorflow_i3d.npz    float32 logits (400,) by name

It is written after the published graph alone and shares nothing with models/: what the import makes of the same weights must
give the same logits. The names are those of DeepMind's checkpoints (github.com/google-deepmind/kinetics-i3d, i3d.py and Sonnet's
modules, which name a convolution's values conv_3d/w and conv_3d/b and keep a batch norm's as 1×1×1×1×channels), and those of the
Keras port (github.com/dlpbc/keras-kinetics-i3d), which has the same graph and whose own program needs Keras 2.
"""

from pathlib import Path

import numpy as np
from named_tensors import clip, kernel, values

GOLDEN = Path(__file__).parents[1] / "golden" / "tensorflow_i3d.npz"
FRAMES, SIZE = 17, 75  # small, and odd at every stage, where padding matters most; 3 frames and 3×3 values are left at the end

# Block: filters of 1×1 | 1×1, 3×3 | 1×1, 3×3 | 1×1 after pooling.
BLOCKS = {
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}
NORM_VALUES = ("beta", "moving_mean", "moving_variance")


def units(channels):
    """Every convolution with batch norm: (block or None, branch or name, kernel side, channels in, channels out)."""
    found = [(None, "Conv3d_1a_7x7", 7, channels, 64), (None, "Conv3d_2b_1x1", 1, 64, 64), (None, "Conv3d_2c_3x3", 3, 64, 192)]
    width = 192
    for block, (a, b, c, d, e, f) in BLOCKS.items():
        inner = {"0a": (1, width, a), "1a": (1, width, b), "1b": (3, b, c), "2a": (1, width, d), "2b": (3, d, e), "3b": (1, width, f)}
        found += [(block, branch, *sides) for branch, sides in inner.items()]
        width = a + c + e + f
    return found


def deepmind_name(block, branch, side):
    """Where DeepMind's checkpoints keep a convolution, below the scope of the stream."""
    if block is None:
        return branch
    letter = {"0a": "a", "1a": "a", "1b": "b", "2a": "a", "2b": "b", "3b": "b"}[branch]
    if (block, branch) == ("5b", "2b"):
        letter = "a"  # so in the published graph
    return f"Mixed_{block}/Branch_{branch[0]}/Conv3d_0{letter}_{side}x{side}"


def keras_name(block, branch, side):
    """What the Keras port calls it."""
    return branch if block is None else f"Conv3d_{block}_{branch}_{side}x{side}"


def deepmind_shapes(stream):
    """Names and shapes in DeepMind's checkpoints, of the stream "rgb" or "flow"."""
    scope, shapes = {"rgb": "RGB", "flow": "Flow"}[stream] + "/inception_i3d/", {}
    for block, branch, side, inputs, outputs in units({"rgb": 3, "flow": 2}[stream]):
        name = scope + deepmind_name(block, branch, side)
        shapes[f"{name}/conv_3d/w"] = (side, side, side, inputs, outputs)
        shapes |= {f"{name}/batch_norm/{part}": (1, 1, 1, 1, outputs) for part in NORM_VALUES}
    name = f"{scope}Logits/Conv3d_0c_1x1/conv_3d"
    return shapes | {f"{name}/w": (1, 1, 1, 1024, 400), f"{name}/b": (400,)}


def deepmind_tensors(stream):
    """Random weights under the names of DeepMind's checkpoints."""
    return {
        name: kernel(name, shape, np.prod(shape[:4])) if name.endswith("/w") else values(name, shape)
        for name, shape in deepmind_shapes(stream).items()
    }


def keras_tensors():
    """Random weights of the colour network under the names of the Keras port: {"layer/weight": array}."""
    tensors = {}
    for block, branch, side, inputs, outputs in units(3):
        name = keras_name(block, branch, side)
        tensors[f"{name}_conv/kernel"] = kernel(f"{name}_conv/kernel", (side, side, side, inputs, outputs), side**3 * inputs)
        for part in NORM_VALUES:
            tensors[f"{name}_bn/{part}"] = values(f"{name}_bn/{part}", (outputs,))
    head = "Conv3d_6a_1x1_conv"
    return tensors | {f"{head}/kernel": kernel(head, (1, 1, 1, 1024, 400), 1024), f"{head}/bias": values(f"{head}/bias", (400,))}


def logits(x, weights_of, head):
    """The published graph on a clip (1, T, H, W, C) in -1 … 1.

    `weights_of(block, branch, side)` gives a convolution's kernel and its batch norm's beta, mean and variance; `head` is the
    classifier's kernel and bias.
    """
    import tensorflow as tf

    def unit(x, block, branch, side, stride=1):
        w, beta, mean, variance = weights_of(block, branch, side)
        x = tf.nn.conv3d(x, w, [1, stride, stride, stride, 1], "SAME")
        return tf.nn.relu(tf.nn.batch_normalization(x, mean, variance, beta, None, 1e-3))

    def pool(x, sides, strides):
        return tf.nn.max_pool3d(x, [1, *sides, 1], [1, *strides, 1], "SAME")

    x = pool(unit(x, None, "Conv3d_1a_7x7", 7, 2), (1, 3, 3), (1, 2, 2))
    x = unit(unit(x, None, "Conv3d_2b_1x1", 1), None, "Conv3d_2c_3x3", 3)
    x = pool(x, (1, 3, 3), (1, 2, 2))
    for block in BLOCKS:
        if block == "4b":
            x = pool(x, (3, 3, 3), (2, 2, 2))
        if block == "5b":
            x = pool(x, (2, 2, 2), (2, 2, 2))
        branches = [unit(x, block, "0a", 1)]
        branches += [unit(unit(x, block, f"{i}a", 1), block, f"{i}b", 3) for i in (1, 2)]
        x = tf.concat([*branches, unit(pool(x, (3, 3, 3), (1, 1, 1)), block, "3b", 1)], 4)
    x = tf.nn.avg_pool3d(x, [1, 2, *x.shape[2:4], 1], 1, "VALID")  # 7×7 are left of 224×224
    x = tf.nn.conv3d(x, head[0], [1] * 5, "SAME") + head[1]
    return tf.reduce_mean(tf.squeeze(x, [2, 3]), 1).numpy()[0]


def in_range(pictures, stream):
    """uint8 as the published programs take it: colour 0 … 255 to -1 … 1; flow with 128 = no motion and ±20 pixels to -1 … 1."""
    return (pictures / 127.5 - 1 if stream == "rgb" else (pictures - 128.0) / 127).astype(np.float32)


def deepmind_logits(stream):
    """The reference for a checkpoint of the stream."""
    tensors, scope = deepmind_tensors(stream), {"rgb": "RGB", "flow": "Flow"}[stream] + "/inception_i3d/"

    def weights_of(*unit):
        name = scope + deepmind_name(*unit)
        return tensors[f"{name}/conv_3d/w"], *(tensors[f"{name}/batch_norm/{part}"] for part in NORM_VALUES)

    head = [tensors[f"{scope}Logits/Conv3d_0c_1x1/conv_3d/{part}"] for part in "wb"]
    return logits(in_range(clip(stream, FRAMES, SIZE), stream), weights_of, head)


def keras_logits():
    """The reference for a file of the Keras port."""
    tensors = keras_tensors()

    def weights_of(*unit):
        name = keras_name(*unit)
        return tensors[f"{name}_conv/kernel"], *(tensors[f"{name}_bn/{part}"] for part in NORM_VALUES)

    head = [tensors[f"Conv3d_6a_1x1_conv/{part}"] for part in ("kernel", "bias")]
    return logits(in_range(clip("rgb", FRAMES, SIZE), "rgb"), weights_of, head)


if __name__ == "__main__":
    np.savez(GOLDEN, deepmind_rgb=deepmind_logits("rgb"), deepmind_flow=deepmind_logits("flow"), keras_rgb=keras_logits())
    print(GOLDEN)
