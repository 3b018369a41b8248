"""How much faster an epoch is on embeddings that were computed once than with the frozen backbone run in every epoch.

    python benchmarks/frozen_embeddings.py --backbone ResNet152 --size 224 --clips 8

Noise instead of clips: decoding, the same either way, is left out. Both train the same layers with the same optimizer in batches
of four; the epochs are timed in turn, the first of each left out.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common.quiet import import_keras
from models import BACKBONES

BATCH, CLASSES = 4, 101


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", choices=BACKBONES, default="ResNet152")
    parser.add_argument("--size", type=int, default=224, help="pixels (default 224)")
    parser.add_argument("--clips", type=int, default=8, help="clips of five frames in an epoch (default 8)")
    parser.add_argument("--epochs", type=int, default=3, help="epochs timed of each kind (default 3)")
    return parser.parse_args()


def seconds_of(model, inputs, labels):
    """Seconds of one epoch."""
    start = time.perf_counter()
    model.fit(inputs, labels, batch_size=BATCH, epochs=1, verbose=0)
    return time.perf_counter() - start


def main():
    args = parse_args()
    import_keras()
    import numpy as np

    from models import build
    from models.front import cut
    from models.runtime import compile as compile_for_inference
    from models.training import compile

    rng = np.random.default_rng(0)
    clips = {"rgb": rng.integers(0, 256, (args.clips, 5, args.size, args.size, 3), dtype=np.uint8)}
    labels = np.eye(CLASSES, dtype=np.float32)[rng.integers(0, CLASSES, args.clips)]
    whole = build("lrcn", CLASSES, size=args.size, options={"backbone": args.backbone})
    front, head = cut(whole, "embedding")
    network = compile_for_inference(front)
    network({name: clip[:1] for name, clip in clips.items()})
    start = time.perf_counter()
    embeddings = {"embedding": network(clips)}
    once = time.perf_counter() - start
    for model in (whole, head):
        compile(model, "adam", 1e-3, "cross_entropy")
    seconds = {"backbone in every epoch": [], "embeddings": []}
    for _ in range(args.epochs + 1):
        seconds["backbone in every epoch"].append(seconds_of(whole, clips, labels))
        seconds["embeddings"].append(seconds_of(head, embeddings, labels))
    print(f"{args.backbone}, {args.size} pixels, {args.clips} clips of 5 frames")
    print(f"{'embeddings, once':24} {once:8.3f} s ({network.precision})")
    for name, values in seconds.items():
        print(f"{name:24} {np.median(values[1:]):8.3f} s an epoch ({min(values[1:]):.3f} to {max(values[1:]):.3f})")
    slow, fast = (np.median(values[1:]) for values in seconds.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"ratio {slow / fast:.0f}; peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()
