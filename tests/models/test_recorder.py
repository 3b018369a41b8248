"""The record of a run: complete after every epoch, and again after a kill."""

import keras
import numpy as np
import pytest

import models.recorder as recorder_module
from common.errors import InputError
from models.recorder import STATE_NAME, Recorder, load_state, save_state
from models.run import Run
from models.training import compile

META = {
    "recogniser": "i3d", "mode": "RGB", "classes": ["a", "b"], "frames": 4, "window": 4, "size": 16, "fps": None, "region": "person",
    "context": 1.2, "flow": "dis",
}  # fmt: skip


class Batches(keras.utils.PyDataset):
    """Points whose class is the sign of their first coordinate."""

    def __init__(self, n=16, seed=0):
        super().__init__()
        self.x = np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)
        self.labels = (self.x[:, 0] > 0).astype(int)

    def __len__(self):
        return len(self.x) // 4

    def __getitem__(self, i):
        part = slice(4 * i, 4 * i + 4)
        return {"x": self.x[part]}, np.eye(2, dtype=np.float32)[self.labels[part]]


def plain_model():
    keras.utils.set_random_seed(0)
    x = keras.Input((4,), name="x")
    hidden = keras.layers.Dropout(0.3)(keras.layers.Dense(8, activation="tanh")(x))
    return keras.Model({"x": x}, keras.layers.Dense(2, activation="softmax")(hidden))


def small_model(optimizer="radam_lookahead", rate=0.1):
    model = plain_model()
    compile(model, optimizer, rate, "cross_entropy")
    return model


def recorder(folder, validation=True):
    run = Run(folder, folder / "model.keras", dict(META))
    return Recorder(run, plain_model(), Batches(12, seed=1) if validation else None, positive=1)


def fit(model, record, epochs):
    model.fit(Batches(), initial_epoch=record.epoch, epochs=epochs, callbacks=[record], shuffle=False, verbose=0)


def test_curve_is_drawn_at_first_then_now_and_then_and_at_last(tmp_path, monkeypatch):
    drawn, draw = [], recorder_module._draw_curve
    monkeypatch.setattr(recorder_module, "_draw_curve", lambda history, path: drawn.append(len(history)) or draw(history, path))
    model, record = small_model(), recorder(tmp_path)
    fit(model, record, 4)
    assert drawn == [1, 4]
    monkeypatch.setattr(recorder_module, "CURVE_EVERY", 0.0)
    fit(model, record, 7)
    assert drawn == [1, 4, 5, 6, 7]


def test_files_of_an_epoch(tmp_path, capsys):
    model, record = small_model(), recorder(tmp_path)
    fit(model, record, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.png", "log.csv", "meta.json", "model.keras", "state.npz"]
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2"]
    assert [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()] == ["epoch 1/2", "epoch 2/2"]


def test_validation_figures_are_those_of_the_whole_list(tmp_path):
    model, record = small_model(), recorder(tmp_path)
    fit(model, record, 1)
    data = Batches(12, seed=1)
    scores = model.predict({"x": data.x}, verbose=0)
    row = record.history[0]
    assert row["val_accuracy"] == pytest.approx((scores.argmax(1) == data.labels).mean(), rel=1e-5)
    assert row["val_loss"] == pytest.approx(-np.log(scores[range(12), data.labels]).mean(), rel=1e-4)
    meta = record.run.meta
    assert meta["metrics"]["positive"] == "b" and meta["metrics"]["epoch"] == 1
    called = scores[:, 1] >= meta["threshold"]
    balanced = (called[data.labels == 1].mean() + (~called[data.labels == 0]).mean()) / 2
    assert meta["metrics"]["val_balanced_accuracy"] == pytest.approx(balanced)


def test_best_weights_are_kept_and_without_an_optimizer(tmp_path):
    model, record = small_model(rate=1.0), recorder(tmp_path)
    kept = {}
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.update({epoch + 1: model.get_weights()}))
    model.fit(Batches(), epochs=4, callbacks=[keep, record], shuffle=False, verbose=0)
    best = max(record.history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))["epoch"]
    assert record.best["epoch"] == best
    saved = keras.models.load_model(tmp_path / "model.keras")
    assert not saved.compiled
    for a, b in zip(saved.get_weights(), kept[best], strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_validation_the_lowest_training_loss_is_best(tmp_path):
    model, record = small_model(), recorder(tmp_path, validation=False)
    fit(model, record, 2)
    assert record.best["loss"] == min(row["loss"] for row in record.history)
    assert record.run.meta["threshold"] is None
    assert record.history[0]["val_loss"] is None
    assert (tmp_path / "log.csv").read_text().splitlines()[1].split(",")[3:5] == ["", ""]


def test_two_and_two_epochs_are_four(tmp_path):
    whole, model = small_model(), small_model()
    fit(whole, straight := recorder(tmp_path / "straight"), 4)
    fit(model, recorder(tmp_path / "stopped"), 2)
    again = small_model()
    record = recorder(tmp_path / "stopped")
    record.restore(again)
    fit(again, record, 4)
    for a, b in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    timeless = [[{k: v for k, v in row.items() if k != "seconds"} for row in r.history] for r in (straight, record)]
    assert timeless[0] == timeless[1]
    assert {k: v for k, v in straight.best.items() if k != "seconds"} == {k: v for k, v in record.best.items() if k != "seconds"}


def test_kill_between_two_files_is_made_good(tmp_path):
    model, record = small_model(), recorder(tmp_path)
    fit(model, record, 1)
    for name in ("model.keras", "log.csv", "meta.json", "curve.png"):
        (tmp_path / name).unlink()
    (tmp_path / ".state.123.part.npz").write_bytes(b"half a file")
    again = small_model()
    recorder(tmp_path).restore(again)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.png", "log.csv", "meta.json", "model.keras", "state.npz"]
    for a, b in zip(keras.models.load_model(tmp_path / "model.keras").get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_untrained_network_is_epoch_0(tmp_path):
    model, record = small_model(), recorder(tmp_path)
    record.evaluate(model)
    assert (record.epoch, record.best["epoch"], record.history[0]["loss"]) == (0, 0, None)
    assert (tmp_path / "model.keras").exists() and 0 <= record.run.meta["metrics"]["val_accuracy"] <= 1


def test_loss_that_is_not_a_number_ends_the_training_and_leaves_the_last_good_epoch(tmp_path):
    model, record = small_model("sgd"), recorder(tmp_path)
    fit(model, record, 1)
    state = (tmp_path / STATE_NAME).read_bytes()
    model.set_weights([np.full_like(array, np.nan) for array in model.get_weights()])
    with pytest.raises(InputError, match="epoch 2; start again with a lower --learning_rate"):
        fit(model, record, 2)
    assert (tmp_path / STATE_NAME).read_bytes() == state


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"no zip file"])
def test_broken_state_is_named(tmp_path, damage):
    path = tmp_path / STATE_NAME
    save_state(path, small_model(), [], None)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"state\.npz is broken"):
        load_state(path, small_model())


def test_state_of_another_optimizer_is_refused(tmp_path):
    save_state(tmp_path / STATE_NAME, small_model("adam"), [], None)
    with pytest.raises(InputError, match="another network or optimizer"):
        load_state(tmp_path / STATE_NAME, small_model("sgd"))
