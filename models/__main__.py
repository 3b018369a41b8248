"""Print what every network is: its clip, its parameters, its multiply-adds and, with --time, milliseconds per clip on this machine.

python -m models [--time] [NAME …]
"""

import statistics
import time

from common.cli import positive_int, run, script_parser
from models import MODES, RECOGNISERS, build

HEADER = ("network", "input", "fps", "parameters (M)", "GFLOPs", "ms per clip")
REPEATS = 10  # timed clips, after one that is not


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RECOGNISERS)}; default all")
    parser.add_argument("--num_class", type=positive_int, default=400, help="number of classes")
    parser.add_argument("--time", action="store_true", help="also measure, on the machine as it is, what runtime 'auto' takes")
    args = parser.parse_args()
    for name in args.names:
        if name not in RECOGNISERS:
            parser.error(f"no network is called {name}; there are {', '.join(RECOGNISERS)}")
    return args


def row(name, num_class, timed):
    """The table's line for a network, as strings; its first mode stands for the others."""
    from models.flops import multiply_adds, parameters

    recogniser = RECOGNISERS[name]
    model = build(name, num_class, recogniser.modes[0])
    inputs = " ".join(f"{stream} {'×'.join(map(str, model.input[stream].shape[1:]))}" for stream in MODES[recogniser.modes[0]])
    cells = [name, inputs, f"{recogniser.fps:g}", f"{parameters(model) / 1e6:.2f}", f"{multiply_adds(model) / 1e9:.3g}"]
    return [*cells, f"{milliseconds(model):.1f}"] if timed else cells


def milliseconds(model):
    """Median time of a clip of noise through the runtime."""
    import numpy as np

    from models import runtime

    network, random = runtime.compile(model), np.random.default_rng(0)
    clip = {tensor.name: random.integers(0, 256, (1, *tensor.shape[1:]), dtype=np.uint8) for tensor in model.inputs}
    times = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        network(clip)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times[1:])


def main():
    args = parse_args()
    names = args.names or list(RECOGNISERS)
    columns = len(HEADER) if args.time else len(HEADER) - 1
    print("| " + " | ".join(HEADER[:columns]) + " |\n" + "| --- " * columns + "|")
    for name in names:
        print("| " + " | ".join(row(name, args.num_class, args.time)) + " |", flush=True)


if __name__ == "__main__":
    run(main)
