"""What recipes/network_accuracy.py measured, for benchmarks/networks.py to show."""

import csv
from pathlib import Path
from typing import NamedTuple

ACCURACY = Path(__file__).resolve().parents[1] / "docs/networks_accuracy.csv"
MARKERS = "osD^v<>P*Xhp8"


class Accuracy(NamedTuple):
    """Of one network on one set: over all clips of the folds that were run, and its standard deviation over them; None where none was."""

    mean: float | None
    spread: float | None
    folds: int
    planned: int

    def __str__(self):
        if not self.folds:
            return "not run"
        some = "" if self.folds == self.planned else f" ({self.folds} of {self.planned} folds)"
        return f"{self.mean:.3f} ± {self.spread:.3f}{some}"


def read_accuracy():
    """{network: {set: `Accuracy`}} of the recipe's file."""
    results = {}
    if ACCURACY.exists():
        for row in csv.DictReader(ACCURACY.read_text(encoding="utf-8").splitlines()):
            numbers = (float(row[key]) if row[key] else None for key in ("accuracy", "spread"))
            results.setdefault(row["network"], {})[row["set"]] = Accuracy(*numbers, int(row["folds"]), int(row["of"]))
    return results


def draw(rows, sets, path):
    """Accuracy over milliseconds per clip, a panel per set; the error bar is the standard deviation over folds.

    A network that was not run on a set is not in its panel; hollow is one of which folds are missing.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, max(len(sets), 1), figsize=(5 * max(len(sets), 1) + 2, 4.5), squeeze=False, layout="constrained")
    handles = {}
    for place, row in enumerate(row for row in rows if row["accuracy"]):
        look = {"fmt": MARKERS[place % len(MARKERS)], "color": matplotlib.colormaps["tab20"](place % 20), "capsize": 2, "elinewidth": 0.6}
        for axis, one in zip(axes[0], sets, strict=False):
            result = row["accuracy"].get(one)
            if result and result.folds:
                fill = "full" if result.folds == result.planned else "none"
                handles[row["name"]] = axis.errorbar(row["milliseconds"], result.mean, result.spread, fillstyle=fill, **look)
    for axis, one in zip(axes[0], sets, strict=False):
        axis.set(xscale="log", xlabel="milliseconds per clip", ylabel="accuracy", title=one)
        axis.grid(alpha=0.3)
    if handles:
        figure.legend(handles.values(), handles, loc="outside right center", frameon=False)
    figure.savefig(path, dpi=110)
