"""ImageNet networks of keras.applications as parts of others: what they eat, and where their weights come from."""

import re

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
MIN_SIZE = 32  # pixels
MIN_SIZES = {"Xception": 71}


def backbone(name, size):
    """A network of keras.applications without its classifier, with random weights: (B, size, size, 3) -> (B, D), mean over places.

    `name` is a key of `PREPROCESSING`. It is the `keras.Model` that `keras.applications` gives, named in small letters.
    Raises InputError for a size it cannot do.
    """
    smallest = MIN_SIZES.get(name, MIN_SIZE)
    if size < smallest:
        raise InputError(f"--size {size} is too small for {name}; it needs {smallest} pixels")
    return _application(name, size, None)


def normalise(x, name):
    """Pictures (…, 3) uint8 RGB as the backbone `name` was trained on them, float."""
    if PREPROCESSING[name] == "caffe":
        x = layers.Rescaling(1.0, [-mean for mean in IMAGENET_MEAN], name="normalise")(x)
        return ops.flip(x, axis=-1)
    scale, offset = (1 / 127.5, -1.0) if PREPROCESSING[name] == "tf" else (1.0, 0.0)
    return layers.Rescaling(scale, offset, name="normalise")(x)


def pretrain(network, name, source):
    """Give a backbone its starting weights.

    Args:
        network: what `backbone` returned, or the like of it; changed.
        name: its name, a key of `PREPROCESSING`.
        source: "imagenet" (fetched once, then from Keras' own cache, ~/.keras/models), "none" (they stay random), or a
            file of this network: the .h5 that keras.applications fetches ("notop"), a .weights.h5 or a .keras.

    Raises InputError where the weights cannot be had or do not fit.
    """
    if source == "none":
        return
    if source == "imagenet":
        network.set_weights(imagenet(name, network.input_shape[1]).get_weights())
        return
    _, new = start_from(network, source)
    if new:
        raise InputError(f"--pretrained {source}: not the weights of {name} without its classifier; it lacks {new[0]}")


def imagenet(name, size):
    """A network of keras.applications without its classifier, with its ImageNet weights. InputError where they cannot be fetched."""
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


def _application(name, size, weights):
    return getattr(keras.applications, name)(
        include_top=False, weights=weights, input_shape=(size, size, 3), pooling="avg", name=name.lower()
    )
