"""The detector and tracker flags that extract_frames, predict and evaluate share, and what they build."""

from pathlib import Path

from common.cli import bundled, fraction, positive_int
from common.errors import InputError

POSE = "model_data/movenet_lightning_int8.tflite"  # not part of the project: see README, Pose


def add_person_flags(parser):
    """Add the flags that choose and tune the person detector, the appearance encoder and the tracker."""
    group = parser.add_argument_group("persons")
    group.add_argument("--cfg", default=bundled("model_data/person.cfg"), help="Darknet network of the detector")
    group.add_argument("--weights", default=bundled("model_data/person.weights"), help="its trained Darknet weights")
    group.add_argument("--names", default=bundled("model_data/person.names"), help="its class names, one a line")
    group.add_argument("--person-class", default="person", help="the class to follow")
    group.add_argument("--score-threshold", type=fraction, default=0.3, help="who scores this, 0 to 1, may be a new person")
    group.add_argument("--faint-threshold", type=fraction, default=0.2, help="who is followed already is recognised from this score on")
    group.add_argument("--iou-threshold", type=fraction, default=0.45, help="boxes overlapping more are one person")
    group.add_argument(
        "--encoder",
        metavar="FILE",
        default=bundled("model_data/appearance.keras"),
        help="appearance network: .keras, .onnx or .pb; none: motion and overlap only",
    )
    group.add_argument("--max-cosine-distance", type=float, help="appearance farther apart is another person (default: the encoder's own)")
    group.add_argument("--max-age", type=positive_int, default=30, help="frames a lost person is remembered")
    group.add_argument("--n-init", type=positive_int, default=3, help="detections in a row that make a person")
    group.add_argument("--runtime", choices=("auto", "openvino", "keras"), default="auto", help="what runs the networks")


def add_pose_flag(parser, default=POSE):
    """Add the flag that chooses the pose network."""
    shown = "" if default else " (default: as the run was trained)"
    parser.add_argument("--pose", metavar="FILE", default=default, help="pose network for one person: .tflite, .onnx or .keras" + shown)


def build_estimator(pose, run=None):
    """The `video.pose.PoseEstimator` of ``--pose``, or of a pose run where the flag is not given; None for a run that sees no poses.

    Raises InputError where the file is missing or has other joints than the run.
    """
    if run and not run.sees_poses:
        return None
    estimator = open_estimator(pose or run.pose)
    if run and estimator.description.layout != run.layout:
        raise InputError(f"{pose}: gives joints as {estimator.description.layout}, but {run.folder} was trained on {run.layout}")
    return estimator


def open_estimator(path):
    """The `video.pose.PoseEstimator` in a file; a .keras one is a network of `models.human_pose`, run by `models.runtime`."""
    from video.pose import PoseEstimator

    return PoseEstimator(path, _open_keras if Path(path).suffix == ".keras" else None)


def _open_keras(path):
    from models.runtime import cache_path, compile

    def load():
        from models.human_pose import load

        return load(path)

    # In bfloat16 neighbouring pixels of a heat map have the same value, and OpenVINO 2026.4 takes minutes to compile its last layers.
    network = compile(load, cache=cache_path(path), precision="float32")
    return lambda pictures: network({"pictures": pictures})


def build_detector(args):
    """The `yolo3.Detector` the flags describe. Raises InputError where a file is missing."""
    from yolo3 import Detector

    for flag in ("cfg", "weights", "names"):
        if not Path(getattr(args, flag)).is_file():
            raise InputError(f"no file {getattr(args, flag)}; give the detector with --cfg, --weights and --names")
    return Detector(
        args.cfg, args.weights, args.names, classes=(args.person_class,),
        score_threshold=min(args.score_threshold, args.faint_threshold), iou_threshold=args.iou_threshold, runtime=args.runtime,
    )  # fmt: skip


def build_encoder(args):
    """The `deep_sort.appearance.Encoder` of ``--encoder``, or None."""
    if args.encoder == "none":
        return None
    from deep_sort.appearance import Encoder

    return Encoder(args.encoder, runtime=args.runtime)


def build_tracker(args, encoder=None):
    """A fresh `deep_sort.Tracker`: one per video. Its appearance distance is the encoder's own unless the flag says otherwise."""
    from deep_sort import Tracker

    settings = {"max_age": args.max_age, "n_init": args.n_init, "begin_score": args.score_threshold}
    if encoder:
        distance = encoder.max_distance if args.max_cosine_distance is None else args.max_cosine_distance
        settings |= {"max_cosine_distance": distance, "looks_first": True}
    return Tracker(**settings)


def build_people(tracks, run):
    """The `video.people.People` of ``--tracks`` for a run that sees boxes, or None. Raises InputError where there is none to take."""
    if not run.sees_boxes:
        return None
    from video.people import People

    if tracks is None:
        raise InputError(f"{run.folder} sees each person's box in the whole picture; give --tracks, what extract_frames.py wrote")
    return People(tracks)


def region_to_follow(region, run):
    """The region `person_source` is to serve a run with, given ``--region`` or None: a run that sees boxes needs persons to be followed.

    Raises InputError where such a run is to look at crops.
    """
    if run.sees_boxes and region == "person":
        raise InputError(f"{run.folder} looks at each person's box in the whole picture; leave --region out, or give frame")
    return "person" if run.sees_boxes else region or run.region


def person_source(args, region, stages=None):
    """A function from frames to (frame, persons), with the networks of the flags loaded once.

    Call the result once per video: it starts a fresh tracker. In the `frame` region persons is None: the whole picture counts.
    """
    from video.crops import follow

    if region == "frame":
        return lambda frames: ((frame, None) for frame in frames)
    detector, encoder = build_detector(args), build_encoder(args)
    return lambda frames: follow(frames, detector, build_tracker(args, encoder), encoder, args.every, stages)
