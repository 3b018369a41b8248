"""Fast inference for any Keras network: OpenVINO on a processor, Keras itself on an accelerator.

The converted network is kept in a file pair beside the weights. A start that finds it imports neither Keras nor
TensorFlow, which saves several seconds.
"""

import hashlib
import importlib.metadata
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

from common.files import keep_beside, sha256, writing
from common.quiet import import_openvino

RUNTIMES = ("auto", "openvino", "keras")
PRECISIONS = ("auto", "float32")

# Raised whenever the conversion itself changes, so that files an older version left behind are not used.
CONVERSION = 2

# A GPU or TPU shows as one of these below /dev on Linux; without any, no Keras backend can have an accelerator.
ACCELERATOR_FILES = ("nvidia[0-9]*", "kfd", "dxg", "accel*", "vfio/[0-9]*")

# A network is small if an example and the weights are no larger than this many bytes. Batches make small networks about
# a quarter faster per example (MobileNetV3-Small, 256×256, 2 cores: 0.71 ms at 8, 0.96 ms at 1). An I3D gains 0 to 3 %,
# and would need memory for the activations of the whole batch.
SMALL_EXAMPLE = 2**20
SMALL_WEIGHTS = 2**24
PORTION = 8


def compile(source, runtime="auto", cache=None, precision="auto"):
    """Make a network ready for inference.

    Args:
        source: a `models.run.Run`, a `keras.Model` with one output, or a function without arguments that returns
            such a model. A run's or a function's model is loaded only when it is needed.
        runtime: "openvino", "keras", or "auto": Keras where its backend has an accelerator, else OpenVINO.
        cache: `Path` of the .xml file that keeps the converted network; see `cache_path`. A missing or broken one is
            written. None keeps nothing, except that a run has its own place beside its weights.
        precision: "float32", or "auto" for what the processor does best (bfloat16 where it has instructions for it).
            Keras computes in the model's own precision either way.

    Returns:
        `OpenVinoNetwork` or `KerasNetwork`, both callable: dict of arrays (B, …) by input name, in the dtypes of the
        model's inputs -> array (B, …), for any B ≥ 1.

    Raises:
        InputError: the run's model cannot be loaded.
    """
    if runtime not in RUNTIMES or precision not in PRECISIONS:
        raise ValueError(f"runtime {runtime!r} must be one of {RUNTIMES} and precision {precision!r} one of {PRECISIONS}")
    load, cache = _loader(source, cache)
    if runtime == "keras" or (runtime == "auto" and _keras_has_accelerator()):
        return KerasNetwork(load())
    return OpenVinoNetwork(_network(load, cache), precision)


def cache_path(*files):
    """The `Path` for the converted form of the network that `files` describe.

    Its name holds a digest of the files' contents and of the converting libraries' versions, so a changed file gets
    another name. It lies beside the first file or, where that folder is not to be written, below
    ``$XDG_CACHE_HOME/action_recognition`` (``~/.cache/action_recognition``).
    """
    files = [Path(file) for file in files]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("keras", "openvino")]
    key = hashlib.sha256("\n".join([str(CONVERSION), *versions, *map(sha256, files)]).encode())
    stem = "-".join(dict.fromkeys(file.stem for file in files))
    return keep_beside(files[0].resolve().parent) / f"{stem}.openvino-{key.hexdigest()[:16]}.xml"


class OpenVinoNetwork:
    """A network compiled by OpenVINO for this processor. One thread at a time may call it.

    Shapes are fixed when compiling: kernels for free shapes are slower. A batch goes through in portions of a power of
    two, each with a network of its own size, compiled when first needed (about 0.1 s); portions of 1 unless the
    network is small.

    Attributes:
        runtime: "openvino".
        input_names: names of the inputs.
    """

    runtime = "openvino"

    def __init__(self, network, precision="auto"):
        self.input_names = [port.any_name for port in network.inputs]
        self._network = network
        self._options = {"PERFORMANCE_HINT": "LATENCY"}
        if precision == "float32":
            self._options["INFERENCE_PRECISION_HINT"] = "f32"
        self._largest = PORTION if _is_small(network) else 1
        self._requests = {1: self._compile(1)}

    @property
    def precision(self):
        """What the network computes in: "f32", "bf16" or "f16"."""
        return self._requests[1].get_compiled_model().get_property("INFERENCE_PRECISION_HINT").get_type_name()

    def __call__(self, inputs):
        """Run a batch: dict of arrays (B, …) by input name, B ≥ 1 -> the network's output (B, …) as a new array."""
        arrays = {name: np.ascontiguousarray(inputs[name]) for name in self.input_names}
        rows, start = [], 0
        for size in _portions(len(arrays[self.input_names[0]]), self._largest):
            if size not in self._requests:
                self._requests[size] = self._compile(size)
            part = {name: array[start : start + size] for name, array in arrays.items()}
            rows.append(self._requests[size].infer(part, share_inputs=True)[0])
            start += size
        return np.concatenate(rows)

    def _compile(self, size):
        openvino = import_openvino()
        network = self._network.clone()
        network.reshape({port: [size, *list(port.partial_shape)[1:]] for port in network.inputs})
        return openvino.Core().compile_model(network, "CPU", self._options).create_infer_request()


class KerasNetwork:
    """A network that Keras runs itself, on whatever device its backend chose.

    Attributes:
        runtime: "keras".
        input_names: names of the inputs.
        model: the `keras.Model`.
    """

    runtime = "keras"

    def __init__(self, model):
        self.model = model
        self.input_names = [tensor.name for tensor in model.inputs]

    @property
    def precision(self):
        """Compute dtype of the network's first layer with weights, such as "float32"."""
        return next((layer.compute_dtype for layer in self.model.layers if layer.weights), self.model.compute_dtype)

    def __call__(self, inputs):
        """Run a batch: dict of arrays (B, …) by input name, B ≥ 1 -> the network's output (B, …) as an array."""
        import keras

        arrays = keras.tree.map_structure(lambda tensor: inputs[tensor.name], self.model.input)
        return self.model.predict_on_batch(arrays)


def _portions(count, largest):
    """`count` as a sum of powers of two, none above `largest` (itself a power of two): 13 -> 8, 4, 1."""
    sizes = [largest] * (count // largest)
    rest, size = count % largest, largest // 2
    while size:
        sizes += [size] if rest & size else []
        size //= 2
    return sizes


def _is_small(network):
    example = sum(int(np.prod([1 if dim.is_dynamic else dim.get_length() for dim in port.partial_shape])) for port in network.inputs)
    weights = sum(node.get_byte_size() for node in network.get_ops() if node.get_type_name() == "Constant")
    return example <= SMALL_EXAMPLE and weights <= SMALL_WEIGHTS


def _loader(source, cache):
    if hasattr(source, "network_files"):
        return source.load_model, cache or cache_path(*source.network_files)
    if hasattr(source, "predict_on_batch"):
        return lambda: source, cache
    return source, cache


def _network(load, cache):
    """The OpenVINO network in `cache`; converted from the model that `load` returns where it is not there yet."""
    network = cache and _read(Path(cache))
    if network:
        return network
    model = load()
    if cache:
        try:
            return _convert(model, Path(cache))
        except OSError:  # a full disk or a folder that cannot be made costs the next start some seconds, no more
            pass
    with tempfile.TemporaryDirectory() as folder:
        return _convert(model, Path(folder) / "network.xml")


def _read(cache):
    """The network in the .xml `cache` and the .bin beside it, or None where they are absent, broken or not a pair."""
    openvino = import_openvino()
    try:
        xml, weights = cache.read_bytes(), cache.with_suffix(".bin").read_bytes()
    except OSError:
        return None
    text, _, _ = xml.rpartition(b"<!--")
    if xml != text + _signature(text, weights):
        return None
    return openvino.Core().read_model(text, weights)


def _signature(text, weights):
    return b"<!-- sha256 of the above and the .bin: %s -->\n" % hashlib.sha256(text + weights).hexdigest().encode()


def _convert(model, cache):
    """Write `model` as an OpenVINO .xml and .bin pair, and return the network.

    The .bin takes its name first, and then the .xml, which ends with a digest of both: a reader that comes between
    them, or two programs that write at the same time, can never combine parts of different conversions.
    """
    if len(model.outputs) != 1:
        raise ValueError(f"a network with one output is needed, {model.name} has {len(model.outputs)}")
    from models.openvino_export import export

    openvino = import_openvino()
    with writing(cache) as xml, writing(cache.with_suffix(".bin")) as weights:  # left in reverse order
        export(model, xml)
        content = xml.read_bytes(), weights.read_bytes()
        with open(xml, "ab") as file:
            file.write(_signature(*content))
    _remove_older(cache)
    return openvino.Core().read_model(*content)


def _remove_older(cache):
    """Remove what `cache_path` named for earlier contents of the same files."""
    named = re.fullmatch(r"(.+\.openvino-)[0-9a-f]{16}", cache.stem)
    pattern = named and re.compile(re.escape(named[1]) + r"[0-9a-f]{16}\.(xml|bin)")
    for file in cache.parent.iterdir() if named else ():
        if pattern.fullmatch(file.name) and file.stem != cache.stem:
            file.unlink(missing_ok=True)


def _keras_has_accelerator():
    """Whether Keras' backend has a GPU or TPU. Imports the backend only where the machine may have one."""
    if sys.platform == "darwin":
        return False
    if sys.platform == "linux" and not any(any(Path("/dev").glob(name)) for name in ACCELERATOR_FILES):
        return False
    import keras

    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return torch.cuda.is_available()
    if backend == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow

    return bool(tensorflow.config.list_physical_devices("GPU"))
