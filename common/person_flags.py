"""The detector and tracker flags that extract_frames, predict and evaluate share, and what they build."""

from pathlib import Path

from common.cli import fraction, positive_int
from common.errors import InputError


def add_person_flags(parser):
    """Add the flags that choose and tune the person detector, the appearance encoder and the tracker."""
    group = parser.add_argument_group("persons")
    group.add_argument("--cfg", default="model_data/person.cfg", help="Darknet network of the detector (default %(default)s)")
    group.add_argument("--weights", default="model_data/person.weights", help="its trained Darknet weights (default %(default)s)")
    group.add_argument("--names", default="model_data/person.names", help="its class names, one a line (default %(default)s)")
    group.add_argument("--person-class", default="person", help="the class to follow (default %(default)s)")
    group.add_argument("--score-threshold", type=fraction, default=0.4, help="keep detections from this score, 0 to 1 (default %(default)s)")
    group.add_argument("--iou-threshold", type=fraction, default=0.45, help="boxes overlapping more are one person (default %(default)s)")
    group.add_argument("--encoder", metavar="FILE", help="appearance network, .onnx or .pb (default: motion and overlap only)")
    group.add_argument("--max-cosine-distance", type=float, default=0.2, help="appearance farther apart is another person (default %(default)s)")
    group.add_argument("--max-age", type=positive_int, default=30, help="frames a lost person is remembered (default %(default)s)")
    group.add_argument("--n-init", type=positive_int, default=3, help="detections in a row that make a person (default %(default)s)")
    group.add_argument("--runtime", choices=("auto", "openvino", "keras"), default="auto", help="what runs the networks (default %(default)s)")


def build_detector(args):
    """The `yolo3.Detector` the flags describe. Raises InputError where a file is missing."""
    from yolo3 import Detector

    for flag in ("cfg", "weights", "names"):
        if not Path(getattr(args, flag)).is_file():
            raise InputError(f"no file {getattr(args, flag)}; give the detector with --cfg, --weights and --names")
    return Detector(
        args.cfg, args.weights, args.names, classes=(args.person_class,),
        score_threshold=args.score_threshold, iou_threshold=args.iou_threshold, runtime=args.runtime,
    )  # fmt: skip


def build_encoder(args):
    """The `deep_sort.appearance.Encoder` of ``--encoder``, or None."""
    if not args.encoder:
        return None
    from deep_sort.appearance import Encoder

    return Encoder(args.encoder)


def build_tracker(args):
    """A fresh `deep_sort.Tracker`: one per video."""
    from deep_sort import Tracker

    return Tracker(max_cosine_distance=args.max_cosine_distance, max_age=args.max_age, n_init=args.n_init)
