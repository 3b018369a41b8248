"""A Darknet network as a Keras model, from Keras layers and operations only."""

import keras
import numpy as np
from keras import layers, ops

LEAKY_SLOPE = 0.1  # Darknet's, fixed


def build(cfg, weights=None):
    """Build the network that a `yolo3.cfg.Cfg` describes (YOLOv3: https://arxiv.org/abs/1804.02767).

    Args:
        cfg: what `yolo3.cfg.read` returned.
        weights: what `yolo3.weights.read` returned; None leaves all weights zero.

    Returns:
        keras.Model. Input "rgb" (B, height, width, 3) uint8, RGB; scaling to 0…1 is its first layer.
        Output (B, boxes, 5 + classes) float32, head after head, rows by y, x, anchor: centre x, centre y, width and
        height of the box as fractions of the input, objectness, class probabilities (both 0…1, not multiplied).
        It computes what Darknet does; batch normalisation has been folded into the convolutions.
    """
    picture = keras.Input((cfg.height, cfg.width, 3), dtype="uint8", name="rgb")
    outputs, heads = {-1: _scale(picture)}, []
    for layer in cfg.layers:
        inputs = [outputs[source] for source in layer.sources]
        if layer.kind == "yolo":
            heads.append(_yolo(layer, inputs[0], cfg))
        else:
            outputs[layer.index] = BLOCKS[layer.kind](layer, *inputs)
    boxes = layers.Concatenate(axis=1, name="boxes")(heads) if len(heads) > 1 else heads[0]
    model = keras.Model(picture, boxes, name="darknet")
    for index, values in (weights or {}).items():
        convolution = model.get_layer(f"convolutional_{index}")
        convolution.set_weights([value.reshape(now.shape) for value, now in zip(values, convolution.weights, strict=True)])
    return model


def _scale(picture):
    # Flat, because OpenVINO else moves its change to channels-first before the scaling, where it costs a tenth of a small network.
    flat = layers.Rescaling(1 / 255, name="scaling")(layers.Flatten()(picture))
    return layers.Reshape(picture.shape[1:])(flat)


def _convolutional(layer, x):
    padding = "valid"
    if layer.stride == 1 and 2 * layer.padding == layer.size - 1:
        padding = "same"
    elif layer.padding:
        # "same" with a stride would put the odd pixel of padding after the picture, Darknet puts it before.
        x = layers.ZeroPadding2D(layer.padding)(x)
    options = {"strides": layer.stride, "padding": padding, "bias_initializer": "zeros", "name": f"convolutional_{layer.index}"}
    if layer.groups == layer.inputs > 1:
        multiplier = layer.filters // layer.groups
        x = layers.DepthwiseConv2D(layer.size, depth_multiplier=multiplier, depthwise_initializer="zeros", **options)(x)
    else:
        x = layers.Conv2D(layer.filters, layer.size, groups=layer.groups, kernel_initializer="zeros", **options)(x)
    return _activate(layer, x)


def _shortcut(layer, x, *others):
    for other in others:
        missing = x.shape[-1] - other.shape[-1]
        if missing > 0:
            other = ops.pad(other, [(0, 0), (0, 0), (0, 0), (0, missing)])
        x = layers.Add()([x, other[..., : x.shape[-1]] if missing < 0 else other])
    return _activate(layer, x)


def _route(layer, *inputs):
    if layer.groups > 1:
        parts = [(x, x.shape[-1] // layer.groups) for x in inputs]
        inputs = [x[..., layer.group_id * width : (layer.group_id + 1) * width] for x, width in parts]
    return layers.Concatenate(name=f"route_{layer.index}")(list(inputs)) if len(inputs) > 1 else inputs[0]


def _upsample(layer, x):
    return layers.UpSampling2D(layer.stride, interpolation="nearest", name=f"upsample_{layer.index}")(x)


def _maxpool(layer, x):
    padding = "valid"
    if layer.stride == 1 and layer.padding == layer.size - 1:
        padding = "same"
    elif layer.padding:
        before = layer.padding // 2
        x = ops.pad(x, [(0, 0), *2 * [(before, layer.padding - before)], (0, 0)], constant_values=-np.inf)
    return layers.MaxPooling2D(layer.size, layer.stride, padding=padding, name=f"maxpool_{layer.index}")(x)


def _dropout(layer, x):
    return x


def _activate(layer, x):
    return ACTIVATIONS[layer.activation](x)


def _yolo(layer, x, cfg):
    """Decode a head: sigmoid × scale + offset in every column, but exp × anchor (or square × 4 anchors) in width and height.

    All columns go through one formula, because an inference engine makes a single loop of it.
    """
    (height, width, _), columns = layer.shape, 5 + layer.classes
    grid, anchors = np.float32([width, height]), np.float32(layer.anchors) / np.float32([cfg.width, cfg.height])
    cell = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 1, 2)
    offset = np.zeros((height * width, 1, columns), np.float32)
    offset[..., :2] = (cell - (layer.scale_x_y - 1) / 2) / grid
    scale = np.ones((len(anchors), columns), np.float32)
    scale[:, :2] = layer.scale_x_y / grid
    scale[:, 2:4] = 4 * anchors if layer.new_coords else anchors
    size = np.isin(np.arange(columns), (2, 3))
    x = layers.Reshape((height * width, len(anchors), columns), name=f"yolo_{layer.index}")(x)
    # With new_coords the convolution before has done the sigmoid.
    values, sizes = (x, ops.square(x)) if layer.new_coords else (ops.sigmoid(x), ops.exp(x))
    x = ops.where(size, sizes, values) * scale + offset
    return layers.Reshape((height * width * len(anchors), columns))(x)  # rows by y, x, anchor


ACTIVATIONS = {
    "linear": lambda x: x,
    "leaky": lambda x: ops.leaky_relu(x, LEAKY_SLOPE),
    "relu": ops.relu,
    "relu6": ops.relu6,
    "swish": ops.silu,
    "mish": lambda x: x * ops.tanh(ops.softplus(x)),
    "logistic": ops.sigmoid,
}
BLOCKS = {
    "convolutional": _convolutional,
    "shortcut": _shortcut,
    "route": _route,
    "upsample": _upsample,
    "maxpool": _maxpool,
    "dropout": _dropout,
}
