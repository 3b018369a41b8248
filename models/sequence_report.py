"""How a recogniser behaves where one action becomes another: figures and plots over windows that slide across."""

import numpy as np

from models.report import pyplot, save_figure, write_csv

BINS = 10  # at most so many groups of windows, by how many of their frames are of the first action
SHOWN_FRAMES = 8  # of a window in the strip
STRIP_ROWS = 8  # windows in it


def by_share(places, predicted, window):
    """Rows of windows by how many of their frames are of the action they begin with.

    `places` are N `video.continuous.Place`s, `predicted` (N,) int the classes seen in them, `window` their frames. Returns a list
    of dicts: `frames` (the most in this group), `n`, `accuracy` (of the class most frames are of), and the shares of windows taken
    for the `first` action, for the `second` (where it is another), and for `other` ones. Groups without windows are left out.
    """
    groups = min(window, BINS)
    rows = []
    for group in range(groups, 0, -1):
        inside = [i for i, place in enumerate(places) if -(-place.from_first * groups // window) == group]
        if not inside:
            continue
        first = [predicted[i] == places[i].first for i in inside]
        second = [predicted[i] == places[i].second != places[i].first for i in inside]
        right = [predicted[i] == places[i].label for i in inside]
        shares = {"accuracy": np.mean(right), "first": np.mean(first), "second": np.mean(second)}
        row = {name: float(share) for name, share in shares.items()}
        rows.append({"frames": group * window // groups, "n": len(inside)} | row | {"other": 1 - row["first"] - row["second"]})
    return rows


def write_sequence_report(folder, rows):
    """Write window_position.csv, accuracy_by_position.png and labels_by_position.png of what `by_share` gave."""
    columns = ("frames", "n", "accuracy", "first", "second", "other")
    write_csv(folder / "window_position.csv", columns, ([row[name] for name in columns] for row in rows))
    plt = pyplot()
    names = [str(row["frames"]) for row in rows]
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(names, [row["accuracy"] for row in rows], marker="o")
    for name, row in zip(names, rows, strict=True):
        axes.annotate(f"{row['n']}", (name, row["accuracy"]), textcoords="offset points", xytext=(0, 8), ha="center", fontsize=8)
    axes.set(xlabel="frames of the window that are of its first action", ylabel="accuracy", ylim=(-0.05, 1.1))
    save_figure(figure, folder / "accuracy_by_position.png")
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    bottom = np.zeros(len(rows))
    for kind, colour in (("first", "tab:blue"), ("second", "tab:orange"), ("other", "0.75")):
        share = np.array([row[kind] for row in rows])
        axes.bar(names, share, bottom=bottom, color=colour, label=f"{kind} action" if kind != "other" else "any other")
        bottom += share
    axes.set(xlabel="frames of the window that are of its first action", ylabel="share of the answers")
    figure.legend(loc="outside upper center", ncols=3)
    save_figure(figure, folder / "labels_by_position.png")


def write_strip(path, windows, classes):
    """Draw windows, a row each: some of its frames, its true class and the predicted one, green where they agree.

    `windows` are up to `STRIP_ROWS` tuples (pictures (T, H, W, 3) uint8 RGB, true class, predicted class, score).
    """
    plt = pyplot()
    count = min(SHOWN_FRAMES, len(windows[0][0]))
    size = (1.4 * count + 2.4, 1.25 * len(windows))
    figure, grid = plt.subplots(len(windows), count, figsize=size, layout="constrained", squeeze=False)
    for axes, (pictures, label, predicted, score) in zip(grid, windows, strict=True):
        for one, i in zip(axes, np.linspace(0, len(pictures) - 1, count).round().astype(int), strict=True):
            one.imshow(pictures[i])
            one.set(xticks=[], yticks=[])
        text = f"{classes[label]}\n→ {classes[predicted]} {score:.2f}"
        colour = "tab:green" if label == predicted else "tab:red"
        axes[0].set_ylabel(text, rotation=0, ha="right", va="center", color=colour, fontsize=9)
    save_figure(figure, path)
