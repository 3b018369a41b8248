"""Keras networks as OpenVINO's files, in the form that its kernels like."""

import importlib
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from common.quiet import import_keras, import_openvino
from models.convolution import whole_clips


def export(model, xml):
    """Write a network as OpenVINO's .xml, and the .bin beside it.

    Not by Keras' own export: it traces every layer once more to look for lookup tables, most of its time, and what it makes of JAX,
    OpenVINO cannot read. On other backends a process with TensorFlow does it.

    Args:
        model: a `keras.Model`, on any backend, in any precision.
        xml: path of the file.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        _export_on_tensorflow(model, xml)
        return
    with whole_clips():
        function = _traced(_in_float32(model))
    openvino = import_openvino()
    with _mended_openvino(function):
        network = openvino.convert_model(function)
    for port in network.inputs:
        port.tensor.set_names({port.node.friendly_name.split(":")[0]})
        _transpose_last(port.node)
    for node in network.get_ops():
        if node.get_type_name() == "MaxPool":
            _pad_itself(node)
    network.validate_nodes_and_infer_types()
    openvino.serialize(network, xml)


def _export_on_tensorflow(model, xml):
    import keras

    layers = {layer.__module__ for layer in keras.saving.get_custom_objects().values()}
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        command = [sys.executable, "-m", __name__, Path(folder) / "model.keras", Path(xml).resolve(), *layers - {"__main__"}]
        subprocess.run(command, env={**os.environ, "KERAS_BACKEND": "tensorflow"}, cwd=Path(__file__).parents[1], check=True)


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


def _transpose_last(node):
    """From an input on: first what is done to each number by itself, then the transpose to channels first.

    There the convolution that follows takes it as it is. OpenVINO's reader puts it first, where it costs a copy, and another one back:
    2 of 4 ms of MobileNetV3-Small.
    """
    transpose = None
    while len(readers := node.output(0).get_target_inputs()) == 1:
        (reader,) = readers
        following = reader.get_node()
        if following.get_type_name() == "Transpose" and transpose is None:
            transpose = following
        elif not _is_by_number(following):
            break
        node = following
    if transpose is None or node is transpose:
        return
    openvino = import_openvino()
    for reader in transpose.output(0).get_target_inputs():
        reader.replace_source_output(transpose.input_value(0))
    readers = node.output(0).get_target_inputs()
    moved = openvino.opset13.transpose(node.output(0), transpose.input_value(1))
    for reader in readers:
        reader.replace_source_output(moved.output(0))


def _is_by_number(node):
    """Whether a node converts, scales or shifts all numbers alike."""
    kind = node.get_type_name()
    return kind == "Convert" or (kind in ("Multiply", "Add", "Subtract") and _size(node.input_value(1)) == 1)


def _size(output):
    """Numbers of a constant; 0 of anything else."""
    return np.prod(output.get_shape(), dtype=int) if output.get_node().get_type_name() == "Constant" else 0


def _pad_itself(pool):
    """A max pooling with a border of zeros around what a ReLU gave pads by itself: OpenVINO copies everything to add them."""
    pad, attributes = pool.input_value(0).get_node(), pool.get_attributes()
    if attributes["auto_pad"] != "valid" or not _adds_zeros_after_relu(pad):
        return
    before, after = (pad.input_value(i).get_node().data[2:].tolist() for i in (1, 2))
    shape = {"strides": attributes["strides"], "dilations": attributes["dilations"], "kernel_shape": attributes["kernel"]}
    moved = import_openvino().opset13.max_pool(pad.input_value(0), pads_begin=before, pads_end=after, **shape)
    for reader in pool.output(0).get_target_inputs():
        reader.replace_source_output(moved.output(0))


def _adds_zeros_after_relu(pad):
    """Whether a node puts zeros, then the lowest numbers there are, around places of a clip or picture (B, C, …)."""
    if pad.get_type_name() != "Pad" or pad.get_attributes()["pad_mode"] != "constant":
        return False
    before, after, value = (pad.input_value(i).get_node().data for i in (1, 2, 3))
    return value == 0 and not before[:2].any() and not after[:2].any() and pad.input_value(0).get_node().get_type_name() == "Relu"


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


if __name__ == "__main__":
    _, saved, written, *modules = sys.argv
    keras = import_keras()
    for module in modules:  # loading finds the layers that they register
        importlib.import_module(module)
    export(keras.models.load_model(saved), written)
