"""How well poses name actions in videos of one person each, alone and together with a recogniser of motion: Weizmann.

    python recipes/pose_videos.py --data ../shared/data --pose movenet.tflite

    data/weizmann/<action>/<person>_<action>.avi  ->  <work>/motion_S_F and <work>/pose_S_F, a run for every seed and fold; accuracies

One of the six persons is held out at a time. Both networks see the whole picture (region frame) at the same moments; their pair is what
train.py --mode Flow+Pose --from-runs makes of the two runs: the mean of their logits. Finished runs are not trained again.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from common.cli import positive_int, run, script_parser  # noqa: E402
from common.person_flags import add_pose_flag, build_estimator  # noqa: E402

FACTS = {"frames": 20, "window": 20, "fps": 10.0, "region": "frame", "context": 1.2, "flow": "dis"}  # two seconds, as motion was made for
NETWORKS = {
    "motion": {"recogniser": "motion", "mode": "Flow", "size": 96},
    "pose": {"recogniser": "pose_gru", "mode": "Pose", "size": 192},
}
RATES, EPOCHS, BATCH = {"motion": 3e-3, "pose": 1e-3}, {"motion": 40, "pose": 200}, 16  # of AdamW; the rate falls to 0 along a cosine
AUGMENT = ("flip", "time")
PERSON = "^([a-z]+)_"  # of a file's name


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="folder that holds weizmann")
    parser.add_argument("--work", type=Path, default=ROOT / "output/pose_videos", help="folder for the runs")
    parser.add_argument("--seeds", type=positive_int, default=3, help="trainings with seeds 0, 1, … of every fold")
    add_pose_flag(parser)
    args = parser.parse_args()
    args.data, args.work, args.pose = args.data.resolve(), args.work.resolve(), str(Path(args.pose).resolve())
    return args


def main():
    args = parse_args()
    import numpy as np

    from video.protocols import folders
    from video.split import group_by

    clips = folders(args.data / "weizmann", group_by(PERSON)).train
    persons = sorted({clip.group for clip in clips})
    samplers = {part: [sampler(args, part, augment) for augment in (AUGMENT, ())] for part in NETWORKS}
    right = {name: np.zeros((args.seeds, len(clips))) for name in (*NETWORKS, "both")}
    for seed in range(args.seeds):
        for number, person in enumerate(persons):
            held = np.array([clip.group == person for clip in clips])
            for name, known in fold(args, samplers, f"{seed}_{number}", clips, held, seed).items():
                right[name][seed, held] = known
        print(f"seed {seed}: " + ", ".join(f"{name} {rows[seed].mean():.4f}" for name, rows in right.items()), flush=True)
    for name, rows in right.items():
        accuracies = rows.mean(axis=1)
        print(f"{name}: {accuracies.mean():.4f} ± {accuracies.std():.4f} over {args.seeds} seeds, {len(clips)} clips")


def fold(args, samplers, name, clips, held, seed):
    """{network: which of the clips held out (a mask) are named rightly}, of each network and of both together."""
    train, test = ([clip.example for clip, out in zip(clips, held, strict=True) if out == side] for side in (False, True))
    logits = {}
    for part, (changing, plain) in samplers.items():
        logits[part] = answers(run_of(args, part, f"{part}_{name}", train, changing, seed), test, plain)
    logits["both"] = sum(logits.values()) / len(NETWORKS)
    return {part: rows.argmax(axis=1) == [example.label for example in test] for part, rows in logits.items()}


def facts(args, part):
    """What meta.json says of the clips of a network."""
    from video.pose import describe

    return FACTS | NETWORKS[part] | ({"pose": args.pose, "layout": describe(args.pose).layout} if part == "pose" else {})


def sampler(args, part, augment):
    """What turns clips into inputs of a network; all it finds in them is kept."""
    from types import SimpleNamespace

    from video.pose_samples import sampler_of

    estimator = build_estimator(args.pose) if part == "pose" else None
    return sampler_of(SimpleNamespace(**facts(args, part)), estimator, augment, args.work / "cache")


def run_of(args, part, name, examples, changing, seed):
    """The `models.run.Run` of a network trained on `examples`, from --work if it is there."""
    import keras

    from models import build
    from models.run import MODEL_NAME, Run
    from models.training import compile
    from video.dataset import ClipDataset

    folder = args.work / name
    if (folder / MODEL_NAME).exists():
        return Run.open(folder)
    classes = sorted({example.path.parent.name for example in examples})
    run = Run.create(folder, facts(args, part) | {"classes": classes, "seed": seed})
    keras.utils.set_random_seed(seed)
    model = build(run.recogniser, len(classes), run.mode, run.frames, run.size, layout=run.layout)
    data = ClipDataset(examples, changing, len(classes), BATCH, training=True, seed=seed)
    compile(model, "adamw", keras.optimizers.schedules.CosineDecay(RATES[part], EPOCHS[part] * len(data)), "cross_entropy")
    guide = keras.callbacks.LambdaCallback(on_epoch_begin=data.start_epoch)
    model.fit(data, epochs=EPOCHS[part], callbacks=[guide], shuffle=False, verbose=0)
    model.save(run.model_path)
    return run


def answers(trained, examples, plain):
    """Logits (n, C) of a run for clips."""
    import numpy as np

    samples = [plain(example.path) for example in examples]
    inputs = {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
    return np.log(trained.load_model().predict(inputs, verbose=0) + 1e-9)


if __name__ == "__main__":
    run(main)
