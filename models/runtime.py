"""Fast inference for any Keras network: OpenVINO on a processor, Keras itself on an accelerator.

The converted network is kept in a file pair beside the weights. A start that finds it imports neither Keras nor
TensorFlow, which saves several seconds.
"""

import hashlib
import importlib.metadata
import re
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from common.files import keep_beside, sha256, writing
from common.quiet import import_openvino

RUNTIMES = ("auto", "openvino", "keras")
PRECISIONS = ("auto", "float32")

# Raised whenever the conversion itself changes, so that files an older version left behind are not used.
CONVERSION = 1

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
    openvino = import_openvino()
    with writing(cache) as xml, writing(cache.with_suffix(".bin")) as weights:  # left in reverse order
        with _whole_filters():
            _export(_in_float32(model), xml)
        content = xml.read_bytes(), weights.read_bytes()
        with open(xml, "ab") as file:
            file.write(_signature(*content))
    _remove_older(cache)
    return openvino.Core().read_model(*content)


def _export(model, xml):
    """Write `model` as OpenVINO's .xml and .bin.

    On TensorFlow without Keras' own export, which traces every layer once more to look for lookup tables: most of its time.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        model.export(str(xml), format="openvino", verbose=False)
        return
    openvino, function = import_openvino(), _traced(model)
    with _mended_openvino(function):
        network = openvino.convert_model(function)
    for port in network.inputs:
        port.tensor.set_names({port.node.friendly_name.split(":")[0]})
    openvino.serialize(network, xml)


def _traced(model):
    """`model` as a function of TensorFlow whose inputs have the names of the model's."""
    import keras
    import tensorflow

    inputs = keras.tree.map_structure(lambda tensor: tensorflow.TensorSpec(tensor.shape, tensor.dtype, tensor.name), model.input)
    network = tensorflow.function(lambda inputs: model(inputs, training=False), autograph=False)
    # One function inside another: of a function that is not inside one, OpenVINO takes for outputs what nothing uses, such as shapes.
    return tensorflow.function(lambda inputs: network(inputs), autograph=False).get_concrete_function(inputs)


@contextmanager
def _mended_openvino(function):
    """OpenVINO 2026.4 goes through all weights to find each of them, and asks for TensorFlow's version as Python 3.13 forbids (PEP 667)."""
    import tensorflow
    from openvino.frontend.tensorflow import utils
    from openvino.frontend.tensorflow.node_decoder import TFGraphNodeDecoder

    if sys.version_info >= (3, 13):
        utils.get_environment_setup = lambda framework: {"tensorflow": tensorflow.__version__}
    variables = {id(variable.handle): variable for variable in function.graph.variables}
    weights = {inner.name: variables.get(id(outer)) for outer, inner in function.graph.captures if outer.dtype == tensorflow.resource}
    search = TFGraphNodeDecoder.get_variable

    def find(operation):
        weight = weights.get(operation.outputs[0].name) if operation.graph is function.graph else None
        return search(operation) if weight is None else weight.read_value_no_copy()

    TFGraphNodeDecoder.get_variable = staticmethod(find)
    try:
        yield
    finally:
        TFGraphNodeDecoder.get_variable = staticmethod(search)


@contextmanager
def _whole_filters():
    """Depthwise 3-D convolutions are traced as what they are: OpenVINO has kernels for them, the other frameworks have not."""
    from models.blocks import DepthwiseConv3D

    DepthwiseConv3D.whole = True
    try:
        yield
    finally:
        DepthwiseConv3D.whole = False


def _in_float32(model):
    """The network without mixed precision: OpenVINO cannot compile it with, and chooses its own precision anyway."""
    if not _is_mixed(model):
        return model
    import keras

    plain = keras.models.model_from_json(model.to_json().replace('"mixed_bfloat16"', '"float32"').replace('"mixed_float16"', '"float32"'))
    plain.set_weights(model.get_weights())
    return plain


def _is_mixed(layer):
    parts = getattr(layer, "layers", None)
    return any(map(_is_mixed, parts)) if parts else layer.compute_dtype in ("bfloat16", "float16")


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
