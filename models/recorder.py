"""The record of a training run, which outlives a kill at any moment."""

import csv
import io
import json
import math
import time
import zipfile
import zlib

import keras
import numpy as np
from tqdm import tqdm

from common.errors import InputError
from common.files import write_text, writing
from models.training import best_threshold

STATE_NAME = "state.npz"
COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")
CURVE_EVERY = 10.0  # seconds from one drawing of the learning curve to the next: a small network's epoch takes less than drawing
METRICS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_balanced_accuracy")


class Recorder(keras.callbacks.Callback):
    """After every epoch: validates, prints a line and brings the run's folder up to date.

    state.npz is written first and holds everything needed to go on: weights, optimizer, history. The other files
    (model.keras, log.csv, curve.png, meta.json) follow from it and are written again when training goes on, so a kill at
    any moment costs the unfinished epoch and nothing else. Of many short epochs curve.png is not drawn after each, but after the last.

    Args:
        run: a `models.run.Run`.
        portable: the same network without optimizer and in float32, which is saved as model.keras.
        validation: a dataset with `labels` (N,) and batches that are not shuffled, or None.
        positive: the class that the threshold is chosen for, see `best_threshold`.
        learned: the part of `portable` that corresponds to the model in training; None = all of it.
        validate_every: epochs from one validation to the next; the last epoch has one too.
        keep_every: epochs from one kept network to the next; None keeps the best only. They lie beside model.keras, named
            010-0.84298-0.84166.keras after the epoch, the best validation accuracy so far and this epoch's (they are validated too),
            or 010.keras without validation.
        copy: function without arguments, called whenever the folder is up to date; None = nothing.

    Attributes:
        history: one dict for each finished epoch, with `COLUMNS` as keys.
        best: the entry of the best epoch with its threshold; None before the first. Higher validation accuracy is
            better, then lower validation loss; without validation lower loss is better.
    """

    def __init__(self, run, portable, validation=None, positive=0, learned=None, validate_every=1, keep_every=None, copy=None):
        super().__init__()
        self._validate_every, self._keep_every, self._copy = validate_every, keep_every, copy
        self._learned = learned or portable
        self.run, self._portable, self._validation, self._positive = run, portable, validation, positive
        self.history, self.best = [], None
        self._drawn = -math.inf

    @property
    def epoch(self):
        """Number of finished epochs."""
        return self.history[-1]["epoch"] if self.history else 0

    def restore(self, model):
        """Take up the state in the run's folder into `model`, which must be compiled.

        Raises InputError for a state that is broken or not of this network.
        """
        for left_over in self.run.folder.glob(".*.part*"):
            left_over.unlink()
        self.history, self.best = load_state(self.run.folder / STATE_NAME, model)
        self._publish(model, new_best=self.best["epoch"] == self.epoch)

    def evaluate(self, model):
        """Record `model` as it is: an epoch 0 without training."""
        self.set_model(model)
        self._begin()
        self._record(0, {})

    def on_epoch_begin(self, epoch, logs=None):
        self._begin()
        self._bar = tqdm(total=self.params["steps"], desc=f"epoch {epoch + 1}", unit="batch", leave=False, disable=None)

    def on_train_batch_end(self, batch, logs=None):
        self._bar.update()

    def on_epoch_end(self, epoch, logs=None):
        self._bar.close()
        row = self._record(epoch + 1, logs)
        logs.update({name: row[name] for name in ("val_loss", "val_accuracy") if row[name] is not None})  # for callbacks after this one

    def _begin(self):
        self._started = time.perf_counter()

    def _record(self, epoch, logs):
        row = {name: logs.get(name) for name in ("loss", "accuracy")} | self._validate(epoch)
        row |= {"learning_rate": self.model.optimizer.learning_rate, "seconds": time.perf_counter() - self._started}
        row = {"epoch": epoch} | {name: None if value is None else _rounded(value) for name, value in row.items()}
        if not all(math.isfinite(row[name]) for name in ("loss", "val_loss") if row[name] is not None):
            raise InputError(f"the loss is not a number any more in epoch {epoch}; start again with a lower --learning_rate")
        new_best = self.best is None or _merit(row) > _merit(self.best)
        if new_best:
            self.best = row
        self.history.append({name: row[name] for name in COLUMNS})
        save_state(self.run.folder / STATE_NAME, self.model, self.history, self.best)
        self._publish(self.model, new_best)
        print(_line(row, self.params.get("epochs") if epoch else None, new_best), flush=True)
        return row

    def _validate(self, epoch):
        due = epoch % self._validate_every == 0 or epoch == self.params.get("epochs") or self._is_kept(epoch)
        if self._validation is None or not due:
            return {"val_loss": None, "val_accuracy": None, "threshold": None, "val_balanced_accuracy": None}
        scores, labels = self.model.predict(self._validation, verbose=0), self._validation.labels  # (N, num_class), (N,)
        loss = self.model.loss(np.eye(scores.shape[1], dtype=np.float32)[labels], scores)
        threshold, balanced = best_threshold(scores[:, self._positive], labels == self._positive)
        accuracy = float((scores.argmax(1) == labels).mean())
        return {"val_loss": float(loss), "val_accuracy": accuracy, "threshold": threshold, "val_balanced_accuracy": balanced}

    def _publish(self, model, new_best):
        folder, meta = self.run.folder, self.run.meta
        if self._is_kept(self.epoch):
            self._save(model, folder / _kept_name(self.epoch, self.best["val_accuracy"], self.history[-1]["val_accuracy"]))
        if new_best:
            self._save(model, self.run.model_path)
        meta["threshold"] = self.best["threshold"]
        meta["metrics"] = {"positive": meta["classes"][self._positive]} | {name: self.best[name] for name in METRICS}
        self.run.write_meta()
        write_text(folder / "log.csv", _csv(self.history))
        if time.monotonic() > self._drawn + CURVE_EVERY or self.epoch == self.params.get("epochs"):
            with writing(folder / "curve.png") as partial:
                _draw_curve(self.history, partial)
            self._drawn = time.monotonic()
        if self._copy:
            self._copy()

    def _is_kept(self, epoch):
        return bool(self._keep_every and epoch and epoch % self._keep_every == 0)

    def _save(self, model, path):
        self._learned.set_weights(model.get_weights())
        with writing(path) as partial:
            self._portable.save(partial)


def save_state(path, model, history, best):
    """Write weights, optimizer and random generators of a compiled `model`, and the record so far, in one file."""
    variables = [keras.ops.convert_to_numpy(variable) for variable in _variables(model)]
    record = np.frombuffer(json.dumps({"history": history, "best": best}).encode(), np.uint8)
    with writing(path) as partial:
        np.savez(partial, record=record, **{str(i): array for i, array in enumerate(variables)})


def load_state(path, model):
    """Bring a compiled `model` to what `save_state` wrote; returns (history, best)."""
    variables = _variables(model)
    try:
        with np.load(path, allow_pickle=False) as stored:
            record = json.loads(stored["record"].tobytes())
            arrays = [stored[str(i)] for i in range(len(stored.files) - 1)]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} is broken, so the run cannot go on; start it anew under another --name") from error
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise InputError(f"{path} is the state of another network or optimizer; start anew under another --name")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return record["history"], record["best"]


def _variables(model):
    return [*model.variables, *model.optimizer.variables]


def _rounded(value):
    """Six significant digits: what float32 holds, without the digits that it does not."""
    return float(f"{float(value):.6g}")


def _merit(row):
    """An epoch that was validated is better than any that was not."""
    accuracy, loss = (row["val_accuracy"], row["val_loss"]) if row["val_accuracy"] is not None else (-math.inf, row["loss"])
    return accuracy, -math.inf if loss is None else -loss


def _kept_name(epoch, best, current):
    return "-".join([f"{epoch:03d}", *(f"{accuracy:.5f}" for accuracy in (best, current) if current is not None)]) + ".keras"


def _line(row, epochs, new_best):
    parts = [f"epoch {row['epoch']}" + (f"/{epochs}" if epochs else "")]
    parts += [f"{name} {row[name]:.4f}" for name in ("loss", "accuracy", "val_loss", "val_accuracy") if row[name] is not None]
    return "  ".join([*parts, f"{row['seconds']:.0f} s"] + ["best so far"] * new_best)


def _csv(history):
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(history)
    return text.getvalue()


def _draw_curve(history, path):
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for column, label in ((name, "training"), (f"val_{name}", "validation")):
            points = [(row["epoch"], row[column]) for row in history if row[column] is not None]
            if points:
                axes.plot(*zip(*points, strict=True), marker=".", label=label)
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if axes.lines:
            axes.legend()
    figure.savefig(path, dpi=100)
