"""Which network should I take? What each costs on this processor, in one run, beside what it reaches.

    python benchmarks/networks.py [--models …] [--plot docs/networks.png]

For every network at the clip it was made for: parameters (400 classes), multiply-adds, milliseconds per clip through the runtime, its share
of what large matrix products reach here at that moment, and milliseconds per clip of training (Keras on TensorFlow, float32).
Accuracies are those that recipes/network_accuracy.py measured: "not run" where no fold has been yet, – where the recipe leaves a
network out (other inputs; X3D-M is X3D-S with larger clips); without its file there are none.
A network under a third of the matrix products' speed has its slowest layers named below the table.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

LOW_SHARE = 1 / 3  # of the processor's limit; under it the slowest layers are named
NAMED = 4
TURN = 0.1  # seconds, about, that a network computes in its turn: small ones several clips in a row


def parse_args():
    from models import RECOGNISERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(RECOGNISERS), default=[*RECOGNISERS])
    parser.add_argument("--repeats", type=int, default=5, help="measured turns, each after one of the matrix products; medians count")
    parser.add_argument("--train-steps", type=int, default=1, help="measured steps of training, of one clip each")
    parser.add_argument("--plot", type=Path, help="draw accuracy over milliseconds there")
    return parser.parse_args()


def main():
    args = parse_args()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from network_accuracies import draw, read_accuracy
    from recogniser import openvino_product, processor

    print(f"processor: {processor()}, {len(os.sched_getaffinity(0))} cores")
    product, accuracy = openvino_product("auto"), read_accuracy()
    sets = sorted({name for results in accuracy.values() for name in results})
    columns = ["network", "input", "parameters (M)", "GFLOPs", "ms per clip", "of limit", "training ms per clip", *sets]
    print("| " + " | ".join(columns) + " |\n" + "| --- " * len(columns) + "|", flush=True)
    rows = [report(name, args, product, accuracy.get(name, {}), sets) for name in args.models]
    for row in rows:
        if row["share"] < LOW_SHARE:
            print(f"\n{row['name']} reaches {row['share']:.0%} of the limit; its slowest layers: {row['slowest']}")
    if args.plot:
        draw(rows, sets, args.plot)


def report(name, args, product, accuracy, sets):
    """Measure one network and print its line; returns what the plot needs."""
    import keras

    import models
    from models.flops import multiply_adds, parameters

    mode = models.RECOGNISERS[name].modes[0]
    model = models.build(name, 400, mode)
    random = np.random.default_rng(0)
    clip = {tensor.name: random.integers(0, 256, (1, *tensor.shape[1:])).astype(tensor.dtype) for tensor in model.inputs}
    work = multiply_adds(model)
    milliseconds, share = inference(model, clip, work, product, args.repeats)
    training = train_step(model, clip, args.train_steps)
    shape = "×".join(map(str, next(iter(clip.values())).shape[1:]))
    cells = [name, f"{mode} {shape}", f"{parameters(model) / 1e6:.2f}", f"{work / 1e9:.3g}", f"{milliseconds:.1f}", f"{share:.0%}"]
    cells += [f"{training:.0f}", *(str(accuracy.get(one, "–")) for one in sets)]
    print("| " + " | ".join(cells) + " |", flush=True)
    slowest = slowest_layers(model, clip) if share < LOW_SHARE else ""
    keras.utils.clear_session()
    return {"name": name, "milliseconds": milliseconds, "share": share, "slowest": slowest, "accuracy": accuracy}


def inference(model, clip, work, product, repeats):
    """(median milliseconds of a clip, median share of the limit) through the runtime, in turn with the matrix products."""
    from recogniser import MATRIX, PRODUCTS, in_turn

    from models import runtime

    network = runtime.compile(model)
    network(clip)
    start = time.perf_counter()
    network(clip)
    calls = max(1, round(TURN / (time.perf_counter() - start)))
    times, limits = in_turn([lambda: [network(clip) for _ in range(calls)], product], repeats)
    times /= calls
    return 1000 * np.median(times), np.median(2 * work / times / (2 * MATRIX**3 * PRODUCTS / limits))


def train_step(model, clip, steps):
    """Median milliseconds of a training step of one clip, after one that is not measured."""
    model.compile("sgd", "categorical_crossentropy", jit_compile=False)
    label, times = np.eye(400, dtype=np.float32)[:1], []
    for _ in range(steps + 1):
        start = time.perf_counter()
        model.train_on_batch(clip, label)
        times.append(1000 * (time.perf_counter() - start))
    return np.median(times[1:])


def slowest_layers(model, clip):
    """The layers that take most of a clip's time in OpenVINO, by kind and what they give (channels first), with their share of it."""
    from common.quiet import import_openvino
    from models import runtime

    openvino = import_openvino()

    with tempfile.TemporaryDirectory() as folder:
        runtime.compile(model, cache=Path(folder) / "network.xml")
        network = openvino.Core().read_model(Path(folder) / "network.xml")
    network.reshape({port: [1, *list(port.partial_shape)[1:]] for port in network.inputs})
    compiled = openvino.Core().compile_model(network, "CPU", {"PERFORMANCE_HINT": "LATENCY", "PERF_COUNT": "YES"})
    outputs = {node.friendly_name: "×".join(map(str, [*node.get_output_shape(0)][1:])) for node in compiled.get_runtime_model().get_ops()}
    request = compiled.create_infer_request()
    request.infer(clip)
    request.infer(clip)
    spent = Counter()
    for node in request.profiling_info:
        if node.node_name in outputs:  # others were left out, and take no time
            spent[f"{node.node_type} to {outputs[node.node_name]}"] += node.real_time.total_seconds()
    total = sum(spent.values())
    return ", ".join(f"{name} {seconds / total:.0%}" for name, seconds in spent.most_common(NAMED))


if __name__ == "__main__":
    main()
