"""From a published file to a network of ours: everything compared first, then everything taken, or nothing."""

import importlib
from pathlib import Path

import numpy as np

from common.errors import InputError
from common.files import sha256
from models import build
from models.imports import FORMATS, KINETICS_400, files
from models.transfer import classifier, leaves

LISTED = 10  # faults that an error names


def load(name, path, classes=None):
    """The network in a published file.

    Args:
        name: a key of `FORMATS`.
        path: the file; for a TensorFlow checkpoint what its files have in common.
        classes: names of other classes; the classifier for them is new. None = the file's own, of Kinetics-400.

    Returns:
        (model, meta): the `keras.Model`, built for the format's clips, and the content of its run's meta.json.

    Raises:
        InputError: the file cannot be read, or does not hold this network; the message lists what is missing, left over
            or has another shape.
    """
    import keras

    published = FORMATS[name]
    tensors = getattr(files, published.reader)(path)
    module = importlib.import_module(published.module)
    mode = module.mode_of(tensors)
    keras.utils.set_random_seed(0)
    model = build(published.recogniser, len(classes or kinetics_400()), mode, published.frames, published.size)
    fill(model, getattr(module, published.plan)(model, tensors), tensors, path, classes is not None, module.is_ignored)
    return model, _meta(name, path, mode, classes)


def fill(model, plan, tensors, path, new_classifier=False, is_ignored=lambda name: False):
    """Set the weights of `model` as `plan` says; nothing is changed unless everything fits.

    Args:
        model: a `keras.Model`; changed.
        plan: {layer name: [Weight, …]}, for every layer that has weights, each in the order of ``get_weights()``.
        tensors: {name: float32 array}, what the file holds.
        path: the file, for the error message.
        new_classifier: the last layer keeps its own weights, and the file may hold one of any shape or none. None: it is no classifier.
        is_ignored: name -> whether a tensor that is not in the plan may be there all the same.

    Raises:
        InputError: a tensor is missing, left over, has another shape or holds values that are no numbers.
    """
    head = classifier(model) if new_classifier else []
    wanted = {layer: weights for layer, weights in plan.items() if layer not in head}
    faults = _faults(wanted, tensors) + _left_over(plan, tensors, is_ignored)
    if faults:
        more = f" and {len(faults) - LISTED} more" if len(faults) > LISTED else ""
        hint = (
            ""
            if new_classifier is not False or not _only_in(faults, plan, classifier(model))
            else "; --num_class N gives it a new classifier"
        )
        raise InputError(f"{path}: does not hold {model.name}: {', '.join(faults[:LISTED])}{more}{hint}")
    layers = leaves(model)
    for layer, weights in wanted.items():
        layers[layer].set_weights([_make(weight, tensors) for weight in weights])


def kinetics_400():
    """The 400 class names, in the order of the published networks' outputs."""
    return KINETICS_400.read_text(encoding="utf-8").splitlines()


def _faults(plan, tensors):
    needed = {name: shape for weights in plan.values() for weight in weights for name, shape in weight.sources.items()}
    faults = [f"{name} is missing" for name in needed if name not in tensors]
    for name, shape in needed.items():
        if name in tensors and tensors[name].shape != shape:
            faults.append(f"{name} is {_words(tensors[name].shape)} and not {_words(shape)}")
        elif name in tensors and not np.isfinite(tensors[name]).all():
            faults.append(f"{name} holds values that are no numbers")
    return faults


def _left_over(plan, tensors, is_ignored):
    known = {name for weights in plan.values() for weight in weights for name in weight.sources}
    return [f"{name} is left over" for name in tensors if name not in known and not is_ignored(name)]


def _only_in(faults, plan, layers):
    names = {name for layer in layers for weight in plan[layer] for name in weight.sources}
    return all(fault.split(" ")[0] in names for fault in faults)


def _words(shape):
    return "×".join(map(str, shape)) or "one number"


def _make(weight, tensors):
    arrays = [tensors[name] for name in weight.sources]
    return weight.convert(*arrays) if weight.convert else arrays[0]


def _meta(name, path, mode, classes):
    published = FORMATS[name]
    return {
        "recogniser": published.recogniser,
        "mode": mode,
        "classes": classes or kinetics_400(),
        "frames": published.frames,
        "window": published.window,
        "size": published.size,
        "fps": published.fps,
        "region": "frame",  # Kinetics shows whole pictures
        "context": 1.2,  # of a person's crop, where one is asked for all the same
        "flow": "tvl1",
        "threshold": None,
        "metrics": {},
        "imported": {
            "format": name,
            "from": published.title,
            "file": Path(path).name,
            "sha256": {file.name: sha256(file) for file in _files(path)},
            "preprocessing": published.preprocessing,
            "classifier": "new, not trained" if classes else "as published",
        },
    }


def _files(path):
    """The file, or all those of a TensorFlow checkpoint."""
    prefix = files.checkpoint_prefix(path)
    parts = [file for file in prefix.parent.iterdir() if file.name.startswith((f"{prefix.name}.index", f"{prefix.name}.data-"))]
    return sorted(parts) or [Path(path)]
