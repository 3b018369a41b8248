import csv
import json

import numpy as np
import pytest

from recipes import network_accuracy
from recipes.learner import RATE, rate


def test_table_has_every_network_with_the_folds_that_were_run(tmp_path, monkeypatch):
    monkeypatch.setattr(network_accuracy, "OUTPUT", tmp_path / "table.csv")
    for fold, right in enumerate([9, 6]):
        (tmp_path / f"weizmann_motion_{fold}.json").write_text(json.dumps({"right": right, "clips": 10, "seconds": 1.0}))
    network_accuracy.write_table(tmp_path)
    rows = list(csv.reader((tmp_path / "table.csv").read_text().splitlines()))
    assert rows[0] == ["network", "set", "accuracy", "spread", "folds", "of"]
    assert len(rows) == 1 + 13 * 2
    assert ["motion", "weizmann", "0.7500", "0.1500", "2", "6"] in rows
    assert ["i3d", "fight_cctv", "", "", "0", "5"] in rows


def test_learning_rate_rises_and_falls_to_nothing():
    assert rate(0) == 0
    assert rate(0.1) == pytest.approx(RATE)
    assert rate(0.55) == pytest.approx(RATE / 2)  # half-way down
    assert rate(1) == pytest.approx(0)
    assert (np.diff([rate(done) for done in np.linspace(0.1, 1, 50)]) < 0).all()
