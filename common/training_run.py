"""What train.py does between its flags and Keras' fit: lists, datasets, starting weights, the facts of a run.

Imports nothing heavy by itself, so that wrong flags and lists are told at once.
"""

import argparse
import importlib
import importlib.metadata
import importlib.util
import platform
from itertools import chain, count
from pathlib import Path

from common.datasets import Data, check_flow, read_protocol
from common.errors import InputError
from common.experiments import fetch_missing, run_name
from common.files import sha256
from common.person_flags import build_estimator, build_people
from models import MODES, RECOGNISERS, sees_boxes
from models.run import META_NAME, MODEL_NAME, Run, read_meta

SAVE_FOLDER = Path("save_weight")
SPARSE_WINDOW = 64  # frames that a sparse choice is spread over: a clip of generate_64.py
MIN_FLOW_SIZE = 12  # pixels; OpenCV's flow cannot do with less
# Those of video.augment; importing that module would slow --help down.
CHANGES = ("flip", "crop", "colour", "time", "rotate", "blur", "noise", "erase")
CHANGE_SETS = {"light": ("flip", "crop", "time"), "medium": ("flip", "crop", "colour", "time"), "heavy": CHANGES}
AUGMENT_HELP = "; ".join(f"{name}: {','.join(kinds)}" for name, kinds in CHANGE_SETS.items()) + "; or a list of these; alone: medium"
# In a run that goes on; where its data lies too, for that may be another machine's disk, while the data itself is compared.
MAY_CHANGE = ("epochs", "workers", "qs", "tensorboard", "resume", "sync", "lists", "data", "splits", "groups", "cache", "flow_archive")


def nonnegative_int(text):
    """argparse type for a whole number of at least 0."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return value


def positive_float(text):
    """argparse type for a number above 0."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def changes(text):
    """argparse type for ``--augment flip,crop`` and ``--augment light``: a list of `CHANGES`."""
    if text in CHANGE_SETS:
        return list(CHANGE_SETS[text])
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in CHANGES:
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join([*CHANGE_SETS, *CHANGES])}")
    return names


def resumed(parser, args):
    """The arguments of the earlier run that --resume names, with those of `MAY_CHANGE` from the command line.

    A run that is not here is fetched from --sync first.
    Raises InputError where another flag on the command line says something else than the run.
    """
    fetch_missing(args)
    folder = args.resume
    recorded = read_meta(Path(folder) / META_NAME).get("arguments")
    if not recorded:
        raise InputError(f"{folder} was not made by train.py, so it cannot be resumed; --weights {folder} starts a new run from it")
    return _parse_with(parser, recorded, f"the run {folder}")


def fused(parser, args):
    """The arguments of a run made of the two in --from-runs: the model and the clips are theirs, the rest the command line's.

    A --model that is built over others stays what it is, and takes their clips for its stacks.
    Raises InputError unless they are an RGB and a Flow run, or one of these and a Pose run, and agree, and with the command line too.
    """
    paths, recogniser = args.from_runs, RECOGNISERS[args.model]
    runs = _pair(paths)
    if recogniser.over and [(run.recogniser, run.mode) for run in runs] != [(recogniser.over, "RGB"), (recogniser.over, "Flow")]:
        raise InputError(f"--model {args.model} needs --from-runs with two runs of {recogniser.over}, --mode RGB and Flow")
    with_pose = runs[1].mode == "Pose"
    same = () if with_pose else ("recogniser", "size", "options")
    keys = ("classes", "frames", "window", "fps", "region", "context", "crop", *same)
    facts = [{key: getattr(run, key) for key in keys} for run in runs]
    for key, value in facts[0].items():
        if facts[1][key] != value:
            raise InputError(f"{runs[0].folder} and {runs[1].folder} do not go together: {key} is {value} and {facts[1][key]}")
    values = {key: facts[0][key] for key in ("frames", "fps", "region", "context")} | runs[0].options
    values |= {"model": runs[0].recogniser, "num_class": len(facts[0]["classes"]), "size": runs[0].size}
    values["sampling_rate"] = 1  # theirs is in their fps already
    values["flow"] = runs[0 if with_pose else 1].flow
    if with_pose:
        values |= {"pose": runs[1].pose} | runs[1].options
    values["mode"] = f"{runs[0].mode}+Pose" if with_pose else "Fuse"
    if recogniser.over:
        values |= {"model": args.model, "frames": runs[0].frames * (args.positions or recogniser.options["positions"].default)}
    values["sampling"] = "dense" if facts[0]["window"] == facts[0]["frames"] else "sparse"
    args = _parse_with(parser, values, f"the run {paths[0]}")
    if getattr(args, "fusion", None) and Run.open(paths[0]).mode != runs[0].mode:
        args.fusion.reverse()
    return args


def read_data(args):
    """Read and check the lists in --lists, or what --dataset names, down to each clip's first frame; returns `Data`.

    Raises InputError for anything that would stop training later.
    """
    if args.dataset != "lists":
        return _read_protocol(args)
    from video.lists import CLASSES_NAME, TRAIN_NAME, VALIDATION_NAME, check_clips, read_list

    folder = Path(args.lists)
    classes = _class_names(args)
    train = read_list(folder / TRAIN_NAME, len(classes)) if args.epochs else []
    validation = read_list(folder / VALIDATION_NAME, len(classes)) if (folder / VALIDATION_NAME).exists() else None
    lengths = check_clips(clips := [*train, *(validation or [])], args.workers)
    if args.flow_archive:
        check_flow(args.flow_archive, clips, lengths)
    short = sum(length is not None and length < _window(args) for length in lengths)
    if short and not args.fps:
        print(f"{short} of {len(lengths)} clips are shorter than {_window(args)} frames and are played forth and back")
    if validation is None:
        print(f"warning: there is no {folder / VALIDATION_NAME}; the best weights will be those with the lowest training loss")
    files = [folder / name for name in (TRAIN_NAME, VALIDATION_NAME, CLASSES_NAME)]
    return Data(classes, train, validation, {str(file): sha256(file) for file in files if file.exists()})


def _read_protocol(args):
    if RECOGNISERS[args.model].over:
        args.min_frames = args.min_frames or args.frames // args.options["positions"]
    data = read_protocol(args, _window(args), _fps(args))
    if args.from_runs and data.classes != (theirs := Run.open(args.from_runs[0]).classes):
        raise InputError(f"--data {args.data} names {', '.join(data.classes)}, but {args.from_runs[0]} knows {', '.join(theirs)}")
    if data.validation is None:
        print("warning: no recording is left for validation; the best weights will be those with the lowest training loss")
    return data


def run_for(args, data):
    """The `Run` that the arguments describe: a new one, not yet written, or that of --resume.

    Raises InputError if a new run's folder is there already, a resumed one's lists have changed, or --positive names no class.
    """
    if args.positive not in (None, *data.classes):
        raise InputError(f"--positive {args.positive} is not one of the classes {', '.join(data.classes)}")
    if args.resume:
        folder = Path(args.resume)
        run = Run(folder, folder / MODEL_NAME, read_meta(folder / META_NAME))
        for name, digest in data.digests.items():
            if digest not in run.meta.get("lists", {}).values():
                raise InputError(f"{name} has changed since {folder} was started; start a new run with --weights {folder}")
        run.meta["lists"] = data.digests
        run.meta["arguments"] = vars(args) | {"resume": None}
        return run
    name = args.name or _free_name(run_name(args))
    folder = SAVE_FOLDER / name
    if folder.parent != SAVE_FOLDER or name in (".", ".."):
        raise InputError(f"--name {name} is not a plain folder name; the run goes to {SAVE_FOLDER}/<name>")
    if folder.exists():
        raise InputError(f"{folder} is there already; --resume {folder} goes on with it, another --name starts anew")
    return Run(folder, folder / MODEL_NAME, _meta(args, data))


def _free_name(name):
    """`name`, or with a number behind it where a run of the same second has it already."""
    names = chain([name], (f"{name}_{i}" for i in count(2)))
    return next(free for free in names if not (SAVE_FOLDER / free).exists())


def make_datasets(args, run, data, front=None):
    """The datasets for training and for validation (None without a list); of embeddings where there is a `front` to compute them."""
    from video.dataset import ClipDataset, prepare_flow
    from video.frame_cache import fill
    from video.pose_samples import sampler_of

    estimator, people = build_estimator(args.pose, run), build_people(args.tracks, run)
    sampler = sampler_of(run, estimator, tuple(args.augment), args.cache, args.flow_archive, people)
    clips = [*data.train, *(data.validation or [])]
    videos = [clip._replace(path=sampler.video_of(clip.path)) for clip in clips] if run.sees_boxes else clips
    queue = {"workers": args.workers, "max_queue_size": args.qs}
    if front:
        sampler = _embeddings(args, run, data, front, sampler)
    elif args.cache and not run.sees_poses and not (args.flow_archive and run.mode == "Flow"):
        fill([video.path for video in videos], sampler, args.workers)
    if run.sees_poses:
        sampler.prepare(clip.path for clip in clips)
    if "flow" in MODES[run.mode] and not args.flow_archive and not front:
        prepare_flow(videos, sampler, args.workers)
    print(
        f"{len(data.train)} clips to train on, {len(data.validation or [])} to validate; "
        f"a full queue takes {args.qs * args.batchsize * sampler.nbytes / 1e6:.0f} MB"
    )
    train = ClipDataset(
        data.train * args.training_samples, sampler, len(data.classes), args.batchsize, training=True, seed=args.seed, **queue
    )
    if data.validation is None:
        return train, None
    return train, ClipDataset(data.validation, sampler, len(data.classes), args.batchsize, **queue)


def _embeddings(args, run, data, front, sampler):
    from dataclasses import replace

    from models.front import digest
    from models.runtime import compile
    from video.dataset import prepare_flow
    from video.embeddings import EmbeddingSampler, PlaceEmbeddings

    key, examples = digest(front), [*data.train, *(data.validation or [])]
    kind = PlaceEmbeddings if sampler.stack else EmbeddingSampler
    if run.mode == "RGB":
        sampler = replace(sampler, cache=None)  # frames are looked at once, so none are kept
    embeddings = kind(sampler, RECOGNISERS[run.recogniser].frozen, front.output_shape[-1], key, folder=args.cache)
    if "flow" in MODES[run.mode] and not args.flow_archive:
        prepare_flow(embeddings.missing(examples), sampler, args.workers)
    converted = Path(args.cache) / f"front.openvino-{key[:16]}.xml" if args.cache else None
    embeddings.prepare(examples, lambda: compile(front, cache=converted))
    return embeddings


def build_network(args, run):
    """(the network to train, under the precision policy; the same in float32, to be saved), both with new weights."""
    import keras

    import models

    keras.utils.set_random_seed(args.seed)
    facts = (run.recogniser, len(run.classes), run.mode, run.frames, run.size, run.options, run.layout)
    keras.config.set_dtype_policy("float32")
    portable = models.build(*facts)
    keras.config.set_dtype_policy(args.precision)
    model = models.build(*facts)
    if args.precision == "mixed_float16":
        _check_float16(model)
    return model, portable


def _check_float16(model):
    """Raise InputError where TensorFlow would stop at the first step: it has no float16 3-D max pool for a processor."""
    import keras

    layers = [inner for layer in model.layers for inner in getattr(layer, "layers", [layer])]
    pools = any(isinstance(layer, keras.layers.MaxPooling3D) for layer in layers)
    if pools and keras.backend.backend() == "tensorflow":
        import tensorflow

        if not tensorflow.config.list_physical_devices("GPU"):
            raise InputError(f"--precision mixed_float16 cannot train {model.name} on a processor; use mixed_bfloat16 or float32")


def start_weights(args, model, earlier=None):
    """Give `model` the weights of --pretrained, --weights or --from-runs and say what was taken.

    Where a run goes on, `earlier`, its state brings all that learns; what does not is as model.keras has it.
    """
    if earlier and (RECOGNISERS[args.model].frozen is None or earlier.model_path.exists()):
        if RECOGNISERS[args.model].frozen:
            model.set_weights(earlier.load_model().get_weights())
        return
    from models import fuse
    from models.transfer import start_from

    starts_learned = "backbone" in args.options or RECOGNISERS[args.model].frozen
    if starts_learned and not (args.weights or args.from_runs):
        _pretrain(args, model)
    if args.from_runs:
        runs = _pair(args.from_runs)
        streams = [run.load_model() for run in runs]
        if RECOGNISERS[args.model].over:
            from models.recurrent_fusion import take_streams

            take_streams(model, *streams)
        else:
            model.set_weights(fuse(*streams).get_weights())
        print("weights: " + ", ".join(f"{run.mode} from {run.folder}" for run in runs))
    if args.weights:
        loaded, new = start_from(model, args.weights)
        listed = ", ".join(new[:3]) + (f" and {len(new) - 3} more" if len(new) > 3 else "")
        print(f"weights: {len(loaded)} layers from {args.weights}; " + (f"new: {listed}" if new else "none is new"))


def _pretrain(args, model):
    from models.backbones import pretrain

    if "backbone" not in args.options:
        raise InputError(f"--model {args.model} sees through a trained pose network; give it with --weights model_data/human_pose.keras")
    name = args.options["backbone"]
    streams = [layer for layer in model.layers if layer.name.endswith("_stream")] or [model]
    for stream in streams:
        pretrain(stream.get_layer(name.lower()), name, args.pretrained or "imagenet")
    print(f"backbone: {name}, pretrained {args.pretrained or 'imagenet'}")


def learning_parts(args, model, portable):
    """(what trains, what of `portable` takes its weights, the front, if any, that gives embeddings to train on).

    A network with a frozen front is cut behind it, unless changed pictures (--augment) have to go through the front each time, or it
    was built to learn.
    """
    frozen = RECOGNISERS[args.model].frozen
    if frozen is None:
        return model, portable, None
    if changed := [name for name in args.augment if name != "time"]:
        print(f"--augment {','.join(changed)} changes pictures, so every epoch runs the frozen part anew; --augment time does not")
        return model, portable, None
    from models.front import cut

    front, kept = cut(portable, frozen)
    if front.trainable_variables:
        return model, portable, None
    portable.set_weights(model.get_weights())
    return cut(model, frozen)[1], kept, front


def prepare(args, model, train):
    """Freeze and compile `model` as the arguments say; returns the class weights for fit, or None."""
    import keras

    from models.training import balanced_weights, compile
    from models.transfer import freeze

    if args.freeze:
        print(f"frozen: all layers but {', '.join(freeze(model))}")
    rate = args.learning_rate
    if args.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, max(args.epochs * len(train), 1))
    compile(model, args.optimizer, rate, args.loss)
    return balanced_weights(train.labels, train.num_class) if args.class_weight == "balanced" else None


def tensorboard(run):
    """Keras' TensorBoard callback, writing below the run's folder. Raises InputError where the package is not installed."""
    missing = [name for name in ("tensorflow", "tensorboard") if not importlib.util.find_spec(name)]
    if missing:
        raise InputError(f"--tensorboard needs the package {missing[0]}; install it with: pip install {missing[0]}")
    import keras

    return keras.callbacks.TensorBoard(str(run.folder / "tensorboard"), write_graph=False)


def _parse_with(parser, values, owner):
    args = parser.parse_args(namespace=argparse.Namespace(**values))
    for name, value in values.items():
        if name not in MAY_CHANGE and getattr(args, name) != value:
            flag = "--from-runs" if name == "from_runs" else f"--{name}"
            raise InputError(f"{flag} {getattr(args, name)} does not go with {owner}, which has {value}; leave the flag out")
    return args


def _pair(paths):
    """The two runs in the order RGB, Flow, Pose."""
    runs, order = [Run.open(path) for path in paths], ("RGB", "Flow", "Pose")
    modes = [run.mode for run in runs]
    if len(set(modes)) == 1 or not set(modes) <= set(order):
        raise InputError(f"--from-runs needs unlike runs of RGB, Flow, Pose, but {paths[0]} is {modes[0]} and {paths[1]} is {modes[1]}")
    return sorted(runs, key=lambda run: order.index(run.mode))


def _class_names(args):
    from video.lists import CLASSES_NAME, read_classes

    path, names = Path(args.lists) / CLASSES_NAME, read_classes(args.lists)
    if args.from_runs:
        theirs = Run.open(args.from_runs[0]).classes
        if names not in (None, theirs):
            raise InputError(f"{path} names {', '.join(names)}, but {args.from_runs[0]} knows {', '.join(theirs)}")
        return theirs
    if names is None:
        if args.num_class is None:
            raise InputError(f"there is no {path}; write it (a class per line), run generate_64.py, or give --num_class")
        names = [str(i) for i in range(args.num_class)]
    if args.num_class not in (None, len(names)):
        raise InputError(f"--num_class {args.num_class} disagrees with {path}, which names {len(names)} classes: {', '.join(names)}")
    if len(names) < 2:
        raise InputError(f"{path} names only {names[0]}; two classes or more are needed")
    return names


def _frames(args):
    return args.frames or RECOGNISERS[args.model].frames


def _window(args):
    return SPARSE_WINDOW if args.sampling == "sparse" else _frames(args)


def _per_class(data, examples):
    labels = [example.label for example in examples or []]
    return [labels.count(label) for label in range(len(data.classes))]


def _fps(args):
    """Frames per second that the network sees: every Nth of --fps where a sampling rate says so, else --fps itself, if any."""
    recogniser = RECOGNISERS[args.model]
    rate = args.sampling_rate or recogniser.sampling_rate
    return args.fps if rate == 1 else (args.fps or recogniser.fps) / rate


def _pose_facts(args):
    """What a pose run adds to meta.json."""
    if "pose" not in MODES[args.mode]:
        return {}
    from video.pose import describe

    return {"pose": args.pose, "layout": describe(args.pose).layout}


def _meta(args, data):
    import keras

    backend = importlib.import_module(keras.backend.backend())
    return {
        "recogniser": args.model,
        "mode": args.mode,
        "classes": data.classes,
        "frames": _frames(args),
        "window": _window(args),
        "size": args.size or RECOGNISERS[args.model].size,
        "fps": _fps(args),
        "region": args.region or ("person" if args.dataset == "lists" and not sees_boxes(args.options) else "frame"),
        "context": args.context,
        "crop": _pair(args.from_runs)[0].crop if args.from_runs else "following",  # as extract_frames.py cuts
        "flow": args.flow,
        "options": args.options,
        **_pose_facts(args),
        "seed": args.seed,
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            keras.backend.backend(): backend.__version__,
            "numpy": importlib.metadata.version("numpy"),
        },
        "lists": data.digests,
        "clips": {side: _per_class(data, getattr(data, side)) for side in ("train", "validation")},
        "metrics": {},
        "threshold": None,
        "arguments": vars(args),
    }
