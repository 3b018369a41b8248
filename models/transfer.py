"""Starting from weights that are there already."""

import warnings
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np

from common.errors import InputError
from models.run import META_NAME, Run


def start_from(model, path):
    """Give `model` the weights in a file, layer by layer by name; layers whose shapes differ keep their own.

    So a classifier for other classes is replaced: its layer stays new.

    Args:
        model: a `keras.Model`; changed.
        path: a run's folder; a .keras file; a .h5 or .hdf5 file in the by-name format of published Keras 2 weights;
            or a .weights.h5 file of the same network.

    Returns:
        (loaded, new): names of the layers that have weights, by whether they were found.

    Raises:
        InputError: the file cannot be read, or no layer in it fits.
    """
    layers = leaves(model)
    own = {name: layer.get_weights() for name, layer in layers.items()}
    for name, layer in layers.items():  # what is still not a number afterwards was not in the file
        layer.set_weights([np.full_like(array, np.nan) for array in own[name]])
    try:
        _read_into(model, layers, Path(path))
    finally:
        new = [name for name, layer in layers.items() if any(np.isnan(array).any() for array in layer.get_weights())]
        for name in new:
            layers[name].set_weights(own[name])
    if len(new) == len(layers):
        raise InputError(f"{path}: no layer in it fits {model.name}; give weights of this network (two single streams: --from-runs)")
    return [name for name in layers if name not in new], new


def freeze(model):
    """Make all but the classifier stay as it is: no gradients, and batch norms use their own statistics.

    The classifier is the last layer with weights, in each stream of a fused network. Call it before compiling.
    Returns the names of the layers that will train.
    """
    layers, head = leaves(model), classifier(model)
    for name, layer in layers.items():
        layer.trainable = name in head
    return head


def leaves(model, prefix=""):
    """All layers that have weights, by name; one in a nested model as "nested/name"."""
    found = {}
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found |= leaves(layer, f"{prefix}{layer.name}/")
        elif layer.weights:
            found[prefix + layer.name] = layer
    return found


def classifier(model, prefix=""):
    """Names of the last layer with weights; where nested models come last, that of each of them."""
    weighted = [layer for layer in model.layers if layer.weights]
    if not isinstance(weighted[-1], keras.Model):
        return [prefix + weighted[-1].name]
    streams = [layer for layer in weighted if isinstance(layer, keras.Model)]
    return [name for stream in streams for name in classifier(stream, f"{prefix}{stream.name}/")]


def _read_into(model, layers, path):
    if path.is_dir() or (path.parent / META_NAME).is_file():
        _copy(Run.open(path).load_model(), layers)
    elif not path.is_file():
        raise InputError(f"{path}: no such run or weights file")
    elif path.suffix == ".keras":
        _copy(load_keras(path), layers)
    elif path.suffix in (".h5", ".hdf5"):
        _load_hdf5(model, path)
    else:
        raise InputError(f"{path}: not a run's folder, a .keras, a .h5 or an .hdf5 file")


def _copy(source, layers):
    theirs = leaves(source)
    for name, layer in layers.items():
        arrays = theirs[name].get_weights() if name in theirs else []
        if [array.shape for array in arrays] == [array.shape for array in layer.get_weights()]:
            layer.set_weights(arrays)


def load_keras(path):
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path}: not a Keras model, or one that was cut short; copy it again")
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise InputError(f"{path}: cannot be loaded ({str(error).splitlines()[0]})") from error


def _load_hdf5(model, path):
    if not h5py.is_hdf5(path):
        raise InputError(f"{path}: not an HDF5 file, or one that was cut short; copy it again")
    by_name = {} if path.name.endswith(".weights.h5") else {"by_name": True}
    with warnings.catch_warnings(action="ignore"):  # one for each layer that does not fit; the caller is told by name
        try:
            model.load_weights(path, skip_mismatch=True, **by_name)
        except (ValueError, KeyError, OSError) as error:
            raise InputError(f"{path}: cannot be loaded ({str(error).splitlines()[0]})") from error
