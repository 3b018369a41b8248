"""Train a network to name actions.

    python train.py --batchsize 8 --mode RGB --num_class 3 --qs 10 --workers 4
    python train.py --model pose_logistic --csv features.csv --name my_table     a table with a column "label" in place of the lists

    datasetlist/trainlist.txt  ->  save_weight/<name>/model.keras   the best weights so far, for predict.py and evaluate.py
                vallist.txt                           meta.json     classes, clip length, size, metrics, how it was made
                classes.txt                           log.csv       a line per epoch; curve.png shows it
                                                      state.npz     what --resume needs

Stopped by Ctrl-C, a kill or a power cut, it goes on from the last finished epoch: python train.py --resume save_weight/<name>
With --sync ADDRESS also on another machine: python train.py --resume save_weight/<name> --sync ADDRESS
"""

from shlex import quote

from common.cli import positive_int, run, script_parser
from common.datasets import add_dataset_flags, check_dataset_flags, write_skipped
from common.experiments import add_run_flags, copier
from common.network_flags import add_option_flags, add_start_flags, check_start_flags, chosen_options
from common.person_flags import add_pose_flag
from common.training_run import AUGMENT_HELP, MIN_FLOW_SIZE, SPARSE_WINDOW, changes, fused, nonnegative_int, positive_float, resumed
from models import MODES, RECOGNISERS

EPOCHS = 30


def make_parser():
    parser = script_parser(__doc__)
    add_dataset_flags(parser)
    add = parser.add_argument_group("clips").add_argument
    add("--cache", metavar="DIR", help="keep decoded frames and flow there (default: decode each time; flow beside the clips)")
    add("--csv", metavar="FILE", help="with --model pose_logistic: a table of features with a column label, in place of clips")
    add("--batchsize", type=positive_int, default=8, help="clips per step")
    add("--workers", type=positive_int, default=4, help="threads that read clips; with 1 there is no queue")
    add("--qs", type=positive_int, default=10, help="batches read ahead; takes qs x batchsize x frames x size² x 3 bytes (Flow 2, Fuse 5)")
    add("--fps", type=positive_float, help="bring every clip to this frame rate first (default: as recorded, or as --sampling_rate needs)")
    add("--sampling_rate", type=positive_int, metavar="N", help="take every Nth frame of --fps (default: the model's own, 1 for I3D)")
    add("--augment", type=changes, nargs="?", const="medium", default=[], help=AUGMENT_HELP)
    add("--class_weight", choices=("none", "balanced"), default="none", help="balanced: rare classes weigh more in the training loss")
    add("--region", choices=("person", "frame"), help="what the clips show (default: person with lists, else frame); as predict.py does")
    add("--context", type=positive_float, default=1.2, help="--context that extract_frames.py had; predict.py takes the same")
    add("--flow", choices=("dis", "tvl1"), default="dis", help="optical flow; tvl1 is as published, and a hundred times slower")
    add = parser.add_argument_group("network").add_argument
    add("--model", choices=tuple(RECOGNISERS), default="i3d_se")
    add("--mode", choices=tuple(MODES), help="what the network sees: colour, optical flow, or both (default: RGB, or the only one it has)")
    add("--frames", type=positive_int, help="frames of a clip (default: the model's own, 64 for I3D)")
    add("--sampling", choices=("dense", "sparse"), default="dense", help=f"consecutive frames, or spread over {SPARSE_WINDOW}")
    add("--size", type=positive_int, help="height and width in pixels (default: the model's own, 224 for I3D)")
    add_option_flags(add)
    add_start_flags(add)
    add_pose_flag(parser)
    add = parser.add_argument_group("training").add_argument
    add("--epochs", type=nonnegative_int, help=f"in all, also with --resume; 0 only evaluates (default {EPOCHS}; --from-runs 0)")
    add("--optimizer", choices=("radam_lookahead", "radam", "adam", "adamw", "sgd", "rmsprop"), default="radam_lookahead")
    add("--learning_rate", type=positive_float, default=1e-3, help="of a step")
    add("--schedule", choices=("constant", "cosine"), default="constant", help="cosine: the rate falls to 0 over --epochs")
    add("--loss", choices=("cross_entropy", "focal"), default="cross_entropy", help="focal: clips that are right already count less")
    add("--precision", choices=("float32", "mixed_bfloat16", "mixed_float16"), default="float32", help="of layers; weights stay float32")
    add("--positive", metavar="CLASS", help="class to choose a threshold for on the validation list (default: the first)")
    add("--seed", type=nonnegative_int, default=0, help="the same seed gives the same run on the same machine")
    add_run_flags(parser)
    return parser


def parse_args():
    parser = make_parser()
    args = parser.parse_args()
    if args.resume:
        args = resumed(parser, args)
    check_start_flags(parser, args)
    if args.from_runs and not args.resume:
        args = fused(parser, args)
    args.mode = args.mode or RECOGNISERS[args.model].modes[0]
    if bool(args.csv) != (args.mode == "Features"):
        parser.error("--csv and --model pose_logistic go together")
    check_dataset_flags(parser, args, args.mode)
    args.options = chosen_options(parser, args)
    if args.sampling == "sparse" and (args.frames or 0) > SPARSE_WINDOW:
        parser.error(f"--sampling sparse chooses from {SPARSE_WINDOW} frames, so --frames {args.frames} is too many")
    if args.mode not in (modes := RECOGNISERS[args.model].modes):
        parser.error(f"--model {args.model} has no --mode {args.mode}; give --mode {' or '.join(modes)}")
    if "flow" in MODES[args.mode] and (args.size or MIN_FLOW_SIZE) < MIN_FLOW_SIZE:
        parser.error(f"--size {args.size} is too small for optical flow; at least {MIN_FLOW_SIZE} pixels")
    if args.epochs is None:
        args.epochs = 0 if args.from_runs and not RECOGNISERS[args.model].over else EPOCHS
    return args


def main():
    args = parse_args()
    if args.csv:
        from common.csv_training import train_from_csv

        return train_from_csv(args)
    from common import training_run as steps
    from common.interrupts import Interrupts
    from common.quiet import import_keras

    data = steps.read_data(args)
    import_keras()
    job = steps.run_for(args, data)
    copy = copier(args, job.folder)
    extra = [steps.tensorboard(job)] if args.tensorboard else []
    from keras.callbacks import LambdaCallback

    from models.recorder import STATE_NAME, Recorder

    model, portable = steps.build_network(args, job)
    goes_on = bool(args.resume) and (job.folder / STATE_NAME).exists()
    steps.start_weights(args, model, job if goes_on else None)
    model, learned, front = steps.learning_parts(args, model, portable)
    train, validation = steps.make_datasets(args, job, data, front)
    class_weight = steps.prepare(args, model, train)
    positive = data.classes.index(args.positive or data.classes[0])
    recorder = Recorder(job, portable, validation, positive, learned, args.val_check_interval, args.checkpoint_interval, copy)
    if goes_on:
        recorder.restore(model)
    job.write_meta()
    write_skipped(job.folder / "skipped.csv", data.skipped)
    try:
        if not goes_on and (args.from_runs or not args.epochs):
            recorder.evaluate(model)
        if recorder.epoch < args.epochs:
            epochs = {"initial_epoch": recorder.epoch, "epochs": args.epochs}
            with Interrupts() as interrupts:
                guide = LambdaCallback(on_epoch_begin=train.start_epoch, on_train_batch_end=lambda batch, logs=None: interrupts.check())
                model.fit(train, **epochs, class_weight=class_weight, callbacks=[guide, recorder, *extra], shuffle=False, verbose=0)
    except KeyboardInterrupt:
        print(f"stopped; {recorder.epoch} of {args.epochs} epochs are kept. To go on: python train.py --resume {quote(str(job.folder))}")
        return 130
    except Exception:
        # Keras wraps what happens in a reading thread in errors of its own.
        if failure := train.failure or (validation and validation.failure):
            raise failure from None
        raise
    print(f"{job.folder}: {recorder.epoch} epochs, the best is {recorder.best['epoch']}")


if __name__ == "__main__":
    run(main)
