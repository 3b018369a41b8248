"""What train.py does with a table of features in place of clips: fit a logistic regression, and write it as a run."""

import csv
import math

from common.errors import InputError
from common.files import natural_key, sha256, writing

LABEL = "label"
FOLDS = 5  # of the cross-validation


def read_features(path, classes=None, count=None):
    """(features (N, D) float32, labels (N,) int, classes) of a CSV file with a column ``label`` and numbers in all others.

    With `classes` (names in order) the labels must be among them; else they are the file's own, in natural order. With `count` D must
    be that. Raises InputError, naming the line, for anything else.
    """
    import numpy as np

    rows = _rows(path)
    if not rows or count not in (None, len(rows[0][1])):
        raise InputError(f"{path} has {len(rows)} rows" + (f" of {len(rows[0][1])} features, {count} are needed" if rows else ""))
    names = sorted({label for label, _ in rows}, key=natural_key) if classes is None else list(classes)
    for line, (label, _) in enumerate(rows, 2):
        if label not in names:
            raise InputError(f"{path}, line {line}: class {label!r} is not one of {', '.join(names)}")
    return np.array([values for _, values in rows], np.float32), np.array([names.index(label) for label, _ in rows]), names


def _rows(path):
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header, *lines = csv.reader(file)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path} is not a table that can be read ({error}); give a CSV file with a column {LABEL}") from error
    if LABEL not in header or len(header) < 2:
        raise InputError(f"{path} has no column {LABEL!r} beside others; the first line must name the columns")
    column = header.index(LABEL)
    return [_row(path, number, line, column, len(header)) for number, line in enumerate(lines, 2)]


def _row(path, number, line, column, width):
    try:
        values = [float(text) for i, text in enumerate(line) if i != column]
    except ValueError as error:
        raise InputError(f"{path}, line {number}: {error}") from None
    if len(line) != width or not all(map(math.isfinite, values)):
        raise InputError(f"{path}, line {number}: {width} columns are needed, with a finite number in each")
    return line[column], values


def write_features(path, features, labels):
    """Write the table that `read_features` reads: features (N, D), and the name of each row's class."""
    with writing(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*range(features.shape[1]), LABEL])
        table.writerows([*(f"{value:.7g}" for value in row), label] for row, label in zip(features.tolist(), labels, strict=True))


def train_from_csv(args):
    """Fit `models.pose_logistic` to the rows of ``--csv`` and write the run.

    Raises InputError for a table that cannot be used, or a run that is there already.
    """
    import numpy as np

    from common.experiments import copier
    from common.quiet import import_keras
    from common.training_run import Data, run_for

    features, labels, classes = read_features(args.csv)
    counts = np.bincount(labels)
    if len(classes) < 2 or counts.min() < FOLDS:
        few = ", ".join(f"{name} {count}" for name, count in zip(classes, counts.tolist(), strict=True))
        raise InputError(f"{args.csv}: two classes of {FOLDS} rows each are needed for cross-validation; there are {few}")
    if args.num_class not in (None, len(classes)):
        raise InputError(f"--num_class {args.num_class}, but {args.csv} has {len(classes)} classes: {', '.join(classes)}")
    import_keras()
    from models.pose_logistic import fit

    args.size = features.shape[1]
    run = run_for(args, Data(classes, [], None, {str(args.csv): sha256(args.csv)}))
    copy = copier(args, run.folder)
    model, found = fit(features, labels, len(classes), args.seed, FOLDS)
    save(run, model, found)
    if copy:
        copy()
    print(f"{len(labels)} rows of {features.shape[1]} features, {len(classes)} classes; in {FOLDS}-fold cross-validation")
    print(f"C {found['C']:.3g} is best: log loss {found['cv_log_loss']:.4f}, accuracy {found['cv_accuracy']:.4f}\n{run.folder}")


def save(run, model, found):
    """Write the run's model and meta.json, with what cross-validation `found` as its metrics."""
    run.meta["metrics"] = found
    run.write_meta()
    with writing(run.model_path) as partial:
        model.save(partial)
