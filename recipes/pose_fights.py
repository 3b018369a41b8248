"""How well fights are told from poses, alone and together with the default action model: fight_cctv, recordings kept apart.

    python recipes/pose_fights.py --data ../shared/data --pose movenet.tflite [--also X.cfg X.weights X.names]

    people as recipes/default_action.py finds them     ─┐
    their joints in fight_cctv, kept in <work>/poses   ─┴→  <work>/pose/<what they were found by>/seed_S_fold_F/motion and …/pose, runs
                                                            the figures; <work>/pose_scores.csv

The splits, the labels and the windows are those of recipes/default_action.py --folds, and a window's score of both is the softmax of
their mean logits: what train.py --mode Flow+Pose --from-runs …/motion …/pose makes of the two. Runs that are there are not trained again.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from common.cli import run, script_parser  # noqa: E402
from common.person_flags import add_pose_flag, build_estimator  # noqa: E402
from recipes import default_action  # noqa: E402

FACTS = default_action.FACTS | {"recogniser": "pose_gru", "mode": "Pose"}
WAYS = ("pose", "motion", "both")


def parse_args():
    parser = script_parser(__doc__)
    add_pose_flag(parser)
    return default_action.parse_material(parser)


def main():
    args = parse_args()
    import numpy as np

    from recipes import material, protocol

    clips, others = material.footage(args.data)
    stage = material.stage(args.work / "stage")
    windows = default_action.found(args, [*clips, *others, *stage])
    motions = [material.clip_of(*pair) for pair in zip([*clips, *others, *stage], windows, strict=True)]
    more = default_action.also_known(args, clips)
    poses = joints(args, clips, windows, motions)
    splits = [protocol.folds(clips, default_action.FOLDS, seed) for seed in range(args.seeds)]
    scores = {way: np.zeros((args.seeds, len(clips))) for way in WAYS}
    for seed, split in enumerate(splits):
        for fold, (training, held_out) in enumerate(split):
            runs = trained(args, f"seed_{seed}_fold_{fold}", training, motions, more, poses, seed)
            protocol.write_list(runs["pose"].folder.parent / "videos.txt", [clips[i] for i in held_out])
            for way, values in highest(runs, [motions[i] for i in held_out], [poses[i] for i in held_out]).items():
                scores[way][seed, held_out] = values
    for way, rows in scores.items():
        protocol.report(way, clips, splits, rows)
    protocol.write_scores(args.work / "pose_scores.csv", clips, np.concatenate(list(scores.values())))


def joints(args, videos, windows, motions):
    """What `motions` holds of each video, with poses (n, T, K, 3) in place of descriptors; no joint is seen of who has none."""
    from types import SimpleNamespace

    from tqdm import tqdm

    from recipes.gather import replayed, windows_in

    estimator, described = build_estimator(args.pose), SimpleNamespace(**FACTS)
    kept = args.work / "poses" / found_by(args)
    pairs = []
    for video, known, motion in zip(tqdm(videos, unit="video"), windows, motions, strict=False):
        again = windows_in(video.path, described, replayed(known), lambda inputs: inputs["pose"], kept, args.stride, estimator)
        pairs.append((in_order(again, known, FACTS["frames"], len(estimator.layout.names)), *motion[1:]))
    return pairs


def in_order(again, known, frames, count):
    """The descriptors (poses) of `again` for the windows of `known`."""
    import numpy as np

    places = {(track_id, round(time_s, 3)): i for i, (track_id, time_s) in enumerate(zip(again.track_id, again.time_s, strict=True))}
    poses = np.zeros((len(known.track_id), frames, count, 3), np.float32)
    for i, (track_id, time_s) in enumerate(zip(known.track_id, known.time_s, strict=True)):
        poses[i] = again.descriptors[places[track_id, round(time_s, 3)]]
    return poses


def found_by(args):
    """A name that changes with what people and joints are found by."""
    from common.files import sha256

    return f"{default_action.made_by(args)}-{sha256(args.pose)[:12]}"


def learned_from(args):
    """`found_by`, and what the tracks of --also are found by."""
    more = [default_action.made_by(default_action.with_detector(args, *args.also))] if args.also else []
    return "-".join([found_by(args), *more])


def trained(args, name, training, motions, more, poses, seed):
    """{"motion", "pose": `models.run.Run`} of a fold: taken from --work, or trained on its clips.

    Motion learns as the default action model does: from all else there is, too, and from the tracks of the same clips in `more`.
    """
    from models.run import MODEL_NAME, Run
    from recipes.weak_labels import make_bags
    from recipes.weak_poses import train
    from video.pose import describe

    folder, layout = args.work / "pose" / learned_from(args) / name, describe(args.pose).layout
    if not (folder / "motion" / MODEL_NAME).exists():
        seen = [tracks[i] for tracks in (motions, more) if tracks for i in training]
        default_action.fit(args, folder / "motion", seen + motions[len(poses) :], seed)
    if not (folder / "pose" / MODEL_NAME).exists():
        model = train(make_bags([poses[i] for i in training]), layout, seed)
        default_action.write_run(args, folder / "pose", model, FACTS | {"pose": str(args.pose), "layout": layout}, seed)
    return {part: Run.open(folder / part) for part in ("motion", "pose")}


def highest(runs, motions, poses):
    """{way: scores (n,)} for Fighting of clips: that of the surest window, 0 without any."""
    import keras
    import numpy as np

    pose, motion = runs["pose"].load_model(), runs["motion"].load_model()
    motion = keras.Model(motion.get_layer("descriptors").output, motion.output)
    rows, of_joints = (np.concatenate([clip[0] for clip in clips if len(clip[0])]) for clips in (motions, poses))
    logits = {way: np.log(model.predict(inputs, batch_size=64, verbose=0)) for way, model, inputs in (
        ("pose", pose, {"pose": of_joints}), ("motion", motion, rows))}  # fmt: skip
    logits["both"] = (logits["pose"] + logits["motion"]) / 2
    ends = np.cumsum([len(clip[0]) for clip in motions])[:-1]
    likely = {way: np.exp(values) for way, values in logits.items()}
    fights = {way: np.split(values[:, 0] / values.sum(axis=1), ends) for way, values in likely.items()}
    return {way: np.array([windows.max(initial=0.0) for windows in clips]) for way, clips in fights.items()}


if __name__ == "__main__":
    run(main)
