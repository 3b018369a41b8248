"""How much a network computes, counted in the graph that TensorFlow runs."""

import math

CONVOLUTIONS = ("Conv2D", "Conv3D", "DepthwiseConv2dNative")
PRODUCTS = {"MatMul": "transpose_a", "BatchMatMulV2": "adj_x"}  # operation: its attribute for a first matrix on its side
CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def multiply_adds(model):
    """Multiply-adds of a network's convolutions, dense layers and matrix products, for one example.

    This is what papers on video call FLOPs, and what fvcore counts for PyTorch. What is done number by number is left out: bias,
    batch norm, activation, pooling.

    Args:
        model: a `keras.Model` with a dict of inputs. Keras must run on TensorFlow.

    Returns:
        int.

    Raises:
        ValueError: a shape in the graph depends on the values of the input.
    """
    import tensorflow as tf

    clip = {tensor.name: tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs}
    return _of_graph(tf.function(lambda inputs: model(inputs, training=False)).get_concrete_function(clip).graph)


def parameters(model):
    """Numbers that training may change; a batch norm's statistics are none of them. All of its layers must be trainable."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def _of_graph(graph):
    return sum(_of_operation(graph, operation) for operation in graph.get_operations())


def _of_operation(graph, operation):
    if operation.type in CALLS:
        return _of_graph(graph._get_function(operation.get_attr("f").name).graph)
    if operation.type in CONVOLUTIONS:  # at every place of the output, all of the kernel is used once, whatever the groups
        _, kernel = operation.inputs
        output = operation.outputs[0]
        return _size(output) // output.shape[-1] * _size(kernel)
    if operation.type in PRODUCTS:
        first = operation.inputs[0].shape
        return _size(operation.outputs[0]) * first[-2 if operation.get_attr(PRODUCTS[operation.type]) else -1]
    return _of_einsum(operation) if operation.type == "Einsum" else 0


def _of_einsum(operation):
    """Numbers of the output, times the length of every axis that is summed over."""
    inputs, output = operation.get_attr("equation").decode().split("->")
    lengths = {}
    for labels, tensor in zip(inputs.split(","), operation.inputs, strict=True):
        left, _, right = labels.partition("...")
        lengths |= dict(zip(left, tensor.shape, strict=False))
        lengths |= dict(zip(reversed(right), reversed(tensor.shape), strict=False))
    return _size(operation.outputs[0]) * math.prod(length for label, length in lengths.items() if label not in output)


def _size(tensor):
    if not tensor.shape.is_fully_defined():
        raise ValueError(f"the shape of {tensor.name} is not known before it is computed: {tensor.shape}")
    return tensor.shape.num_elements()
