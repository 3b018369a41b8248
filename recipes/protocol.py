"""How good a model trained by a recipe is on recordings that it was not trained on."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np

from common.files import write_text
from recipes.material import CLASSES

ROOT = Path(__file__).resolve().parents[1]


def folds(videos, count, seed):
    """`count` pairs (training, held out) of positions (n,) in `videos`: no group is on both sides, fights are on all."""
    from sklearn.model_selection import StratifiedGroupKFold

    groups, fights = [video.group for video in videos], [video.fight for video in videos]
    return list(StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(fights, fights, groups))


def write_list(path, videos):
    """The list that evaluate.py reads: a fight is class 0, anything else class 1, which is any class but the positive one."""
    write_text(path, "".join(f"{video.path.resolve()} {1 - video.fight}\n" for video in videos))


def highest(trained, clips):
    """Scores (n,) for Fighting of clips as `recipes.weak_labels.make_bags` takes them: that of the surest window, 0 without any."""
    import keras

    model = trained.load_model()
    answer = keras.Model(model.get_layer("descriptors").output, model.output)
    return np.array([answer.predict_on_batch(rows)[:, 0].max() if len(rows) else 0.0 for rows, *_ in clips])


def evaluated(trained, flags):
    """Scores (n,) for Fighting of the run's list of whole videos, by evaluate.py."""
    listed = trained.folder / "videos.txt"
    command = [
        sys.executable,
        ROOT / "evaluate.py",
        "--path",
        trained.folder,
        "--list",
        listed,
        "--region",
        "person",
        "--positive",
        CLASSES[0],
    ]
    subprocess.run([str(part) for part in [*command, *flags]], check=True)
    with open(trained.folder / "evaluation/videos/predictions.csv", encoding="utf-8", newline="") as file:
        return np.array([float(row[CLASSES[0]]) for row in csv.DictReader(file)])


def leak(videos, training, held_out):
    """Scores (n,) of a random forest that sees only width, height, frame rate and length: what the files' form gives away."""
    from sklearn.ensemble import RandomForestClassifier

    form, fights = np.array([_form(video.path) for video in videos]), np.array([video.fight for video in videos])
    forest = RandomForestClassifier(300, min_samples_leaf=3, random_state=0).fit(form[training], fights[training])
    return forest.predict_proba(form[held_out])[:, 1]


def _form(path):
    from video.io import open_video

    with open_video(path) as video:
        frames = sum(1 for _ in video) if video.frame_count is None else video.frame_count
        return video.width, video.height, video.fps, frames, frames / video.fps


def write_scores(path, videos, scores):
    """A table of each video's score (S, N) with each seed."""
    header = ["path", "group", "fight", *(f"seed_{seed}" for seed in range(len(scores)))]
    rows = [
        [video.path.name, video.group, str(video.fight), *(f"{s:.4f}" for s in column)]
        for video, column in zip(videos, scores.T, strict=True)
    ]
    write_text(path, "".join(",".join(row) + "\n" for row in [header, *rows]))


def report(name, videos, splits, scores):
    """Print accuracy at 0.5 and ROC AUC of scores (S, N), a row per seed: over all videos by seed, and by fold."""
    from sklearn.metrics import roc_auc_score

    fights = np.array([video.fight for video in videos])
    whole = [(np.mean((row >= 0.5) == fights), roc_auc_score(fights, row)) for row in scores]
    parts = [
        (np.mean((row[held] >= 0.5) == fights[held]), roc_auc_score(fights[held], row[held]))
        for row, split in zip(scores, splits, strict=True)
        for _, held in split
    ]
    for words, pairs in (("by seed", whole), ("by fold", parts)):
        (accuracy, auc), (spread, auc_spread) = np.mean(pairs, axis=0), np.std(pairs, axis=0)
        print(f"{name}, {words}: accuracy {accuracy:.3f} ± {spread:.3f}, ROC AUC {auc:.3f} ± {auc_spread:.3f}")
    print("    " + "  ".join(f"seed {seed}: {accuracy:.4f} {auc:.4f}" for seed, (accuracy, auc) in enumerate(whole)))
