"""What recipes/network_accuracy.py measured, for benchmarks/networks.py to show."""

import csv
from pathlib import Path

ACCURACY = Path(__file__).resolve().parents[1] / "docs/networks_accuracy.csv"
MARKERS = "osD^v<>P*Xhp8"


def read_accuracy():
    """{network: {set: "mean ± spread"}} of the recipe's file."""
    results = {}
    if ACCURACY.exists():
        for row in csv.DictReader(ACCURACY.read_text(encoding="utf-8").splitlines()):
            results.setdefault(row["network"], {})[row["set"]] = f"{float(row['accuracy']):.3f} ± {float(row['spread']):.3f}"
    return results


def draw(rows, sets, path):
    """Accuracy over milliseconds per clip, a panel per set; the error bar is the standard deviation over folds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, max(len(sets), 1), figsize=(5 * max(len(sets), 1) + 2, 4.5), squeeze=False, layout="constrained")
    known = [row for row in rows if row["accuracy"]]
    for place, row in enumerate(known):
        look = {"fmt": MARKERS[place % len(MARKERS)], "color": f"C{place % 10}", "label": row["name"], "capsize": 2, "elinewidth": 0.6}
        for axis, one in zip(axes[0], sets, strict=False):
            mean, spread = map(float, row["accuracy"].get(one, "nan ± nan").split(" ± "))
            axis.errorbar(row["milliseconds"], mean, spread, **look)
    for axis, one in zip(axes[0], sets, strict=False):
        axis.set(xscale="log", xlabel="milliseconds per clip", ylabel="accuracy", title=one)
        axis.grid(alpha=0.3)
    if known:
        figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside right center", frameon=False)
    figure.savefig(path, dpi=110)
