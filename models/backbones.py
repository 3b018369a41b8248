"""ImageNet networks of keras.applications as parts of others: what they eat, and where their weights come from."""

import re
import warnings

import h5py
import keras
from keras import layers, ops

from common.errors import InputError
from models.transfer import start_from

# What each network was trained on: "caffe" B, G, R less the mean of ImageNet; "tf" -1 … 1; "own": it scales 0 … 255 itself.
PREPROCESSING = {
    "ResNet152": "caffe",
    "ResNet50": "caffe",
    "VGG19": "caffe",
    "Xception": "tf",
    "MobileNet": "tf",
    "MobileNetV2": "tf",
    "MobileNetV3Small": "own",
    "EfficientNetV2B0": "own",
}
IMAGENET_MEAN = (123.68, 116.779, 103.939)  # R, G, B; the constants of the Caffe models
NO_MOTION = 128  # see `models.CHANNELS`
MIN_SIZE = 32  # pixels
MIN_SIZES = {"Xception": 71}


def backbone(name, size, channels=3):
    """A network of keras.applications without its classifier, with random weights: (B, size, size, channels) -> (B, D), mean over places.

    `name` is a key of `PREPROCESSING`. It is the `keras.Model` that `keras.applications` gives, named in small letters.
    Raises InputError for a size it cannot do.
    """
    smallest = MIN_SIZES.get(name, MIN_SIZE)
    if size < smallest:
        raise InputError(f"--size {size} is too small for {name}; it needs {smallest} pixels")
    return _application(name, size, None, channels)


def normalise(x, name, stream="rgb"):
    """Pictures (…, C) uint8 in the range that the backbone `name` was trained on, float: colours R, G, B, or flow about 0 = no motion.

    Networks that scale 0 … 255 themselves take no motion for 0 within 0.004.
    """
    kind = PREPROCESSING[name]
    if kind == "caffe" and stream == "rgb":
        x = layers.Rescaling(1.0, [-mean for mean in IMAGENET_MEAN], name="normalise")(x)
        return ops.flip(x, axis=-1)
    zero = NO_MOTION if stream == "flow" else 127.5
    scale = {"caffe": 1.0, "tf": 1 / 127.5, "own": 1.0}[kind]
    return layers.Rescaling(scale, 0.0 if kind == "own" else -zero * scale, name="normalise")(x)


def pretrain(network, name, source):
    """Give a backbone its starting weights.

    One that eats other than three channels gets them by `cross_modality`.

    Args:
        network: what `backbone` returned, or the like of it; changed.
        name: its name, a key of `PREPROCESSING`.
        source: "imagenet" (fetched once, then from Keras' own cache, ~/.keras/models), "none" (they stay random), or a
            file of this network for colours: the .h5 that keras.applications fetches ("notop"), a .weights.h5 or a .keras.

    Raises InputError where the weights cannot be had or do not fit.
    """
    if source == "none":
        return
    size, channels = network.input_shape[1], network.input_shape[-1]
    colours = network if channels == 3 else _application(name, size, None)
    if source == "imagenet":
        colours.set_weights(_imagenet(name, size).get_weights())
    elif not _read_in_order(colours, source):
        _, new = start_from(colours, source)
        if new:
            raise InputError(f"--pretrained {source}: not the weights of {name} without its classifier; it lacks {new[0]}")
    if colours is not network:
        cross_modality(network, colours)


def cross_modality(network, colours):
    """Give `network` the weights of `colours`, the same backbone for three channels; only the first convolution differs.

    Its filters are those for R, G and B averaged, and that average for each channel (Wang et al., arXiv 1507.02159): what finds an
    edge in colours finds one in the flow.
    """
    pairs = zip(_with_kernels(network), _with_kernels(colours), strict=True)
    for i, (layer, source) in enumerate(pairs):
        arrays = source.get_weights()
        if i == 0:
            kernel = arrays[0].mean(axis=2, keepdims=True)  # (height, width, 1, filters)
            arrays[0] = kernel.repeat(network.input_shape[-1], axis=2)
        layer.set_weights(arrays)


def _with_kernels(network):
    """Layers with weights, in order; not the statistics of colours that some networks begin with."""
    return [layer for layer in network.layers if layer.weights and not isinstance(layer, layers.Normalization)]


def _read_in_order(network, path):
    """Whether `path` is an .h5 as keras.applications fetches them and fits; then `network` has its weights.

    They go by order: some layers of Xception are called in such a file what Keras happened to number them.
    """
    if not str(path).endswith(".h5") or str(path).endswith(".weights.h5") or not h5py.is_hdf5(path):
        return False
    try:
        network.load_weights(path)
    except (ValueError, KeyError):
        return False
    return True


def _imagenet(name, size):
    try:
        return _application(name, size, "imagenet")
    except Exception as error:  # Keras raises a bare Exception where a download fails
        address = re.search(r"https?://\S+?\.h5", str(error))
        if not address:
            raise
        raise InputError(
            f"the ImageNet weights of {name} cannot be fetched; on a computer with internet fetch {address[0]} and give it with "
            f"--pretrained FILE or put it into ~/.keras/models, or start without: --pretrained none"
        ) from None


def _application(name, size, weights, channels=3):
    with warnings.catch_warnings(action="ignore"):  # of another number of channels than usual
        builder = getattr(keras.applications, name)
        network = builder(include_top=False, weights=weights, input_shape=(size, size, channels), pooling="avg")
    network.name = name.lower()  # EfficientNet can be built under its own name only
    # Keras numbers the four shortcuts of Xception on through a process; weights go by name.
    for kind, numbered, end in ((layers.Conv2D, "conv2d(_[0-9]+)?", "conv"), (layers.BatchNormalization, "batch_norm.*?(_[0-9]+)?", "bn")):
        unnamed = (layer for layer in network.layers if type(layer) is kind and re.fullmatch(numbered, layer.name))
        for i, layer in enumerate(unnamed, 1):
            layer.name = f"shortcut_{i}_{end}"
    return network
