import numpy as np
import pytest

from models.report import summarise, table

CLASSES = ["fight", "walk", "stand"]
LABELS = [0, 0, 1, 1, 2]
SCORES = np.array([[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.4, 0.5, 0.1], [0.3, 0.3, 0.4]])


def test_figures_counted_by_hand():
    summary = summarise(LABELS, SCORES, CLASSES, "fight", threshold=0.35)
    assert summary["accuracy"] == pytest.approx(4 / 5) and summary["n"] == 5
    assert summary["per_class"]["fight"] == pytest.approx({"precision": 1, "recall": 0.5, "f1": 2 / 3, "n": 2})
    assert summary["per_class"]["walk"] == pytest.approx({"precision": 2 / 3, "recall": 1, "f1": 0.8, "n": 2})
    assert summary["roc_auc"] == pytest.approx(4 / 6)  # of 6 pairs of a fight and another, 0.9 beats three, 0.2 beats one
    assert summary["binary_accuracy"] == pytest.approx(3 / 5)  # 0.9 rightly, 0.4 wrongly flagged, 0.2 missed


def test_one_class_only_has_no_auc():
    summary = summarise([0, 0], SCORES[:2], CLASSES, "fight")
    assert summary["roc_auc"] is None and "not defined" in table(summary)
    assert summary["per_class"]["stand"]["n"] == 0


def test_top_five_counts_the_five_highest():
    """Of six classes only the lowest score is no hit; with five classes it would be no question."""
    classes = [f"c{i}" for i in range(6)]
    scores = np.array([[0.5, 0.2, 0.1, 0.1, 0.06, 0.04]] * 4)
    summary = summarise([0, 4, 5, 1], scores, classes)
    assert (summary["accuracy"], summary["top5_accuracy"]) == (1 / 4, 3 / 4)
    assert "accuracy 0.2500, among the first five 0.7500 of 4" in table(summary)
    assert "top5_accuracy" not in summarise([0, 1], scores[:2, :5], classes[:5])
