"""How good a recogniser is: figures, tables and plots from its scores."""

import csv
from pathlib import Path

import numpy as np
from sklearn import metrics

from common.files import write_json, writing

TOP = 5  # highest scores that the right class is looked for in


def summarise(labels, scores, classes, positive=None, threshold=None):
    """The content of summary.json.

    labels (N,) int, scores (N, C) in 0 … 1, `classes` C names. `per_class` holds precision, recall, f1 and n of each. With more than
    five classes `top5_accuracy` is the share of those whose class is among the five highest scores.
    With `positive` (a class): `roc_auc` of its score against all others (None where only one side is present) and
    `binary_accuracy` at `threshold` (0.5 if None).
    """
    labels, predicted = np.asarray(labels), np.argmax(scores, axis=1)
    numbers = range(len(classes))
    precision, recall, f1, count = metrics.precision_recall_fscore_support(labels, predicted, labels=numbers, zero_division=0)
    rows = zip(classes, precision, recall, f1, count, strict=True)
    per_class = {name: {"precision": float(p), "recall": float(r), "f1": float(f), "n": int(n)} for name, p, r, f, n in rows}
    summary = {"accuracy": float((labels == predicted).mean()), "n": len(labels), "per_class": per_class}
    if len(classes) > TOP:
        highest = np.argsort(-np.asarray(scores), axis=1, kind="stable")[:, :TOP]
        summary["top5_accuracy"] = float((highest == labels[:, None]).any(axis=1).mean())
    if positive is not None:
        threshold = 0.5 if threshold is None else threshold
        truth, score = labels == classes.index(positive), scores[:, classes.index(positive)]
        both = 0 < truth.sum() < len(truth)
        summary["positive"], summary["threshold"] = positive, threshold
        summary["roc_auc"] = float(metrics.roc_auc_score(truth, score)) if both else None
        summary["binary_accuracy"] = float(((score >= threshold) == truth).mean())
    return summary


NAMED = 6  # weak classes written beside one point of a plot
WEAK = 0.9  # of the mean accuracy; classes below are marked


def write_report(folder, names, labels, scores, classes, summary, counts=None):
    """Write summary.json, predictions.csv, confusion_matrix.csv and .png and, with a positive class, roc.png to `folder`.

    With `counts` ({"train": C numbers, "validation": …, "test": …}, clips of each class) also class_frequency.csv and .png, and
    accuracy_by_frequency.png.
    """
    folder = Path(folder)
    matrix = metrics.confusion_matrix(labels, np.argmax(scores, axis=1), labels=range(len(classes)))
    write_csv(
        folder / "confusion_matrix.csv", ["true \\ predicted", *classes], ([c, *r] for c, r in zip(classes, matrix.tolist(), strict=True))
    )
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    shares = ([name, *(f"{value:.4f}" for value in row)] for name, row in zip(classes, share, strict=True))
    write_csv(folder / "confusion_matrix_normalised.csv", ["true \\ predicted", *classes], shares)
    _write_predictions(folder / "predictions.csv", names, labels, scores, classes)
    plot_confusion(folder / "confusion_matrix.png", matrix, classes)
    if summary.get("roc_auc") is not None:
        positive = classes.index(summary["positive"])
        plot_roc(folder / "roc.png", np.asarray(labels) == positive, scores[:, positive], summary)
    if counts:
        write_frequencies(folder, counts, summary)
    write_json(folder / "summary.json", summary)


def write_frequencies(folder, counts, summary):
    """Write how many clips of each class are for what, and how the accuracy of a class goes with its clips in training.

    Classes under 90 % of the mean accuracy of those tested are marked, and named in `summary` as "weak".
    """
    tested = {name: row["recall"] for name, row in summary["per_class"].items() if row["n"]}
    limit = WEAK * float(np.mean(list(tested.values())))
    summary["weak"] = [name for name, accuracy in tested.items() if accuracy < limit]
    classes, sides = list(summary["per_class"]), list(counts)
    rows = zip(classes, *counts.values(), strict=True)
    accuracies = {name: f"{accuracy:.4f}" for name, accuracy in tested.items()}
    table = ([name, *row, accuracies.get(name, ""), "weak" if name in summary["weak"] else ""] for name, *row in rows)
    write_csv(folder / "class_frequency.csv", ["class", *sides, "accuracy", "mark"], table)
    _plot_frequency(folder / "class_frequency.png", classes, counts)
    _plot_accuracies(folder / "accuracy_by_frequency.png", tested, dict(zip(classes, counts["train"], strict=True)), limit)


def _plot_frequency(path, classes, counts):
    figure, axes = pyplot().subplots(figsize=(max(5, 0.3 * len(classes) + 2), 4.5), layout="constrained")
    bottom = np.zeros(len(classes))
    for side, values in counts.items():
        axes.bar(range(len(classes)), values, bottom=bottom, label=side)
        bottom += values
    axes.set_xticks(range(len(classes)), classes, rotation=90)
    axes.set(ylabel="clips")
    axes.legend()
    save_figure(figure, path)


def _plot_accuracies(path, tested, trained_on, limit):
    figure, axes = pyplot().subplots(figsize=(8, 5), layout="constrained")
    for weak, colour, label in ((False, "tab:blue", "the others"), (True, "tab:red", f"under {WEAK:.0%} of the mean")):
        names = [name for name, accuracy in tested.items() if (accuracy < limit) == weak]
        axes.scatter([trained_on[name] for name in names], [tested[name] for name in names], color=colour, label=label)
        places = {}
        for name in names if weak else []:
            places.setdefault((trained_on[name], tested[name]), []).append(name)
        for place, together in places.items():
            text = "\n".join(together[:NAMED]) + (f"\nand {len(together) - NAMED} more" if len(together) > NAMED else "")
            axes.annotate(text, place, textcoords="offset points", xytext=(6, 4), va="bottom", fontsize=7)
    axes.axhline(limit / WEAK, color="0.6", linestyle="--", label="mean")
    axes.set(xlabel="clips of the class in training", ylabel="accuracy of the class", ylim=(-0.05, 1.05))
    axes.margins(x=0.15)
    figure.legend(loc="outside upper center", ncols=3)
    save_figure(figure, path)


def table(summary):
    """The figures as lines of text."""
    width = max(len(name) for name in (*summary["per_class"], "class"))
    lines = [f"{'class':{width}}  precision  recall     f1      n"]
    for name, row in summary["per_class"].items():
        lines.append(f"{name:{width}}  {row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:5.3f}  {row['n']:5d}")
    top = f", among the first five {summary['top5_accuracy']:.4f}" if "top5_accuracy" in summary else ""
    lines.append(f"accuracy {summary['accuracy']:.4f}{top} of {summary['n']}")
    if "positive" in summary:
        auc = "not defined (one class only)" if summary["roc_auc"] is None else f"{summary['roc_auc']:.4f}"
        lines.append(f"{summary['positive']}: ROC AUC {auc}, accuracy {summary['binary_accuracy']:.4f} at {summary['threshold']:.3f}")
    return "\n".join(lines)


def plot_confusion(path, matrix, classes):
    """Confusion matrix as a picture: each row in per cent of its true class, the count below."""
    plt = pyplot()
    side = min(2.5 + 0.7 * len(classes), 30)
    figure, axes = plt.subplots(figsize=(side + 1, side), layout="constrained")
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    size = min(10, 50 * side / len(classes))  # points; a name is no higher than its row
    slanted = {"rotation": 45, "ha": "right"} if size == 10 else {"rotation": 90}
    axes.set_xticks(range(len(classes)), classes, fontsize=size, **slanted)
    axes.set_yticks(range(len(classes)), classes, fontsize=size)
    axes.set(xlabel="predicted", ylabel="true")
    for (row, column), value in np.ndenumerate(share) if len(classes) <= 30 else ():
        text = f"{100 * value:.0f} %\n{matrix[row, column]}"
        axes.text(column, row, text, ha="center", va="center", color="white" if value > 0.6 else "black", fontsize=9)
    save_figure(figure, path)


def plot_roc(path, truth, score, summary):
    """ROC curve of the positive class with the chosen threshold marked."""
    plt = pyplot()
    false_rate, true_rate, _ = metrics.roc_curve(truth, score)
    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    axes.plot(false_rate, true_rate, label=f"{summary['positive']}, AUC {summary['roc_auc']:.3f}")
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="chance")
    flagged = score >= summary["threshold"]
    axes.plot(flagged[~truth].mean(), flagged[truth].mean(), "o", label=f"threshold {summary['threshold']:.2f}")
    axes.set(xlabel="false alarms", ylabel="found", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(loc="lower right")
    save_figure(figure, path)


def _write_predictions(path, names, labels, scores, classes):
    header = ["path", "true", "predicted", *classes]
    predicted = np.argmax(scores, axis=1)
    rows = zip(names, labels, predicted, scores, strict=True)
    write_csv(path, header, ([str(n), classes[t], classes[p], *(f"{v:.5f}" for v in s)] for n, t, p, s in rows))


def write_csv(path, header, rows):
    """Write a table to `path`, complete or not at all."""
    with writing(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def pyplot():
    """Matplotlib's pyplot, drawing into files."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def save_figure(figure, path):
    """Write a figure to `path`, complete or not at all, and close it."""
    with writing(path) as partial:
        figure.savefig(partial, dpi=120)
    pyplot().close(figure)
