"""Files of weights as plain arrays. Nothing in a file is ever executed: no pickle, no code of a layer, no link to another file."""

import warnings
from pathlib import Path

import numpy as np

from common.errors import InputError

# Numbers in one tensor; the largest of any network here has 13 million. A small file can claim any size.
LARGEST = 2**27

TABLE_END = bytes.fromhex("57fb808b247547db")  # of a checkpoint in one file, a LevelDB table

WRAPPERS = ("model_state", "state_dict")  # where training programs keep the state dict among other things


def read_hdf5(path):
    """The weights in a Keras 2 file of the by-name format, or in a whole model's: {"layer/weight": float32 array}.

    A dataset ``layer/…/weight:0`` becomes "layer/weight".

    Raises:
        InputError: not such a file, broken, or one that refers to other files.
    """
    import h5py

    _check_exists(path)
    if not h5py.is_hdf5(path):
        raise InputError(f"{path}: not an HDF5 file, or one that was cut short; download it again")
    tensors = {}

    def take(name, item):  # soft and external links are not visited
        if isinstance(item, h5py.Dataset):
            if item.is_virtual or item.external:
                raise InputError(f"{path}: {name} refers to another file; give a file that holds its weights itself")
            parts = name.split("/")
            _check_numbers(path, name, item.shape, item.dtype.kind)
            tensors[f"{parts[0]}/{parts[-1].split(':')[0]}"] = np.asarray(item, np.float32)

    try:
        with h5py.File(path) as file:
            whole = isinstance(file.get("model_weights", getlink=True), h5py.HardLink)
            (file["model_weights"] if whole else file).visititems(take)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read ({_first_line(error)}); download it again") from error
    return _not_empty(path, tensors)


def read_tensorflow(path):
    """The variables of a TensorFlow checkpoint: {name: float32 array}.

    `path` is what its files have in common (``model.ckpt``), or one of them (``model.ckpt.index``); or the only file of
    one in the form of TensorFlow before 0.12.

    Raises:
        InputError: not a checkpoint, broken, or TensorFlow is not installed.
    """
    try:
        import tensorflow
    except ImportError as error:
        raise InputError(f"{path}: to read TensorFlow's checkpoints takes TensorFlow; install it with: pip install tensorflow") from error
    prefix = checkpoint_prefix(path)
    single = not Path(f"{prefix}.index").is_file() and _ends_with(prefix, TABLE_END)
    if Path(path).is_file() and not single and not Path(f"{prefix}.index").is_file():
        raise InputError(f"{path}: not a TensorFlow checkpoint, which has a file {prefix.name}.index; download all its files")
    _check_exists(prefix if single else f"{prefix}.index")
    try:
        reader = tensorflow.train.load_checkpoint(str(prefix))
        shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
        for name, shape in shapes.items():
            _check_numbers(path, name, shape, np.dtype(types[name].as_numpy_dtype).kind)
        tensors = {name: np.asarray(reader.get_tensor(name), np.float32) for name in shapes}
    except InputError:
        raise
    except Exception as error:  # TensorFlow answers bad files with many types: DataLossError, ValueError, IndexError …
        raise InputError(
            f"{path}: not a TensorFlow checkpoint, or a broken one ({_first_line(error)}); download all its files again"
        ) from error
    return _not_empty(path, tensors)


def read_torch(path):
    """A state dict that PyTorch saved, also an old one or one wrapped as "model_state": {name: float32 array}.

    Raises:
        InputError: not such a file, broken, one that holds more than tensors, or PyTorch is not installed.
    """
    _check_exists(path)
    try:
        import torch
    except ImportError as error:
        raise InputError(f"{path}: to read PyTorch's files takes PyTorch; install it with: pip install torch") from error
    try:
        with warnings.catch_warnings(action="ignore"):  # about pickles of other versions; what is wrong is told below
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch answers bad files with many types; the line says what is safe to conclude
        raise InputError(
            f"{path}: not a file of PyTorch tensors alone; it is broken, or would run a program, which was not done"
        ) from error
    for wrapper in WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in state.values()):
        raise InputError(f"{path}: holds something else than a state dict, which is tensors by name; save model.state_dict()")
    for name, tensor in state.items():
        _check_numbers(path, name, tensor.shape, "f" if tensor.layout == torch.strided and not tensor.is_meta else "O")
    return _not_empty(path, {str(name): tensor.detach().to(torch.float32).numpy() for name, tensor in state.items()})


def checkpoint_prefix(path):
    """What the files of a TensorFlow checkpoint have in common, from it or from one of them."""
    path = Path(path)
    return path.with_name(path.name.removesuffix(".index").split(".data-")[0])


def _ends_with(path, end):
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        file.seek(max(path.stat().st_size - len(end), 0))
        return file.read() == end


def _check_exists(path):
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; the README says where the published ones are")


def _check_numbers(path, name, shape, kind):
    if kind not in "fiub":
        raise InputError(f"{path}: {name} holds no plain numbers; this is not a file of weights")
    if np.prod([int(side) for side in shape], dtype=object) > LARGEST:
        raise InputError(
            f"{path}: {name} claims the shape {tuple(map(int, shape))}, larger than any layer here; this is not a file of weights"
        )


def _not_empty(path, tensors):
    if not tensors:
        raise InputError(f"{path}: holds no weights")
    return tensors


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
