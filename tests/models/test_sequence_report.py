import csv

import numpy as np
import pytest

from models.report import summarise, write_report
from models.sequence_report import by_share, write_sequence_report, write_strip
from video.continuous import Place

# start, label, first, second, frames of the first
PLACES = [Place(0, 0, 0, 0, 4), Place(1, 0, 0, 1, 3), Place(2, 0, 0, 1, 2), Place(3, 1, 0, 1, 1), Place(4, 1, 1, 2, 3)]


def test_shares_counted_by_hand():
    rows = by_share(PLACES, np.array([0, 0, 1, 2, 2]), 4)
    assert [(row["frames"], row["n"]) for row in rows] == [(4, 1), (3, 2), (2, 1), (1, 1)]
    assert rows[0] == {"frames": 4, "n": 1, "accuracy": 1, "first": 1, "second": 0, "other": 0}
    assert rows[1] == {"frames": 3, "n": 2, "accuracy": 0.5, "first": 0.5, "second": 0.5, "other": 0}
    assert (rows[2]["accuracy"], rows[2]["second"]) == (0, 1)
    assert (rows[3]["accuracy"], rows[3]["other"]) == (0, 1)


def test_long_windows_are_grouped():
    places = [Place(0, 0, 0, 1, frames) for frames in (64, 58, 57, 7, 6, 1)]
    rows = by_share(places, np.zeros(6, int), 64)
    assert [(row["frames"], row["n"]) for row in rows] == [(64, 2), (57, 1), (12, 1), (6, 2)]


def test_tables_and_plots_are_written(tmp_path, rows):
    write_sequence_report(tmp_path, by_share(PLACES, np.array([0, 0, 1, 2, 2]), 4))
    assert [row["accuracy"] for row in rows(tmp_path / "window_position.csv")] == ["1.0", "0.5", "0.0", "0.0"]
    noise = np.random.default_rng(0).integers(0, 256, (5, 24, 32, 3), dtype=np.uint8)
    write_strip(tmp_path / "strip.png", [(noise, 0, 1, 0.5)], ["a", "b"])
    assert all((tmp_path / f"{name}.png").stat().st_size > 4000 for name in ("accuracy_by_position", "labels_by_position", "strip"))


def test_weak_classes_are_marked(tmp_path, rows):
    """Accuracies 1, 0.5 and 0.75: the mean is 0.75, and 0.5 is under 90 % of it. A class that is not tested is not weak."""
    labels = [0] * 4 + [1] * 4 + [2] * 4
    scores = np.eye(4)[[0, 0, 0, 0, 1, 1, 0, 0, 2, 2, 2, 0]]
    classes = ["a", "b", "c", "d"]
    summary = summarise(labels, scores, classes)
    counts = {"train": [9, 2, 5, 1], "validation": [1, 1, 1, 0], "test": [4, 4, 4, 0]}
    write_report(tmp_path, range(12), labels, scores, classes, summary, counts)
    assert summary["weak"] == ["b"]
    table = rows(tmp_path / "class_frequency.csv")
    assert [(row["train"], row["accuracy"], row["mark"]) for row in table] == [
        ("9", "1.0000", ""), ("2", "0.5000", "weak"), ("5", "0.7500", ""), ("1", "", ""),
    ]  # fmt: skip
    with open(tmp_path / "confusion_matrix_normalised.csv", encoding="utf-8") as file:
        matrix = [[float(value) for value in row[1:]] for row in list(csv.reader(file))[1:]]
    assert matrix[1] == pytest.approx([0.5, 0.5, 0, 0]) and sum(matrix[3]) == 0
    assert all((tmp_path / name).stat().st_size > 4000 for name in ("class_frequency.png", "accuracy_by_frequency.png"))
