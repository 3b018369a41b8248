"""Make the bundled action model: Fighting, Standing or Walking for every person, from clips of which only the clip's class is known.

    python recipes/default_action.py --data ../shared/data                      trains on everything, writes save_weight/default
    python recipes/default_action.py --data ../shared/data --folds              5 folds by recording, 3 seeds: how good it is
    python recipes/default_action.py --data ../shared/data --folds --evaluate   the same, scored by evaluate.py on whole videos
    … --also X.cfg X.weights X.names                                            learns from another detector's tracks of the clips, too

    data/fight_cctv data/videos/vtest.mp4 data/weizmann  ─┐
    scenes of samples/stage.py, made in <work>/stage     ─┴→  <work>/windows  →  <output>/model.keras meta.json
    with --folds: <work>/scores.csv, and <work>/seed_S_fold_F/ with a run and the list of its held-out videos

What was found in the videos is kept in <work>/windows, so that all but the first start take seconds a fold.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from common.cli import positive_int, run, script_parser  # noqa: E402
from common.person_flags import add_person_flags, person_source  # noqa: E402

FACTS = {"recogniser": "motion", "mode": "Flow", "frames": 20, "window": 20, "size": 96, "fps": 10.0, "region": "person", "context": 2.0}
FACTS |= {"crop": "fixed", "flow": "dis"}
FOLDS = 5
PERSON_FLAGS = ("cfg", "weights", "names", "encoder", "score_threshold", "faint_threshold", "iou_threshold", "max_cosine_distance")
PERSON_FLAGS += ("max_age", "n_init", "stride")
ALSO_SCORE = 0.2  # who is found with so little, and followed by motion alone, is often where a fight is


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "save_weight/default", help="the run")
    parser.add_argument("--folds", action="store_true", help=f"train and score {FOLDS} folds instead of the final run")
    parser.add_argument("--evaluate", action="store_true", help="with --folds: detector and all, instead of from the windows kept")
    return parse_material(parser)


def parse_material(parser):
    """The arguments, with those that say what is learned from and how people are found in it."""
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="folder that holds fight_cctv, videos and weizmann")
    parser.add_argument("--work", type=Path, default=ROOT / "output/default_action", help="folder for what is made on the way")
    parser.add_argument("--seeds", type=positive_int, default=3, help="of folds: different splits and starting weights")
    parser.add_argument("--stride", type=positive_int, default=16, help="frames between two windows of a person")
    parser.add_argument("--also", nargs=3, metavar=("CFG", "WEIGHTS", "NAMES"), help="learn from another detector's tracks too")
    parser.set_defaults(every=1)
    add_person_flags(parser)
    args = parser.parse_args()
    args.data, args.work = args.data.resolve(), args.work.resolve()
    return args


def main():
    args = parse_args()
    from recipes import material

    clips, others = material.footage(args.data)
    videos = [*clips, *others, *material.stage(args.work / "stage")]
    known = gather(args, videos)
    more = also_known(args, clips)
    if args.folds:
        protocol(args, clips, known, more)
    else:
        fit(args, args.output, [*known, *more], seed=0)


def also_known(args, clips):
    """What the detector of --also follows in the clips, as `gather` gives it; empty without that flag."""
    return gather(with_detector(args, *args.also), clips) if args.also else []


def with_detector(args, cfg, weights, names):
    """The arguments with another detector that follows more: the more the tracks differ, the more there is to learn from."""
    import argparse

    other = {"cfg": cfg, "weights": weights, "names": names, "encoder": "none", "score_threshold": ALSO_SCORE}
    return argparse.Namespace(**vars(args) | other)


def gather(args, videos):
    """Each video as `recipes.weak_labels.make_bags` takes it."""
    from recipes.material import clip_of

    return [clip_of(video, windows) for video, windows in zip(videos, found(args, videos), strict=True)]


def found(args, videos):
    """The `recipes.gather.Windows` of each video."""
    from types import SimpleNamespace

    import keras
    from tqdm import tqdm

    from models import build, runtime
    from recipes.gather import windows_in

    network = build("motion", 3, "Flow")
    describe = runtime.compile(keras.Model(network.input, network.get_layer("descriptors").output), args.runtime, precision="float32")
    persons_of, described = person_source(args, "person"), SimpleNamespace(**FACTS)
    kept = args.work / "windows" / made_by(args)
    return [windows_in(video.path, described, persons_of, describe, kept, args.stride) for video in tqdm(videos, unit="video")]


def protocol(args, clips, known, more):
    """Train and score every fold of the clips of fight_cctv, the first that are `known`; the rest is always in training.

    `more` of the same clips, if not empty, is for training only.
    """
    import numpy as np

    from recipes import protocol as figures

    splits = [figures.folds(clips, FOLDS, seed) for seed in range(args.seeds)]
    scores, leaks = np.zeros((2, args.seeds, len(clips)))
    for seed, split in enumerate(splits):
        for fold, (training, held_out) in enumerate(split):
            seen = [tracks[i] for tracks in (known, more) if tracks for i in training]
            trained = fit(args, args.work / f"seed_{seed}_fold_{fold}", [*seen, *known[len(clips) :]], seed)
            figures.write_list(trained.folder / "videos.txt", [clips[i] for i in held_out])
            if args.evaluate:
                scores[seed, held_out] = figures.evaluated(trained, person_arguments(args))
            else:
                scores[seed, held_out] = figures.highest(trained, [known[i] for i in held_out])
            leaks[seed, held_out] = figures.leak(clips, training, held_out)
    figures.report("width, height, frame rate and length only", clips, splits, leaks)
    figures.report("the model", clips, splits, scores)
    figures.write_scores(args.work / "scores.csv", clips, scores)


def made_by(args):
    """A name that changes with whatever the windows depend on."""
    import hashlib

    from common.files import sha256

    files = [file for file in (args.cfg, args.weights, args.encoder, ROOT / "models/motion.py") if file != "none"]
    facts = [*map(sha256, files), *(str(getattr(args, name)) for name in PERSON_FLAGS[4:]), str(FACTS)]
    return hashlib.sha256(" ".join(facts).encode()).hexdigest()[:12]


def fit(args, folder, clips, seed):
    """Train on clips and write the run."""
    from models import build
    from recipes.material import CLASSES
    from recipes.weak_labels import make_bags, train

    model = build("motion", len(CLASSES), "Flow")
    for name, arrays in train(make_bags(clips), seed).items():
        model.get_layer(name).set_weights(arrays)
    return write_run(args, folder, model, FACTS, seed)


def write_run(args, folder, model, facts, seed):
    """Write the run of a trained model of the three classes, whose meta.json holds `facts` too."""
    import importlib.metadata

    from models.run import Run
    from recipes.material import CLASSES

    versions = {name: importlib.metadata.version(name) for name in ("keras", "numpy")}
    facts = facts | {"classes": list(CLASSES), "seed": seed, "versions": versions, "threshold": 0.5}
    detectors = [Path(file).name for file in (args.weights, *(vars(args).get("also") or ())[1:2])]
    facts["persons"] = {"detectors": detectors} | {name: getattr(args, name) for name in PERSON_FLAGS[4:]}
    trained = Run.create(folder, facts)
    model.save(trained.model_path)
    return trained


def person_arguments(args):
    """The flags for persons as evaluate.py takes them."""
    flags = {name: getattr(args, name) for name in PERSON_FLAGS if getattr(args, name) is not None}
    return [part for name, value in flags.items() for part in (f"--{name.replace('_', '-')}", str(value))]


if __name__ == "__main__":
    run(main)
