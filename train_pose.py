"""Train the network that finds joints (models/human_pose.py): a file for --pose, and for train.py --model gait --weights.

    python train_pose.py --data joints.npz --output model_data/my_pose.keras
    python train_pose.py --scenes 200 --size 107 --shrink 4 --epochs 40          on people from samples/stage.py

    joints.npz          ->  my_pose.keras   the best weights so far
      pictures (N, S, S, 3) uint8 RGB, one person in each
      joints (N, K, 3) x, y in its pixels, confidence; 0 = not known      my_pose.json    describes it to the other scripts
      recording (N,) int, the same for pictures of one video; some recordings are held out to judge the network by
      layout, a name such as mpii16 or coco17

Ctrl-C keeps the best so far; --weights goes on from there.
"""

from pathlib import Path

from common.cli import fraction, positive_int, run, script_parser
from common.errors import InputError
from common.training_run import nonnegative_int, positive_float


def parse_args():
    parser = script_parser(__doc__)
    add = parser.add_argument_group("pictures").add_argument
    add("--data", nargs="+", type=Path, default=[], metavar="FILE", help=".npz files of one layout; they stay in memory")
    add("--scenes", type=nonnegative_int, default=0, help="so many scenes from the stage, about 50 pictures each; 17 joints (coco17)")
    add("--held-out", type=fraction, default=0.2, help="share of the recordings that only judge")
    add = parser.add_argument_group("network").add_argument
    add("--size", type=positive_int, default=299, help="height and width in pixels")
    add("--shrink", type=int, choices=(1, 2, 4, 8, 16), default=1, help="divide the filters by this: faster, and knows less")
    add("--weights", help="start from another such .keras; the detectors of other joints stay new")
    add("--pretrained", choices=("imagenet", "none"), help="without --weights (default: imagenet with --shrink 1, else none)")
    add = parser.add_argument_group("training").add_argument
    add("--epochs", type=positive_int, default=30)
    add("--batchsize", type=positive_int, default=16, help="pictures per step")
    add("--learning-rate", type=positive_float, default=1e-3, help="at first; it falls to 0 along a cosine")
    add("--workers", type=positive_int, default=2, help="threads that change pictures")
    add("--seed", type=nonnegative_int, default=0)
    parser.add_argument("--output", type=Path, default=Path("model_data/my_pose.keras"))
    args = parser.parse_args()
    if bool(args.data) == bool(args.scenes):
        parser.error("give --data or --scenes")
    if args.output.suffix != ".keras":
        parser.error(f"--output {args.output} must end in .keras")
    if args.pretrained == "imagenet" and (args.shrink > 1 or args.weights):
        parser.error("--pretrained imagenet goes with --shrink 1 and without --weights")
    return args


def main():
    args = parse_args()
    from common.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(args.seed)
    training, held_out = read(args)
    from models.human_pose import part_detector_loss
    from video.pose_pictures import PoseBatches

    model = start(args, training.layout)
    data = PoseBatches(training, args.batchsize, args.seed, workers=args.workers, max_queue_size=8)
    learner = keras.Model(model.input, model.get_layer("logits").output)
    rate = keras.optimizers.schedules.CosineDecay(args.learning_rate, args.epochs * len(data))
    # TensorFlow's XLA takes minutes to compile a step for a processor.
    learner.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=2.0), part_detector_loss, jit_compile=False)
    judge = Judge(model, held_out, args.output)
    report = keras.callbacks.LambdaCallback(on_epoch_end=judge)
    try:
        learner.fit(data, epochs=args.epochs, callbacks=[report], verbose=0, shuffle=False)
    except KeyboardInterrupt:
        print(f"stopped; {args.output} holds the best epoch" if judge.best >= 0 else "stopped before the first epoch was over")
        return 130
    print(f"{args.output}: finds {judge.best:.3f} of the joints held out")


class Judge:
    """Called after every epoch: says how many joints are found in the pictures held out, and keeps the best network."""

    def __init__(self, model, held_out, path):
        import keras

        from video.pose_pictures import targets

        self._model, self._held_out, self._path, self.best = model, held_out, path, -1.0
        self._asked = keras.Model(model.input, model.output)  # the same layers; what is saved stays uncompiled
        self._asked.compile(jit_compile=False)
        self._wanted = targets(held_out.joints, held_out.pictures.shape[1])

    def __call__(self, epoch, logs):
        from models.human_pose import save
        from video.pose_pictures import found

        share = found(self._asked.predict({"pictures": self._held_out.pictures}, batch_size=16, verbose=0), self._wanted)
        print(f"epoch {epoch + 1}: loss {logs['loss']:.5f}, found {share:.3f}", flush=True)
        if share > self.best:
            self.best = share
            save(self._model, self._path, self._held_out.layout)


def read(args):
    """(training, held out) `Pictures`, by recording. Raises InputError where there are too few."""
    import numpy as np

    from video.pose_pictures import Pictures, chosen, read_pictures, resized

    if args.scenes:
        from samples.portraits import portraits

        parts = [portraits(args.scenes, args.size, args.seed)]
    else:
        parts = [resized(read_pictures(path), args.size) for path in args.data]
    if len({part.layout for part in parts}) > 1:
        raise InputError(f"--data: joints in different orders, {', '.join(sorted({part.layout for part in parts}))}; train on one")
    recording = np.concatenate([np.unique(part.recording, return_inverse=True)[1] + i * 10**6 for i, part in enumerate(parts)])
    whole = Pictures(*(np.concatenate([part[i] for part in parts]) for i in (0, 1)), recording, parts[0].layout)
    recordings = np.random.default_rng(args.seed).permutation(np.unique(recording))
    kept = recordings[: max(1, round(args.held_out * len(recordings)))]
    if len(kept) == len(recordings):
        raise InputError("at least two recordings are needed, one of them to judge the network by")
    aside = np.isin(recording, kept)
    print(f"{(~aside).sum()} pictures of {len(recordings) - len(kept)} recordings to train on, {aside.sum()} of {len(kept)} held out")
    return chosen(whole, ~aside), chosen(whole, aside)


def start(args, layout):
    """The network to train: new, on what ImageNet taught, or from a file."""
    from models.human_pose import human_pose, start_from_application

    model = human_pose(args.size, layout, args.shrink)
    if args.weights:
        from models.transfer import start_from

        print(f"weights: {len(start_from(model, args.weights)[0])} layers from {args.weights}")
    elif (args.pretrained or ("imagenet" if args.shrink == 1 else "none")) == "imagenet":
        from models.backbones import imagenet

        start_from_application(model, imagenet("InceptionResNetV2", args.size))
    return model


if __name__ == "__main__":
    run(main)
