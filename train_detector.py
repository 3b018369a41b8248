"""Train a detector of people, or fine-tune the shipped one on your own cameras.

    python train_detector.py --videos recordings --teacher yolov3.cfg yolov3.weights coco.names
    python train_detector.py --images pictures --weights model_data/person.weights --epochs 20

    recordings/hall.mp4         videos that the teacher labels; a hall.csv beside it (frame,left,top,width,height) labels it instead
    pictures/a.jpg a.txt        pictures with labels in the YOLO format: class cx cy width height [confidence]

    detector/dataset/hall/…     the labelled frames, to look at, to correct, and to use again with --images detector/dataset
             person.cfg .weights .names      the best network so far, for predict.py and for Darknet and OpenCV
             log.csv            a line per epoch: loss, and average precision (AP50) on recordings held out of training

A teacher that is better than the network needs no hand-made label. Ctrl-C keeps the best so far; --weights goes on from there.
"""

from pathlib import Path

from common.cli import fraction, positive_int, run, script_parser
from common.errors import InputError

SMALL_SHARE = 0.4  # twice the pictures in the time, while there is most to learn
COUNTS = "training pictures {} from {} recordings, held out {} from {}"


def parse_args():
    parser = script_parser(__doc__)
    add = parser.add_argument_group("pictures").add_argument
    add("--videos", type=Path, nargs="+", default=[], metavar="PATH", help="videos or folders of videos, at any depth")
    add("--images", type=Path, nargs="+", default=[], metavar="FOLDER", help="folders of pictures with label files")
    add("--teacher", nargs=3, action="append", default=[], metavar=("CFG", "WEIGHTS", "NAMES"), help="labels videos; may be repeated")
    add(
        "--teacher-sides",
        type=positive_int,
        nargs="+",
        default=[],
        metavar="PIXELS",
        help="input sides teachers look with (default: own)",
    )
    add(
        "--imitate",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="folders as --images has; learned is not their labels but all that the first teacher makes of the pictures",
    )
    add("--every", type=positive_int, default=5, metavar="N", help="take every Nth frame of a video")
    add("--classes", nargs="+", default=["person"], help="names of class 0, 1, …; a teacher knows them by these names")
    add = parser.add_argument_group("held out").add_argument
    add("--held-out", type=fraction, default=0.2, help="share of the recordings that only measure")
    add("--held-out-list", type=Path, metavar="FILE", help="names of the recordings instead, one a line: a video without its suffix")
    add = parser.add_argument_group("network").add_argument
    add("--cfg", type=Path, default=Path("model_data/person.cfg"), help="the network")
    add("--weights", type=Path, help="start from these weights of --cfg, with its anchors; without them anchors are fitted to the boxes")
    add = parser.add_argument_group("training").add_argument
    add("--epochs", type=int, default=60, help="passes over the pictures; 0 only labels videos")
    add("--minutes", type=float, help="train for so long instead; the learning rate falls with the time")
    add("--batchsize", type=positive_int, default=32, help="pictures per step")
    add("--learning-rate", type=float, default=2e-3, help="at its highest; a quarter of it is enough with --weights")
    add("--small-share", type=fraction, help="of the training, at half the pixels, its first part (default 0.4; with --weights 0)")
    add("--precision", choices=("float32", "mixed_bfloat16"), default="float32", help="bfloat16 is faster where the processor has it")
    add("--workers", type=positive_int, default=2, help="threads that make pictures")
    add("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("detector"), help="folder for the network and the labelled frames")
    args = parser.parse_args()
    if not (args.videos or args.images or args.imitate):
        parser.error("give --videos, --images or --imitate")
    if args.epochs < 0 or args.seed < 0 or args.learning_rate <= 0 or (args.minutes is not None and args.minutes <= 0):
        parser.error("--epochs and --seed cannot be negative; --minutes and --learning-rate must be above 0")
    if not (args.epochs or args.minutes or args.videos):
        parser.error("--epochs 0 only labels videos, so it needs --videos")
    if args.imitate and not args.teacher:
        parser.error("--imitate needs a --teacher")
    if args.small_share is None:
        args.small_share = 0.0 if args.weights else SMALL_SHARE
    return args


def main():
    args = parse_args()
    from common import detector_run as steps

    folders = [*args.images, *([steps.label_videos(args)] if args.videos else [])]
    if not (args.epochs or args.minutes):
        return
    pictures = steps.split_examples(args, folders)
    training = [*pictures.labelled, *pictures.imitated]
    sides = (training, pictures.held_out)
    print(COUNTS.format(*(count for side in sides for count in (len(side), len({one.recording for one in side})))))
    cfg, paths = steps.prepare_network(args, training)
    best = None
    try:
        for epoch in steps.train(args, cfg, pictures, paths):
            best = max(best or epoch.ap50, epoch.ap50)
            misses = f", blocks miss {epoch.blocks:.3f}" if args.imitate else ""
            print(f"epoch {epoch.number}: {epoch.width}×{epoch.height}, loss {epoch.loss:.3f}{misses}, AP50 {epoch.ap50:.3f}", flush=True)
    except KeyboardInterrupt:
        if best is None:
            raise InputError("stopped in the first epoch, so there is no network yet") from None
        print("stopped; the best so far is kept")
    print(f"{paths.weights}: AP50 {best:.3f}")


if __name__ == "__main__":
    run(main)
