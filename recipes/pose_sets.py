"""How good pose_gru is on public sets of pose sequences with a split of their own.

python recipes/pose_sets.py --data ../shared/data
python recipes/pose_sets.py --data ../shared/data --sets utd_mhad --validate     what settings were chosen by

data/pose/jhmdb_2d_split1.npz   ─┐
data/utd_mhad/*_skeleton.mat    ─┴→  accuracy of every seed, their mean and spread, minutes of training
"""

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from common.cli import positive_int, run, script_parser  # noqa: E402

SETS = ("jhmdb", "utd_mhad")
EPOCHS = 60
BATCH = 32
RATE, DECAY = 1e-3, 0.01  # AdamW; the rate falls to 0 along a cosine
SMOOTHING = 0.1  # of labels
VALIDATION_SUBJECT = 7  # of UTD-MHAD's training subjects
FOLD = 4  # of JHMDB's training clips every fourth of a class validates: recordings are not known there


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="folder that holds pose and utd_mhad")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", type=positive_int, default=3, help="trainings with seeds 0, 1, …")
    parser.add_argument("--epochs", type=positive_int, default=EPOCHS)
    parser.add_argument("--frames", type=positive_int, default=32, help="poses that a sequence is brought to")
    parser.add_argument("--recurrent_unit", choices=("gru", "lstm"), default="gru")
    parser.add_argument("--recurrent_layers", type=int, choices=(1, 2), default=1)
    parser.add_argument("--validate", action="store_true", help="hold out a part of the training sequences, and do not look at the test")
    return parser.parse_args()


def main():
    args = parse_args()
    import numpy as np

    from recipes import pose_data

    for name in args.sets:
        pose_set = getattr(pose_data, name)(args.data.resolve())
        if args.validate:
            pose_set = validation_of(pose_set)
        accuracies = []
        for seed in range(args.seeds):
            started = time.perf_counter()
            accuracies.append(accuracy(train(pose_set, seed, args), pose_set, args.frames))
            print(f"{name}, seed {seed}: {accuracies[-1]:.4f}, {(time.perf_counter() - started) / 60:.1f} minutes", flush=True)
        counts = f"trained on {len(pose_set.train.poses)}, tested on {len(pose_set.test.poses)}"
        print(f"{name}: {np.mean(accuracies):.4f} ± {np.std(accuracies):.4f} over {args.seeds} seeds, {counts}", flush=True)


def validation_of(pose_set):
    """The set with a part of its training sequences in place of the test's."""
    import numpy as np

    known = pose_set.train
    held_out = known.groups == VALIDATION_SUBJECT
    if len(set(known.groups.tolist())) == len(known.groups):
        held_out = np.array([(known.labels[:i] == label).sum() % FOLD == 0 for i, label in enumerate(known.labels)])
    return pose_set._replace(train=known.chosen(~held_out), test=known.chosen(held_out))


def train(pose_set, seed, args):
    """A `pose_gru` fitted to the training sequences."""
    import keras

    from models.pose_gru import pose_gru
    from recipes.pose_batches import PoseBatches

    keras.utils.set_random_seed(seed)
    network = {"layout": pose_set.layout, "dimensions": pose_set.dimensions, "recurrent_unit": args.recurrent_unit}
    network["recurrent_layers"] = args.recurrent_layers
    model = pose_gru(len(pose_set.classes), frames=args.frames, **network)
    batches = PoseBatches(pose_set, args.frames, BATCH, seed)
    rate = keras.optimizers.schedules.CosineDecay(RATE, args.epochs * len(batches))
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=SMOOTHING)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=DECAY), loss)
    model.fit(batches, epochs=args.epochs, shuffle=False, verbose=0)
    return model


def accuracy(model, pose_set, frames):
    """Share of the test sequences that are named rightly."""
    import numpy as np

    from video.pose_changes import resample

    poses = np.stack([resample(sequence, frames) for sequence in pose_set.test.poses])
    return float((model.predict({"pose": poses}, verbose=0).argmax(1) == pose_set.test.labels).mean())


if __name__ == "__main__":
    run(main)
