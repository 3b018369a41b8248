"""Train the network that knows persons again by their looks, on your own footage; nobody has to label anything.

    python extract_frames.py --videos videos --output persons --encoder none
    python train_encoder.py --persons persons
    python predict.py --encoder model_data/my_appearance.keras …

    persons/<video>/<track id>/<frame>.jpg  ->  model_data/my_appearance.keras    the best epoch, with its distance
    persons/<video>/tracks.csv

It learns from the tracks: pictures of one track show one person, tracks seen together show different persons. Tracks are cut
where people come near each other, as behind that a number may be somebody else's. So it takes footage with several people in a
picture. Whole videos are kept for validation; each epoch says how often a picture is nearer to its own person than to anybody
around (right), and how well one distance divides same from different (divided).

--weights model_data/appearance.keras starts from the bundled encoder instead of from nothing, which takes far less footage.
"""

from pathlib import Path

from common.cli import fraction, positive_int, run, script_parser
from common.training_run import nonnegative_int, positive_float

BATCH_GROUPS = 8  # of 4 persons, 4 pictures each


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--persons", nargs="+", type=Path, default=[], help="folders that extract_frames.py wrote, run with --encoder none")
    parser.add_argument("--truth", nargs="+", type=Path, default=[], help="the same, with identities that are certain: no track is cut")
    parser.add_argument("--validation", nargs="+", type=Path, help="certain ones to validate with instead of a share of the above")
    parser.add_argument("--val-fraction", type=fraction, default=0.15, help="share of the videos kept for validation")
    parser.add_argument("--context", type=positive_float, default=1.2, help="--context that extract_frames.py had")
    parser.add_argument("--pictures", type=positive_int, default=24, help="of a track at most; they stay in memory, 20 kB each")
    parser.add_argument("--weights", type=Path, help="start from this encoder (.keras)")
    parser.add_argument("--epochs", type=nonnegative_int, default=20, help="0 only judges --weights, and finds its distance anew")
    parser.add_argument("--steps", type=positive_int, default=200, help=f"per epoch, of {16 * BATCH_GROUPS} pictures each")
    parser.add_argument("--learning-rate", type=positive_float, default=2e-3, help="at first; it falls to 0 along a cosine")
    parser.add_argument("--workers", type=positive_int, default=1, help="threads that change pictures")
    parser.add_argument("--seed", type=nonnegative_int, default=0)
    parser.add_argument("--output", type=Path, default=Path("model_data/my_appearance.keras"))
    args = parser.parse_args()
    if not args.persons and not args.truth:
        parser.error("give --persons or --truth")
    if not args.epochs and not args.weights:
        parser.error("--epochs 0 needs --weights")
    if args.output.suffix != ".keras":
        parser.error(f"--output {args.output} must end in .keras")
    return args


def main():
    args = parse_args()
    from common.quiet import import_keras

    training, validation = read(args)
    keras = import_keras()
    from deep_sort.appearance import read_facts
    from deep_sort.encoder_training import Groups, Keeper, circle_loss

    keras.utils.set_random_seed(args.seed)
    data = Groups(training, BATCH_GROUPS, args.steps, args.seed, workers=args.workers, max_queue_size=8)
    encoder = start(args.weights)
    trained = keras.Model(encoder.inputs, encoder.outputs)  # the same layers; the optimizer stays out of the encoder's file
    rate = keras.optimizers.schedules.CosineDecay(args.learning_rate, max(args.epochs, 1) * args.steps)
    trained.compile(keras.optimizers.AdamW(rate, weight_decay=5e-4), circle_loss)
    made = {"seed": args.seed, "videos": len(set(training.video)), "pictures": len(training.piece)}
    if not args.epochs:
        made = read_facts(args.weights)
    keeper = Keeper(encoder, validation, args.output, made)
    if not args.epochs:
        keeper.record(made["epoch"])
    try:
        trained.fit(data, epochs=args.epochs, callbacks=[keeper], verbose=0, shuffle=False)
    except KeyboardInterrupt:
        print(f"stopped; {args.output} holds the best epoch" if keeper.best else "stopped before the first epoch was over")
        return 130
    print(f"{args.output}: the best is epoch {keeper.best['epoch']}")


def read(args):
    """(training, validation) `Tracks` of the flags."""
    from common.errors import InputError
    from deep_sort.appearance import read_facts
    from deep_sort.encoder_data import find_videos, read_tracks, split_videos

    if args.weights:
        read_facts(args.weights)  # a wrong file is told before the pictures are read
    sides = [[], []]
    for folders, certain in ((args.persons, False), (args.truth, True)):
        videos = find_videos(folders)
        parts = (videos, []) if args.validation or not videos else split_videos(videos, args.val_fraction, args.seed)
        for side, part in zip(sides, parts, strict=True):
            side += [(video, certain) for video in part]
    if args.validation:
        sides[1] = [(video, True) for video in find_videos(args.validation)]
    if not all(sides):
        raise InputError("at least two videos are needed, one of them to validate with; or give --validation")
    tracks = []
    for name, side in zip(("training", "validation"), sides, strict=True):
        tracks.append(read_tracks(*zip(*side, strict=True), args.pictures, args.context))
        print(f"{name}: {len(side)} videos, {len(tracks[-1].video)} pieces of tracks, {len(tracks[-1].piece)} pictures", flush=True)
    return tracks


def start(weights):
    """The encoder to train: new, or the one in a file."""
    from common.errors import InputError
    from deep_sort.appearance import load_keras
    from deep_sort.encoder_network import person_encoder

    encoder = person_encoder()
    if weights:
        try:
            encoder.set_weights(load_keras(weights).get_weights())
        except ValueError:
            raise InputError(f"{weights}: a network of another shape; give an encoder that train_encoder.py wrote") from None
    return encoder


if __name__ == "__main__":
    run(main)
