"""A table of features in, a run out, which evaluate.py takes like any other."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from common.csv_training import read_features
from models.pose_logistic import fit
from models.run import Run


def write_table(path, count=60, features=6, classes=("2", "10", "1"), seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(classes)
    values = rng.normal(0, 1, (count, features)) * 3 + np.eye(len(classes), features)[labels] * 8 + 5
    lines = [",".join(["label", *map(str, range(features))])]
    lines += [",".join([classes[label], *(f"{v:.6f}" for v in row)]) for label, row in zip(labels, values, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_columns_and_classes_by_name_in_natural_order(tmp_path):
    features, labels, classes = read_features(write_table(tmp_path / "a.csv"))
    assert features.shape == (60, 6) and features.dtype == np.float32 and classes == ["1", "2", "10"]
    assert labels[:4].tolist() == [1, 2, 0, 1]


@pytest.mark.parametrize("classes", [("a", "b"), ("a", "b", "c")])
def test_network_gives_scikit_learns_probabilities(tmp_path, classes):
    features, labels, names = read_features(write_table(tmp_path / "a.csv", classes=classes))
    model, found = fit(features, labels, len(names))
    scaled = StandardScaler().fit(features)
    regression = LogisticRegression(C=found["C"], max_iter=2000).fit(scaled.transform(features), labels)
    expected = regression.predict_proba(scaled.transform(features))
    np.testing.assert_allclose(model.predict_on_batch({"features": features}), expected, atol=1e-4)
    assert found["cv_accuracy"] > 0.8 and 0 < found["cv_log_loss"] < 0.6


def test_train_and_evaluate_through_the_command_line(tmp_path, script):
    write_table(tmp_path / "train.csv"), write_table(tmp_path / "test.csv", count=30, seed=1)
    script("train.py", "--model", "pose_logistic", "--csv", "train.csv", "--name", "table", cwd=tmp_path)
    run = Run.open(tmp_path / "save_weight/table")
    assert (run.mode, run.size, run.classes, run.recogniser) == ("Features", 6, ["1", "2", "10"], "pose_logistic")
    assert set(run.meta["metrics"]) == {"C", "cv_log_loss", "cv_accuracy"} and list(run.meta["lists"]) == ["train.csv"]
    script("evaluate.py", "--path", run.folder, "--csv", "test.csv", cwd=tmp_path)
    summary = json.loads((run.folder / "evaluation/test/summary.json").read_text(encoding="utf-8"))
    features, labels, _ = read_features(tmp_path / "test.csv", run.classes)
    scores = run.load_model().predict_on_batch({"features": features})
    assert summary["n"] == 30 and summary["accuracy"] == pytest.approx((scores.argmax(1) == labels).mean()) and summary["accuracy"] > 0.8


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "no column 'label'"),
        ("0,label\n", "0 rows"),
        ("0,label\nx,a\n", "line 2"),
        ("0,label\n1,a\nnan,b\n", "line 3"),
        ("0,label\n1\n", "line 2"),
        ("0,label\n" + "1,a\n2,b\n" * 4, "5 rows each"),
    ],
)
def test_bad_tables_are_one_line(tmp_path, script, text, says):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    done = script("train.py", "--model", "pose_logistic", "--csv", "a.csv", cwd=tmp_path, code=1)
    assert done.stderr.startswith("error:") and says in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "save_weight").exists()


def test_flags_that_do_not_go_together(tmp_path, script, untrained_run):
    assert "go together" in script("train.py", "--csv", "a.csv", cwd=tmp_path, code=2).stderr
    assert "go together" in script("train.py", "--model", "pose_logistic", cwd=tmp_path, code=2).stderr
    assert "--csv goes with Features" in script("evaluate.py", "--path", untrained_run.folder, "--csv", "a.csv", code=1).stderr


@pytest.mark.parametrize(("name", "published"), [("G3D", 37), ("UCF11", 49)])
def test_published_figures(data, name, published):
    """https://github.com/yuhaozhang94/humanpose-rnn-action-recognition: 94.87 % of 39 and 74.24 % of 66."""
    features, labels, classes = read_features(data / f"pose/{name}_train.csv")
    model, _ = fit(features, labels, len(classes))
    features, labels, _ = read_features(data / f"pose/{name}_test.csv", classes)
    assert (model.predict_on_batch({"features": features}).argmax(1) == labels).sum() >= published
