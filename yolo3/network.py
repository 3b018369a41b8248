"""A Darknet network as a Keras model, from Keras layers and operations only."""

import keras
import numpy as np
from keras import layers, ops

from yolo3.weights import EPSILON

LEAKY_SLOPE = 0.1  # Darknet's, fixed
NORMALISATION_MOMENTUM = 0.97  # of the running mean and variance, per step


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
    pairs, _ = _walk(cfg, _scale(picture), _convolutional)
    heads = [_yolo(layer, x, cfg) for layer, x in pairs]
    model = keras.Model(picture, _joined(heads), name="darknet")
    load(model, weights or {})
    return model


def load(model, weights):
    """Put what `yolo3.weights.read` returned into a network of `build`."""
    for index, values in weights.items():
        convolution = model.get_layer(f"convolutional_{index}")
        convolution.set_weights([value.reshape(now.shape) for value, now in zip(values, convolution.weights, strict=True)])


def build_trainable(cfg, taps=(), led=False):
    """The same network for training: batch normalisation is a layer of its own, heads are not decoded, weights are random.

    Args:
        cfg: what `yolo3.cfg.read` returned.
        taps: indices of layers whose outputs are wanted too.
        led: whether the layers after a tap read an input of the model instead of the tapped layer's output.

    Returns:
        keras.Model. Input "rgb" (B, H, W, 3) uint8, RGB, of any sides that the network's largest stride divides; if `led`, a
        list of that and of what stands in for every tap. Output (B, boxes, 5 + classes) float32: the rows and columns of `build`,
        as the last convolutions gave them; with `taps` a list of that and of their outputs. Convolution N of the .cfg is the
        layer "convolutional_N", its batch normalisation "normalisation_N".
    """
    picture = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    shapes = {layer.index: layer.shape for layer in cfg.layers}
    leads = {tap: keras.Input((None, None, shapes[tap][2]), name=f"lead_{tap}") for tap in taps} if led else {}
    scaled = layers.Rescaling(1 / 255, name="scaling")(picture)
    pairs, outputs = _walk(cfg, scaled, _trainable_convolutional, leads)
    rows = _joined(_raw_rows(pairs))
    inputs = [picture, *leads.values()] if led else picture
    return keras.Model(inputs, [rows, *(outputs[tap] for tap in taps)] if taps else rows, name="darknet_training")


def build_taps(cfg, weights, taps):
    """The network of `build` without decoding, for pictures of any size as `build_trainable` takes them, and outputs of its layers.

    Returns:
        keras.Model, not trainable: "rgb" -> list of the rows as `build_trainable` gives them and of the outputs of the layers `taps`.
    """
    picture = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    pairs, outputs = _walk(cfg, layers.Rescaling(1 / 255, name="scaling")(picture), _convolutional)
    model = keras.Model(picture, [_joined(_raw_rows(pairs)), *(outputs[tap] for tap in taps)], name="darknet_taps")
    load(model, weights)
    model.trainable = False
    return model


def _raw_rows(pairs):
    return [layers.Reshape((-1, 5 + layer.classes), dtype="float32", name=f"yolo_{layer.index}")(x) for layer, x in pairs]


def _walk(cfg, x, convolutional, leads=None):
    """(layer, input) of every [yolo] layer, from the scaled picture, and the outputs of all others by index.

    `convolutional` builds that kind of layer. Where `leads` has an index, later layers read that instead of the output.
    """
    outputs, heads, leads = {-1: x}, [], leads or {}
    for layer in cfg.layers:
        inputs = [leads[source] if source in leads else outputs[source] for source in layer.sources]
        if layer.kind == "yolo":
            heads.append((layer, inputs[0]))
        else:
            block = convolutional if layer.kind == "convolutional" else BLOCKS[layer.kind]
            outputs[layer.index] = block(layer, *inputs)
    return heads, outputs


def _joined(heads):
    return layers.Concatenate(axis=1, dtype="float32", name="boxes")(heads) if len(heads) > 1 else heads[0]


def _scale(picture):
    # Flat, because OpenVINO else moves its change to channels-first before the scaling, where it costs a tenth of a small network.
    flat = layers.Rescaling(1 / 255, name="scaling")(layers.Flatten()(picture))
    return layers.Reshape(picture.shape[1:])(flat)


def _convolutional(layer, x):
    return _activate(layer, _convolve(layer, x, "zeros"))


def _trainable_convolutional(layer, x):
    # He et al. 2015 (arXiv 1502.01852): every layer keeps the size of the signal, also with leaky activations.
    x = _convolve(layer, x, "he_normal", use_bias=not layer.batch_normalize)
    if layer.batch_normalize:
        normalise = layers.BatchNormalization(momentum=NORMALISATION_MOMENTUM, epsilon=EPSILON, name=f"normalisation_{layer.index}")
        x = normalise(x)
    return _activate(layer, x)


def _convolve(layer, x, initializer, use_bias=True):
    padding = "valid"
    if layer.stride == 1 and 2 * layer.padding == layer.size - 1:
        padding = "same"
    elif layer.padding:
        # "same" with a stride would put the odd pixel of padding after the picture, Darknet puts it before.
        x = layers.ZeroPadding2D(layer.padding)(x)
    options = {"strides": layer.stride, "padding": padding, "use_bias": use_bias, "name": f"convolutional_{layer.index}"}
    if layer.groups == layer.inputs > 1:
        multiplier = layer.filters // layer.groups
        return layers.DepthwiseConv2D(layer.size, depth_multiplier=multiplier, depthwise_initializer=initializer, **options)(x)
    return layers.Conv2D(layer.filters, layer.size, groups=layer.groups, kernel_initializer=initializer, **options)(x)


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
    "shortcut": _shortcut,
    "route": _route,
    "upsample": _upsample,
    "maxpool": _maxpool,
    "dropout": _dropout,
}
