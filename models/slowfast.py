"""SlowFast: a wide network that sees few frames of a clip, and a narrow one that sees all of them and reports to it."""

import keras
from keras import layers, ops

from models import CHANNELS
from models.residual import batch_norm, classify, convolution, normalise, residual

# block: residual units, channels of the slow pathway between and within them, frames that its units look at, stride (table 1)
STAGES = {
    "blocks-1": (3, 256, 64, 1, 1),
    "blocks-2": (4, 512, 128, 1, 2),
    "blocks-3": (6, 1024, 256, 3, 2),
    "blocks-4": (3, 2048, 512, 3, 2),
}
STEM = 64
NARROWER = 8  # the fast pathway has an eighth of the channels (the paper's β = 1/8)
FAST_KERNEL = 3  # frames that its units look at, in every stage


def slowfast_8x8(num_class, stream="rgb", frames=32, size=224):
    """SlowFast 8×8 on ResNet-50 (Feichtenhofer et al., arXiv 1812.03982) for one stream, as PyTorchVideo builds it.

    One clip goes in; the fast pathway sees all its frames, the slow one every fourth (`slow_frames`). Layers have the names of
    PyTorchVideo's state dict, with dashes for dots; only the classifier is called "logits" and not "blocks.6.proj".

    Args:
        num_class: number of classes.
        stream: "rgb" or "flow".
        frames: frames of a clip, at least 1; 32 in the paper, at 15 per second.
        size: height and width in pixels, at least 1; 224 in the paper's training, 256 in its test.

    Returns:
        an uncompiled `keras.Model`: {stream: uint8 (B, frames, size, size, 3 or 2)} -> probabilities (B, num_class)
        float32. Layer "logits" holds the scores before softmax. For 400 classes and RGB 34,566,488 parameters and 50.3 G
        multiply-adds; 65.7 G for 256×256.

    Deviations: features are averaged over all places, whatever the size (PyTorchVideo slides a 7×7 window over a larger
    picture; for 224×224 it is the same); convolutions start as in He et al. (arXiv 1502.01852) by what they take in.
    """
    return _network("slowfast_8x8", num_class, stream, frames, size, sparser=4, fusion_kernel=7)


def slowfast_4x16(num_class, stream="rgb", frames=32, size=224):
    """SlowFast 4×16: the slow pathway sees every eighth frame, and the fast one reports through kernels of 5 frames, not 7.

    For 400 classes and RGB 34,480,216 parameters and 27.6 G multiply-adds; 36.1 G for 256×256, where PyTorchVideo states 36.69:
    for this network it counts 5 for each number that a batch norm takes. Arguments and returned value are those of `slowfast_8x8`.
    """
    return _network("slowfast_4x16", num_class, stream, frames, size, sparser=8, fusion_kernel=5)


def slow_frames(frames, sparser):
    """Which frames of a clip the slow pathway sees: ⌈frames / sparser⌉ of them, evenly from the first to the last, rounded down.

    For a multiple of `sparser` it is what PyTorchVideo's PackPathway takes, ``linspace(0, frames - 1, frames // sparser).long()``.
    """
    count = -(-frames // sparser)
    return [i * (frames - 1) // max(count - 1, 1) for i in range(count)]


def _network(name, num_class, stream, frames, size, sparser, fusion_kernel):
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    fast = normalise(clip, stream)
    slow = ops.take(fast, slow_frames(frames, sparser), axis=1)
    slow = _stem(slow, STEM, (1, 7, 7), "blocks-0-multipathway_blocks-0")
    fast = _stem(fast, STEM // NARROWER, (5, 7, 7), "blocks-0-multipathway_blocks-1")
    for block, (units, filters, inner, slow_kernel, stride) in STAGES.items():
        slow = _report(slow, fast, fusion_kernel, sparser, f"blocks-{int(block[-1]) - 1}-multipathway_fusion")
        slow = _stage(slow, units, filters, inner, slow_kernel, stride, f"{block}-multipathway_blocks-0")
        fast = _stage(fast, units, filters // NARROWER, inner // NARROWER, FAST_KERNEL, stride, f"{block}-multipathway_blocks-1")
    means = [layers.GlobalAveragePooling3D(name=f"blocks-5-pool-{i}")(x) for i, x in enumerate((slow, fast))]
    return keras.Model({stream: clip}, classify(layers.Concatenate(name="features")(means), num_class), name=name)


def _stem(x, filters, kernel, name):
    x = batch_norm(convolution(x, filters, kernel, f"{name}-conv", (1, 2, 2)), f"{name}-norm", "relu")
    x = layers.ZeroPadding3D((0, 1, 1), name=f"{name}-pool-pad")(x)  # nothing is below 0 after ReLU
    return layers.MaxPooling3D((1, 3, 3), (1, 2, 2), name=f"{name}-pool")(x)


def _report(slow, fast, kernel, sparser, name):
    """What the fast pathway saw, brought to the slow one's frames and put beside its channels."""
    report = convolution(fast, 2 * fast.shape[-1], (kernel, 1, 1), f"{name}-conv_fast_to_slow", (sparser, 1, 1))
    return layers.Concatenate(name=f"{name}-concat")([slow, batch_norm(report, f"{name}-norm", "relu")])


def _stage(x, units, filters, inner, frames, stride, name):
    for i in range(units):
        x = _unit(x, filters, inner, frames, 1 if i else stride, f"{name}-res_blocks-{i}")
    return x


def _unit(x, filters, inner, frames, stride, name):
    """Narrow (over `frames` frames), filter over space, widen, and add the input."""
    y = convolution(x, inner, (frames, 1, 1), f"{name}-branch2-conv_a")
    y = batch_norm(y, f"{name}-branch2-norm_a", "relu")
    y = convolution(y, inner, (1, 3, 3), f"{name}-branch2-conv_b", (1, stride, stride))
    y = batch_norm(y, f"{name}-branch2-norm_b", "relu")
    y = convolution(y, filters, (1, 1, 1), f"{name}-branch2-conv_c")
    y = batch_norm(y, f"{name}-branch2-norm_c", gamma="zeros")  # so a new unit changes nothing
    return residual(x, y, name, (1, stride, stride))
