"""The published pose network: which variables of its TensorFlow checkpoint our `models.human_pose` is made of.

Its program (github.com/marian-margeta/gait-recognition, human_pose_nn.py) is written with tf-slim: convolutions have no bias where a
batch norm follows, batch norms have no scale. Our layers have slim's names, with dashes for slashes.
"""

from keras import layers

from models.human_pose import human_pose
from models.imports import Weight, files
from models.imports.fill import fill
from models.transfer import leaves

LAYOUT = "mpii16"
TRUNK, SCORING = "InceptionResnetV2", "NewInceptionResnetV2/AuxiliaryScoring"
NORM_VALUES = ("beta", "moving_mean", "moving_variance")
LEFT_BY_TRAINING = ("/RMSProp", "/RMSProp_1", "/Adam", "/Adam_1", "/Momentum", "/ExponentialMovingAverage")


def load(path):
    """The `human_pose` in a published checkpoint. Raises InputError where the file cannot be read or does not hold this network."""
    tensors = files.read_tensorflow(path)
    model = human_pose(layout=LAYOUT)
    fill(model, plan(model), tensors, path, new_classifier=None, is_ignored=is_ignored)
    return model


def plan(model):
    """Plan for the checkpoint; see `models.imports`."""
    return {name: _plan_of(layer, _slim_name(name)) for name, layer in leaves(model).items()}


def is_ignored(name):
    """What training leaves behind: the counter of steps, and what optimizers keep below a variable's name."""
    return name.endswith("global_step") or name.endswith(LEFT_BY_TRAINING)


def _slim_name(name):
    name = name.removeprefix("trunk/")
    return f"{SCORING}/{name}" if name in ("Scoring_layer", "Upsampling_layer") else f"{TRUNK}/{name.replace('-', '/')}"


def _plan_of(layer, name):
    if isinstance(layer, layers.BatchNormalization):
        return [Weight({f"{name}/{part}": tuple(layer.moving_mean.shape)}) for part in NORM_VALUES]
    weights = [Weight({f"{name}/weights": tuple(layer.kernel.shape)})]
    return [*weights, Weight({f"{name}/biases": tuple(layer.bias.shape)})] if layer.use_bias else weights
