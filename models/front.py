"""A network in two parts: the front, which never learns, and the head, which does."""

import hashlib
import re

import keras


def cut(model, name):
    """A network cut behind the layer `name`: (front, head), which share the layers and weights of `model`.

    The front maps the network's inputs to what that layer gives, the head {name: that} to the network's output.
    """
    between = model.get_layer(name).output
    front = keras.Model(model.input, between, name=f"{model.name}_front")
    between.name = name  # Keras wants a key of a dict of inputs to be the tensor's name
    return front, keras.Model({name: between}, model.output, name=f"{model.name}_head")


def digest(model):
    """Hexadecimal SHA-256 of a network's architecture and weights."""
    # Keras numbers the layers that have no name of their own as they come in a process.
    found = hashlib.sha256(re.sub(r'_[0-9]+(CLONE)?"', '"', model.to_json()).encode())
    for array in model.get_weights():
        found.update(array.tobytes())
    return found.hexdigest()
