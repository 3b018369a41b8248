"""How good a recogniser is: figures, tables and plots from its scores."""

import csv
from pathlib import Path

import numpy as np
from sklearn import metrics

from common.files import write_json, writing


def summarise(labels, scores, classes, positive=None, threshold=None):
    """The content of summary.json.

    labels (N,) int, scores (N, C) in 0 … 1, `classes` C names. `per_class` holds precision, recall, f1 and n of each.
    With `positive` (a class): `roc_auc` of its score against all others (None where only one side is present) and
    `binary_accuracy` at `threshold` (0.5 if None).
    """
    labels, predicted = np.asarray(labels), np.argmax(scores, axis=1)
    numbers = range(len(classes))
    precision, recall, f1, count = metrics.precision_recall_fscore_support(labels, predicted, labels=numbers, zero_division=0)
    rows = zip(classes, precision, recall, f1, count, strict=True)
    per_class = {name: {"precision": float(p), "recall": float(r), "f1": float(f), "n": int(n)} for name, p, r, f, n in rows}
    summary = {"accuracy": float((labels == predicted).mean()), "n": len(labels), "per_class": per_class}
    if positive is not None:
        threshold = 0.5 if threshold is None else threshold
        truth, score = labels == classes.index(positive), scores[:, classes.index(positive)]
        both = 0 < truth.sum() < len(truth)
        summary["positive"], summary["threshold"] = positive, threshold
        summary["roc_auc"] = float(metrics.roc_auc_score(truth, score)) if both else None
        summary["binary_accuracy"] = float(((score >= threshold) == truth).mean())
    return summary


def write_report(folder, names, labels, scores, classes, summary):
    """Write summary.json, predictions.csv, confusion_matrix.csv and .png and, with a positive class, roc.png to `folder`."""
    folder = Path(folder)
    matrix = metrics.confusion_matrix(labels, np.argmax(scores, axis=1), labels=range(len(classes)))
    _write_csv(
        folder / "confusion_matrix.csv", ["true \\ predicted", *classes], ([c, *r] for c, r in zip(classes, matrix.tolist(), strict=True))
    )
    _write_predictions(folder / "predictions.csv", names, labels, scores, classes)
    plot_confusion(folder / "confusion_matrix.png", matrix, classes)
    if summary.get("roc_auc") is not None:
        positive = classes.index(summary["positive"])
        plot_roc(folder / "roc.png", np.asarray(labels) == positive, scores[:, positive], summary)
    write_json(folder / "summary.json", summary)


def table(summary):
    """The figures as lines of text."""
    width = max(len(name) for name in (*summary["per_class"], "class"))
    lines = [f"{'class':{width}}  precision  recall     f1      n"]
    for name, row in summary["per_class"].items():
        lines.append(f"{name:{width}}  {row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:5.3f}  {row['n']:5d}")
    lines.append(f"accuracy {summary['accuracy']:.4f} of {summary['n']}")
    if "positive" in summary:
        auc = "not defined (one class only)" if summary["roc_auc"] is None else f"{summary['roc_auc']:.4f}"
        lines.append(f"{summary['positive']}: ROC AUC {auc}, accuracy {summary['binary_accuracy']:.4f} at {summary['threshold']:.3f}")
    return "\n".join(lines)


def plot_confusion(path, matrix, classes):
    """Confusion matrix as a picture: each row in per cent of its true class, the count below."""
    plt = _pyplot()
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
    _save(figure, path)


def plot_roc(path, truth, score, summary):
    """ROC curve of the positive class with the chosen threshold marked."""
    plt = _pyplot()
    false_rate, true_rate, _ = metrics.roc_curve(truth, score)
    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    axes.plot(false_rate, true_rate, label=f"{summary['positive']}, AUC {summary['roc_auc']:.3f}")
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="chance")
    flagged = score >= summary["threshold"]
    axes.plot(flagged[~truth].mean(), flagged[truth].mean(), "o", label=f"threshold {summary['threshold']:.2f}")
    axes.set(xlabel="false alarms", ylabel="found", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(loc="lower right")
    _save(figure, path)


def _write_predictions(path, names, labels, scores, classes):
    header = ["path", "true", "predicted", *classes]
    predicted = np.argmax(scores, axis=1)
    rows = zip(names, labels, predicted, scores, strict=True)
    _write_csv(path, header, ([str(n), classes[t], classes[p], *(f"{v:.5f}" for v in s)] for n, t, p, s in rows))


def _write_csv(path, header, rows):
    with writing(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _pyplot():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def _save(figure, path):
    with writing(path) as partial:
        figure.savefig(partial, dpi=120)
    _pyplot().close(figure)
