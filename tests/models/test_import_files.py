"""Reading files of weights: what is in them comes out, and nothing that is in them happens."""

import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from common.errors import InputError
from models.imports.files import LARGEST, read_hdf5, read_tensorflow, read_torch

ROOT = Path(__file__).parents[2]
KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
READERS = {"keras.h5": read_hdf5, "model.ckpt.index": read_tensorflow, "state.pt": read_torch}
NEEDS = {"keras.h5": "h5py", "model.ckpt.index": "tensorflow", "state.pt": "torch"}


def importable(name):
    return pytest.importorskip(name, reason=f"{name} is not installed; tests/parity says how to run with it")


def assert_read(found, names=("layer/kernel",)):
    assert list(found) == list(names)
    for array in found.values():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, KERNEL)


def refuse(name, path, says):
    with pytest.raises(InputError, match=says) as caught:
        READERS[name](path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("group", ["", "model_weights/"], ids=["weights", "whole model"])
def test_hdf5_layers_and_weights(tmp_path, group):
    h5py = importable("h5py")
    with h5py.File(tmp_path / "keras.h5", "w") as file:
        file[f"{group}layer/layer/kernel:0"] = KERNEL
        if group:
            file["optimizer_weights/momentum:0"] = KERNEL
    assert_read(read_hdf5(tmp_path / "keras.h5"))


def text(h5py, file):
    file.create_dataset("layer/kernel:0", data=["import os"], dtype=h5py.string_dtype())


def kept_elsewhere(h5py, file):
    file.create_dataset("layer/kernel:0", (8,), "f4", external=[("/etc/passwd", 0, 32)])


def virtual(h5py, file):
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (2, 3))
    file.create_virtual_dataset("layer/kernel:0", layout)


def huge(h5py, file):
    file.create_dataset("layer/kernel:0", (LARGEST, 1000), "f4", chunks=(1, 1000))


def empty(h5py, file):
    file.create_group("layer")


def linked(h5py, file):
    file["layer"] = h5py.ExternalLink("other.h5", "/")
    file["model_weights"] = h5py.ExternalLink("other.h5", "/")


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (text, "no plain numbers"),
        (kept_elsewhere, "refers to another file"),
        (virtual, "refers to another file"),
        (huge, "larger than any layer"),
        (empty, "holds no weights"),
        (linked, "holds no weights"),
    ],
)
def test_hdf5_with_something_else_in_it(tmp_path, write, says):
    h5py = importable("h5py")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = KERNEL
    with h5py.File(tmp_path / "keras.h5", "w") as file:
        write(h5py, file)
    refuse("keras.h5", tmp_path / "keras.h5", says)


def write_checkpoint(prefix, **variables):
    tensorflow = importable("tensorflow")
    tensors = [tensorflow.constant(value) for value in variables.values()]
    tensorflow.raw_ops.SaveV2(prefix=str(prefix), tensor_names=list(variables), shape_and_slices=[""] * len(variables), tensors=tensors)
    return Path(f"{prefix}.index"), Path(f"{prefix}.data-00000-of-00001")


def test_checkpoint_by_any_of_its_names(tmp_path):
    for path in (tmp_path / "model.ckpt", *write_checkpoint(tmp_path / "model.ckpt", kernel=KERNEL)):
        assert_read(read_tensorflow(path), ["kernel"])


def test_checkpoint_with_text(tmp_path):
    index, _ = write_checkpoint(tmp_path / "model.ckpt", kernel=KERNEL, words="import os")
    refuse("model.ckpt.index", index, "words holds no plain numbers")


@pytest.mark.parametrize("keep", [0, 10])
def test_checkpoint_whose_values_were_cut_short(tmp_path, keep):
    index, values = write_checkpoint(tmp_path / "model.ckpt", kernel=KERNEL)
    values.write_bytes(values.read_bytes()[:keep])
    refuse("model.ckpt.index", index, "broken")
    values.unlink()
    refuse("model.ckpt.index", index, "broken")


def test_file_of_another_kind_as_checkpoint(tmp_path):
    importable("tensorflow")
    (tmp_path / "state.pt").write_bytes(b"PK")
    refuse("model.ckpt.index", tmp_path / "state.pt", "has a file state.pt.index")


@pytest.mark.parametrize("zipped", [True, False], ids=["today", "as PyTorch 0.3"])
@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"model_state": state, "epoch": 3}], ids=["state dict", "wrapped"])
def test_torch_state_dict(tmp_path, zipped, wrap):
    torch = importable("torch")
    torch.save(wrap({"layer.weight": torch.from_numpy(KERNEL)}), tmp_path / "state.pt", _use_new_zipfile_serialization=zipped)
    assert_read(read_torch(tmp_path / "state.pt"), ["layer.weight"])


class Hostile:
    """Unpickling it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False], ids=["today", "as PyTorch 0.3"])
def test_torch_file_with_a_program_in_it(tmp_path, zipped):
    torch = importable("torch")
    state = {"layer.weight": torch.from_numpy(KERNEL), "other": Hostile(tmp_path / "executed")}
    torch.save(state, tmp_path / "state.pt", _use_new_zipfile_serialization=zipped)
    refuse("state.pt", tmp_path / "state.pt", "would run a program, which was not done")
    assert not (tmp_path / "executed").exists()
    torch.load(tmp_path / "state.pt", weights_only=False)
    assert (tmp_path / "executed").exists()  # so it does run where somebody lets it


def test_bare_pickle(tmp_path):
    importable("torch")
    (tmp_path / "state.pt").write_bytes(pickle.dumps(Hostile(tmp_path / "executed")))
    refuse("state.pt", tmp_path / "state.pt", "would run a program, which was not done")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {}])
def test_torch_file_without_tensors(tmp_path, content):
    torch = importable("torch")
    torch.save(content, tmp_path / "state.pt")
    refuse("state.pt", tmp_path / "state.pt", "holds something else than a state dict|holds no weights")


def test_torch_file_cut_short(tmp_path):
    torch = importable("torch")
    torch.save({"layer.weight": torch.zeros(10_000)}, tmp_path / "state.pt")
    (tmp_path / "state.pt").write_bytes((tmp_path / "state.pt").read_bytes()[:20_000])
    refuse("state.pt", tmp_path / "state.pt", "broken")


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_torch_file_without_pytorch(tmp_path):
    (tmp_path / "state.pt").write_bytes(b"PK")
    refuse("state.pt", tmp_path / "state.pt", "pip install torch")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content", [b"", b"a text", b"\x89HDF\r\n\x1a\n" + bytes(90), b"PK\x03\x04" + bytes(90)])
def test_wrong_and_broken_files(tmp_path, name, content):
    importable(NEEDS[name])
    (tmp_path / name).write_bytes(content)
    refuse(name, tmp_path / name, "cut short|broken|cannot be read")


@pytest.mark.parametrize("name", READERS)
def test_absent_file(tmp_path, name):
    importable(NEEDS[name])
    refuse(name, tmp_path / name, "no such file")


def test_the_table_of_formats_imports_no_framework():
    code = "import sys, models.imports, models.imports.files; assert not {'keras', 'tensorflow', 'torch', 'h5py'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
