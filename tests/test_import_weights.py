"""import_weights.py through its command line."""

import io
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from named_tensors import values

import import_weights
from common.errors import InputError
from models.imports import FORMATS
from models.run import Run

sys.path.insert(0, str(Path(__file__).parent / "parity"))
import tensorflow_i3d as reference


def write_hdf5(path, tensors):
    with h5py.File(path, "w") as file:
        for name, array in tensors.items():
            file[f"{name.split('/')[0]}/{name}:0"] = array
    return path


def saved_arrays(path):
    """All arrays in a .keras file, without building its network."""
    found = []
    with zipfile.ZipFile(path) as parts, h5py.File(io.BytesIO(parts.read("model.weights.h5"))) as file:
        file.visititems(lambda name, item: found.append(np.asarray(item)) if isinstance(item, h5py.Dataset) else None)
    return found


def without_top(tensors):
    return {name: array for name, array in tensors.items() if not name.startswith("Conv3d_6a")}


def test_published_file_becomes_a_run(script, tmp_path):
    """A file without classifier, for classes of one's own; the run has the file's weights and says where they are from."""
    (tmp_path / "classes.txt").write_text("Fighting\nStanding\n")
    tensors = without_top(reference.keras_tensors())
    write_hdf5(tmp_path / "rgb_no_top.h5", tensors)
    done = script(
        "import_weights.py", "--from", "keras_i3d", "rgb_no_top.h5", "--to", "save_weight/start", "--classes", "classes.txt", cwd=tmp_path
    )
    assert "train.py --model i3d --mode RGB --weights save_weight/start" in done.stdout and not done.stderr
    run = Run.open(tmp_path / "save_weight/start")
    assert (run.recogniser, run.mode, run.classes) == ("i3d", "RGB", ["Fighting", "Standing"])
    assert (run.frames, run.window, run.size, run.fps, run.region) == (64, 64, 224, 25.0, "frame")
    facts = run.meta["imported"]
    assert facts["format"] == "keras_i3d" and "25 frames per second" in facts["preprocessing"]
    assert facts["classifier"] == "new, not trained" and list(facts["sha256"]) == ["rgb_no_top.h5"]
    kernel = tensors["Conv3d_5b_2b_3x3_conv/kernel"]
    assert any(np.array_equal(kernel, array) for array in saved_arrays(run.model_path))


def test_file_that_does_not_fit_leaves_nothing(main_of, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_hdf5(tmp_path / "other.h5", {"Conv3d_1a_7x7_bn/beta": values("beta", (64,)), "other/kernel": values("other", (3,))})
    with pytest.raises(InputError, match=r"^other.h5: does not hold i3d: Conv3d_1a_7x7_conv/kernel is missing, .* and 220 more$"):
        main_of(import_weights, "--from", "keras_i3d", "other.h5", "--to", "save_weight/run")
    assert not (tmp_path / "save_weight").exists()


def test_wrong_flags(script, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "one.txt").write_text("Fighting\n")
    start = ("import_weights.py", "--from", "keras_i3d", "a.h5", "--to", "run")
    for flags, code, says in (
        (("import_weights.py", "--from", "caffe", "a.h5", "--to", "run"), 2, f"is not one of {', '.join(FORMATS)}"),
        ((*start, "--num_class", 3, "--classes", "one.txt"), 2, "not allowed with"),
        ((*start, "--num_class", 1), 2, "two classes"),
        ((*start, "--classes", "one.txt"), 1, "names only Fighting"),
        ((*start, "--classes", "none.txt"), 1, "no such file"),
        ((*start[:-1], "there"), 1, "is there already"),
    ):
        assert says in script(*flags, cwd=tmp_path, code=code).stderr
