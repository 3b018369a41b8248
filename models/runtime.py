"""Fast inference for any Keras network: OpenVINO on a processor, Keras itself on an accelerator.

The converted network is kept in a file pair beside the weights. A start that finds it imports neither Keras nor
TensorFlow, which saves several seconds.
"""

import hashlib
import importlib.metadata
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from common.errors import InputError
from common.files import sha256, writing

RUNTIMES = ("auto", "openvino", "keras")
PRECISIONS = ("auto", "float32")

# Raised whenever the conversion itself changes, so that files an older version left behind are not used.
CONVERSION = 1
DIGEST_MARK = "<!-- weights sha256 "

# A GPU (or TPU) shows as one of these on Linux; none of them means that no Keras backend can have an accelerator.
ACCELERATOR_FILES = ("nvidia[0-9]*", "kfd", "dxg", "accel*", "vfio/[0-9]*")


class OpenVinoNetwork:
    """A network compiled by OpenVINO for this processor.

    Shapes are fixed at compile time, because the processor's kernels for free shapes are slower: clips of a batch
    go one after the other through a network of batch 1, each using all cores.
    One thread at a time may call it.
    """

    runtime = "openvino"

    def __init__(self, network, precision="auto"):
        import openvino

        self.input_names = [port.any_name for port in network.inputs]
        network.reshape({port: [1, *list(port.partial_shape)[1:]] for port in network.inputs})
        options = {"PERFORMANCE_HINT": "LATENCY"}
        if precision == "float32":
            options["INFERENCE_PRECISION_HINT"] = "f32"
        self._request = openvino.Core().compile_model(network, "CPU", options).create_infer_request()

    @property
    def precision(self):
        """What the network computes in: "f32" or "bf16"."""
        hint = self._request.get_compiled_model().get_property("INFERENCE_PRECISION_HINT")
        return hint.get_type_name()

    def __call__(self, inputs):
        """Run a batch: dict of arrays (B, …) by input name, B ≥ 1 -> the network's output (B, …) as a new array."""
        arrays = [np.ascontiguousarray(inputs[name]) for name in self.input_names]
        rows = []
        for i in range(len(arrays[0])):
            result = self._request.infer({name: array[i : i + 1] for name, array in zip(self.input_names, arrays, strict=True)})
            rows.append(result[0].copy())
        return np.concatenate(rows)


class KerasNetwork:
    """A network that Keras runs itself, on whatever device its backend chose."""

    runtime = "keras"

    def __init__(self, model):
        self.model = model
        self.input_names = [tensor.name for tensor in model.inputs]

    @property
    def precision(self):
        """The compute dtype of the network's own policy, such as "float32"."""
        return self.model.compute_dtype

    def __call__(self, inputs):
        """Run a batch: dict of arrays (B, …) by input name, B ≥ 1 -> the network's output (B, …) as an array."""
        return self.model.predict_on_batch({name: inputs[name] for name in self.input_names})


def compile(source, runtime="auto", cache=None, precision="auto"):
    """Make a network ready for inference.

    Args:
        source: a `models.run.Run`, a `keras.Model` with one output, or a function without arguments that returns
            such a model. A run's or function's model is loaded only when it is needed.
        runtime: "openvino", "keras", or "auto": Keras where its backend has an accelerator, else OpenVINO.
        cache: `Path` of the .xml file that keeps the converted network; see `cache_path`. A missing or broken one is
            written. None keeps nothing, but a run has its own place beside its weights.
        precision: "float32", or "auto" for what the processor does best (bfloat16 where it has instructions for it).
            Keras computes in the model's own precision either way.

    Returns:
        a callable, dict of uint8 or float arrays (B, …) by input name -> float32 array (B, …), for any B ≥ 1; its
        `runtime` and `precision` tell what was chosen.

    Raises:
        InputError: the run's model cannot be loaded.
    """
    if runtime not in RUNTIMES or precision not in PRECISIONS:
        raise ValueError(f"runtime {runtime!r} must be one of {RUNTIMES}, precision {precision!r} one of {PRECISIONS}")
    load, cache = _loader(source, cache)
    if runtime == "keras" or (runtime == "auto" and _keras_has_accelerator()):
        return KerasNetwork(load())
    if cache is None:
        with tempfile.TemporaryDirectory() as folder:
            return OpenVinoNetwork(_network(load, Path(folder) / "network.xml"), precision)
    return OpenVinoNetwork(_network(load, Path(cache)), precision)


def cache_path(*files):
    """The `Path` for the converted form of the network that `files` describe.

    Its name holds a digest of the files' contents and of the converting libraries' versions, so a changed file has
    another name. It lies beside the first file, or, where that folder is not to be written,
    below ``$XDG_CACHE_HOME/action_recognition`` (``~/.cache/action_recognition``).
    """
    files = [Path(file) for file in files]
    key = hashlib.sha256(f"{CONVERSION} {importlib.metadata.version('keras')}".encode())
    for file in files:
        key.update(sha256(file).encode())
    stem = "-".join(dict.fromkeys(file.stem for file in files))
    return _cache_folder(files[0].resolve().parent) / f"{stem}.openvino-{key.hexdigest()[:16]}.xml"


def _cache_folder(folder):
    # A folder whose mode forbids writing is meant to stay as it is, although root could write there all the same.
    if os.access(folder, os.W_OK) and folder.stat().st_mode & 0o222:
        return folder
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "action_recognition" / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


def _loader(source, cache):
    if hasattr(source, "load_model"):
        return source.load_model, cache or cache_path(*source.network_files)
    if hasattr(source, "predict_on_batch"):
        return (lambda: source), cache
    return source, cache


def _network(load, cache):
    """The OpenVINO network in `cache`, converted from the Keras model that `load` returns if it is not there yet."""
    network = _read(cache)
    if network is None:
        _convert(load(), cache)
        network = _read(cache)
    return network


def _read(cache):
    """The network in the .xml `cache` and the .bin beside it, or None where they are absent, broken or not a pair."""
    import openvino

    try:
        text = cache.read_text(encoding="utf-8")
        weights = np.fromfile(cache.with_suffix(".bin"), np.uint8)
    except (OSError, UnicodeDecodeError):
        return None
    if not text.endswith(_mark(hashlib.sha256(weights).hexdigest())):
        return None
    return openvino.Core().read_model(text, openvino.Tensor(weights))


def _mark(digest):
    return f"{DIGEST_MARK}{digest} -->\n"


def _convert(model, cache):
    """Write `model` as an OpenVINO .xml and .bin pair.

    The .bin takes its name first, and the .xml, which ends with the .bin's digest, after it: a reader that comes
    between them, or two programs that write at the same time, can never combine parts of different conversions.
    """
    if len(model.outputs) != 1:
        raise ValueError(f"a network with one output is needed, {model.name} has {len(model.outputs)}")
    with writing(cache) as xml:
        with writing(cache.with_suffix(".bin")) as weights:
            model.export(str(xml), format="openvino", verbose=False)
            digest = sha256(weights)
        with open(xml, "a", encoding="utf-8") as file:
            file.write("\n" + _mark(digest))
    _remove_older(cache)


def _remove_older(cache):
    family = cache.stem.rsplit("-", 1)[0]
    for file in cache.parent.glob(f"{glob_escape(family)}-*"):
        if file.stem != cache.stem:
            file.unlink(missing_ok=True)


def _keras_has_accelerator():
    """Whether Keras' backend has a GPU or TPU. Imports the backend only where the machine may have one."""
    if sys.platform.startswith("linux") and not any(any(Path("/dev").glob(name)) for name in ACCELERATOR_FILES):
        return False
    if sys.platform == "darwin":
        return False
    backend = _keras_backend()
    if backend == "torch":
        import torch

        return torch.cuda.is_available()
    if backend == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow

    return bool(tensorflow.config.list_physical_devices("GPU"))
