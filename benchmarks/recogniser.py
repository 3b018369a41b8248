"""How fast is a recogniser: OpenVINO as `models.runtime` uses it, beside Keras on TensorFlow, in one process?

    python benchmarks/recogniser.py

Both run the same network on the same clip in turn. The processor's limit is what large matrix products reach through the
same libraries, in GFLOP/s; a network's share of it says how much there is left to gain. Ratios and shares are medians over
the rounds, so that other work on the machine, which slows a whole round, does not shift them.
"""

import argparse
import functools
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

MATRIX, PRODUCTS = 2048, 8
"""The processor's limit is measured by this many products of square matrices in a row: 137 GFLOP, over half a clip of I3D."""


def parse_args():
    from models import RECOGNISERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(RECOGNISERS), default=["i3d", "i3d_se"])
    parser.add_argument("--frames", type=int, help="frames of a clip; default: what the network was made for")
    parser.add_argument("--size", type=int, help="height and width in pixels; default: likewise")
    parser.add_argument("--repeats", type=int, default=7, help="measured calls of each, in turn; medians count")
    return parser.parse_args()


def main():
    args = parse_args()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(f"processor: {processor()}, {len(os.sched_getaffinity(0))} cores")
    products = {"OpenVINO": openvino_product("auto"), "OpenVINO float32": openvino_product("float32"), "Keras": tensorflow_product()}
    for name in args.models:
        report(name, args, products)


def report(name, args, products):
    """Measure one network, and the matrix products in turn with it, and print its table."""
    import models
    from models import runtime
    from models.flops import multiply_adds

    model = models.build(name, 3, "RGB", args.frames, args.size)
    shape = model.input["rgb"].shape[1:]
    clip = {"rgb": np.random.default_rng(0).integers(0, 256, (1, *shape), np.uint8)}
    networks = {
        "OpenVINO": runtime.compile(model, "openvino"),
        "OpenVINO float32": runtime.compile(model, "openvino", precision="float32"),
        "Keras": compiled_by_tensorflow(model),
    }
    calls = {key: lambda network=network: network(clip) for key, network in networks.items()}
    seconds = in_turn([*calls.values(), *(products[key] for key in calls)], args.repeats)
    times, limits = dict(zip(calls, seconds, strict=False)), dict(zip(calls, seconds[len(calls) :], strict=True))
    work, product = 2 * multiply_adds(model), 2 * MATRIX**3 * PRODUCTS
    print(f"\n{name}, RGB clip of {'×'.join(map(str, shape))}, batch 1: {work / 1e9:.1f} GFLOP")
    print(f"{'':18}{'seconds':>9}{'of Keras':>10}{'GFLOP/s':>9}{'of limit':>10}{'limit':>7}  precision")
    for key in calls:
        median, ratio = np.median(times[key]), np.median(times[key] / times["Keras"])
        share, limit = np.median(work / times[key] / (product / limits[key])), product / np.median(limits[key])
        precision = getattr(networks[key], "precision", "f32")
        print(f"{key:18}{median:9.3f}{ratio:10.2f}{work / median / 1e9:9.0f}{share:10.0%}{limit / 1e9:7.0f}  {precision}")


def in_turn(calls, repeats):
    """Seconds (calls, repeats) of each function: all are called once unmeasured, then again and again in turn."""
    for call in calls:
        call()
    seconds = np.empty((len(calls), repeats))
    for repeat in range(repeats):
        for i, call in enumerate(calls):
            start = time.perf_counter()
            call()
            seconds[i, repeat] = time.perf_counter() - start
    return seconds


def compiled_by_tensorflow(model):
    """The fastest way in which Keras runs a network on TensorFlow: its call as one compiled graph, without predict()'s loop."""
    import tensorflow

    call = tensorflow.function(lambda clip: model(clip, training=False))
    return lambda clip: call(clip).numpy()


def matrices():
    """The factors. Each keeps the scale of what it is multiplied with, so that nothing overflows or vanishes."""
    random = np.random.default_rng(0)
    return [random.standard_normal((MATRIX, MATRIX), np.float32) / np.float32(MATRIX**0.5) for _ in range(PRODUCTS + 1)]


def openvino_product(precision):
    """A function that multiplies `matrices` through OpenVINO, in the precision that a network would get."""
    import openvino
    from openvino import opset13

    first, *others = matrices()
    product = start = opset13.parameter([MATRIX, MATRIX], np.float32)
    for matrix in others:
        product = opset13.matmul(product, opset13.constant(matrix), False, False)
    options = {"PERFORMANCE_HINT": "LATENCY"} | ({"INFERENCE_PRECISION_HINT": "f32"} if precision == "float32" else {})
    request = openvino.Core().compile_model(openvino.Model([product], [start]), "CPU", options).create_infer_request()
    return lambda: request.infer([first], share_inputs=True, share_outputs=True)


def tensorflow_product():
    """A function that multiplies `matrices` through TensorFlow in float32."""
    import tensorflow

    first, *others = (tensorflow.constant(matrix) for matrix in matrices())
    product = tensorflow.function(lambda start: functools.reduce(tensorflow.matmul, others, start))
    return lambda: product(first).numpy()


def processor():
    """The processor's name, from Linux where it is known there."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"


if __name__ == "__main__":
    main()
