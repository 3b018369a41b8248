"""The published pose network in plain TensorFlow operations, with random weights under the published names.

    PYTHONPATH=tests python tests/parity/tensorflow_human_pose.py     -> tests/golden/tensorflow_human_pose.npz

It is written after the published graph alone (github.com/marian-margeta/gait-recognition: human_pose_nn.py, class
HumanPoseIRNetwork, and inception_resnet_v2.py) and shares nothing with models/: what the import makes of the same weights must give the
same features, heat maps and joints. The names are those that tf-slim gives the variables: slim.repeat opens a scope Repeat, then
Repeat_1, and numbers the blocks within from 1. The golden file holds the features (n, n, 32), the heat maps (h, h, 16) at every
eighth pixel, and the joints (16, 3): x and y of the highest pixel and the highest value.
"""

from pathlib import Path

import numpy as np
from named_tensors import generator, kernel, values

GOLDEN = Path(__file__).parents[1] / "golden" / "tensorflow_human_pose.npz"
SIZE = 107  # 5×5 places and heat maps of 85×85; odd at every stage, where padding matters most
EVERY = 8
TRUNK, SCORING = "InceptionResnetV2", "NewInceptionResnetV2/AuxiliaryScoring"


def picture():
    """A uint8 picture (1, SIZE, SIZE, 3): noise, coarse enough that something of it is left after the reductions."""
    coarse = generator("picture").randint(0, 256, (1, 14, 14, 3)).repeat(8, 1).repeat(8, 2)
    return coarse[:, :SIZE, :SIZE].astype(np.uint8)


class Published:
    """The published graph. `take(name, shape)` gives each variable; `names` lists those that were asked for with their shapes."""

    def __init__(self, take):
        self._take, self.names = take, {}

    def variable(self, name, shape):
        self.names[name] = shape
        return self._take(name, shape)

    def unit(self, x, scope, filters, height, width, stride=1, padding="SAME"):
        """slim.conv2d with batch norm (no scale, epsilon 0.001) and ReLU."""
        import tensorflow as tf

        x = tf.nn.conv2d(x, self.variable(f"{scope}/weights", (height, width, x.shape[-1], filters)), stride, padding)
        beta, mean, variance = (
            self.variable(f"{scope}/BatchNorm/{part}", (filters,)) for part in ("beta", "moving_mean", "moving_variance")
        )
        return tf.nn.relu(tf.nn.batch_normalization(x, mean, variance, beta, None, 0.001))

    def biased(self, x, scope, filters):
        """A 1×1 convolution with a bias and nothing after it."""
        import tensorflow as tf

        x = tf.nn.conv2d(x, self.variable(f"{scope}/weights", (1, 1, x.shape[-1], filters)), 1, "SAME")
        return x + self.variable(f"{scope}/biases", (filters,))

    def block35(self, x, scope):
        import tensorflow as tf

        a = self.unit(x, f"{scope}/Branch_0/Conv2d_1x1", 32, 1, 1)
        b = self.unit(x, f"{scope}/Branch_1/Conv2d_0a_1x1", 32, 1, 1)
        b = self.unit(b, f"{scope}/Branch_1/Conv2d_0b_3x3", 32, 3, 3)
        c = self.unit(x, f"{scope}/Branch_2/Conv2d_0a_1x1", 32, 1, 1)
        c = self.unit(c, f"{scope}/Branch_2/Conv2d_0b_3x3", 48, 3, 3)
        c = self.unit(c, f"{scope}/Branch_2/Conv2d_0c_3x3", 64, 3, 3)
        return tf.nn.relu(x + 0.17 * self.biased(tf.concat([a, b, c], 3), f"{scope}/Conv2d_1x1", 320))

    def block17(self, x, scope):
        import tensorflow as tf

        a = self.unit(x, f"{scope}/Branch_0/Conv2d_1x1", 192, 1, 1)
        b = self.unit(x, f"{scope}/Branch_1/Conv2d_0a_1x1", 128, 1, 1)
        b = self.unit(b, f"{scope}/Branch_1/Conv2d_0b_1x7", 160, 1, 7)
        b = self.unit(b, f"{scope}/Branch_1/Conv2d_0c_7x1", 192, 7, 1)
        return tf.nn.relu(x + 0.1 * self.biased(tf.concat([a, b], 3), f"{scope}/Conv2d_1x1", 1088))

    def features(self, pictures):
        """The spatial features of pictures 0 … 255."""
        import tensorflow as tf

        x = (tf.cast(pictures, tf.float32) / 255 - 0.5) * 2
        x = self.unit(x, f"{TRUNK}/Conv2d_1a_3x3", 32, 3, 3, 2, "VALID")
        x = self.unit(x, f"{TRUNK}/Conv2d_2a_3x3", 32, 3, 3, 1, "VALID")
        x = self.unit(x, f"{TRUNK}/Conv2d_2b_3x3", 64, 3, 3)
        x = tf.nn.max_pool2d(x, 3, 2, "VALID")
        x = self.unit(x, f"{TRUNK}/Conv2d_3b_1x1", 80, 1, 1, 1, "VALID")
        x = self.unit(x, f"{TRUNK}/Conv2d_4a_3x3", 192, 3, 3, 1, "VALID")
        x = tf.nn.max_pool2d(x, 3, 2, "VALID")
        scope = f"{TRUNK}/Mixed_5b"
        a = self.unit(x, f"{scope}/Branch_0/Conv2d_1x1", 96, 1, 1)
        b = self.unit(x, f"{scope}/Branch_1/Conv2d_0a_1x1", 48, 1, 1)
        b = self.unit(b, f"{scope}/Branch_1/Conv2d_0b_5x5", 64, 5, 5)
        c = self.unit(x, f"{scope}/Branch_2/Conv2d_0a_1x1", 64, 1, 1)
        c = self.unit(c, f"{scope}/Branch_2/Conv2d_0b_3x3", 96, 3, 3)
        c = self.unit(c, f"{scope}/Branch_2/Conv2d_0c_3x3", 96, 3, 3)
        d = self.unit(tf.nn.avg_pool2d(x, 3, 1, "SAME"), f"{scope}/Branch_3/Conv2d_0b_1x1", 64, 1, 1)
        x = tf.concat([a, b, c, d], 3)
        for i in range(1, 11):
            x = self.block35(x, f"{TRUNK}/Repeat/block35_{i}")
        scope = f"{TRUNK}/Mixed_6a"
        a = self.unit(x, f"{scope}/Branch_0/Conv2d_1a_3x3", 384, 3, 3, 2, "VALID")
        b = self.unit(x, f"{scope}/Branch_1/Conv2d_0a_1x1", 256, 1, 1)
        b = self.unit(b, f"{scope}/Branch_1/Conv2d_0b_3x3", 256, 3, 3)
        b = self.unit(b, f"{scope}/Branch_1/Conv2d_1a_3x3", 384, 3, 3, 2, "VALID")
        x = tf.concat([a, b, tf.nn.max_pool2d(x, 3, 2, "VALID")], 3)
        for i in range(1, 21):
            x = self.block17(x, f"{TRUNK}/Repeat_1/block17_{i}")
        x = tf.nn.avg_pool2d(x, 5, 1, "SAME")
        x = self.unit(x, f"{TRUNK}/AuxLogits/Conv2d_1b_1x1", 128, 1, 1)
        x = self.unit(x, f"{TRUNK}/AuxLogits/Conv2d_2a_5x5", 768, 5, 5)
        return self.biased(x, f"{SCORING}/Scoring_layer", 32)

    def heat_maps(self, features):
        """Sigmoid heat maps of the 16 joints."""
        import tensorflow as tf

        count, height, width, _ = features.shape
        weights = self.variable(f"{SCORING}/Upsampling_layer/weights", (17, 17, 16, 32))
        x = tf.nn.conv2d_transpose(features, weights, (count, 17 * height, 17 * width, 16), 17, "VALID")
        x = x + self.variable(f"{SCORING}/Upsampling_layer/biases", (16,))
        return tf.sigmoid(smoothed(x, 21, 1.0, 0.2))


def smoothed(maps, size, deviation, total):
    """Each map convolved with a Gaussian whose `size` values lie from -2 to 2 and sum to `total`."""
    import tensorflow as tf
    from scipy.stats import norm

    line = norm.pdf(np.linspace(-2, 2, size), 0, deviation)
    line = np.tile((line / line.sum() * total**0.5).reshape(1, -1, 1, 1), (1, 1, 16, 1)).astype(np.float32)
    maps = tf.nn.depthwise_conv2d(maps, line, [1, 1, 1, 1], "SAME")
    return tf.nn.depthwise_conv2d(maps, line.transpose(1, 0, 2, 3), [1, 1, 1, 1], "SAME")


def joints(maps):
    """(B, 16, 3): x and y of each map's highest pixel, smoothed, and the highest value before."""
    smooth = smoothed(maps, 15, 0.7, 1.0).numpy()
    x, y = smooth.max(1).argmax(1), smooth.max(2).argmax(1)
    return np.stack([x, y, maps.numpy().max((1, 2))], -1)


def tensor(name, shape):
    """A variable's random value. The detectors have larger ones: heat maps come near 0 and 1, and each has one highest place."""
    if not name.endswith("/weights"):
        return values(name, shape)
    return kernel(name, shape, 1 if "Upsampling" in name else np.prod(shape[:3]))


def tensors(shapes):
    """{name: random value} of the variables in `shapes`, {name: shape}."""
    return {name: tensor(name, shape) for name, shape in shapes.items()}


def shapes():
    """{name: shape} of all variables, as the graph asks for them."""
    with np.load(GOLDEN) as file:
        return {str(name): tuple(int(side) for side in shape if side) for name, shape in zip(file["names"], file["shapes"], strict=True)}


if __name__ == "__main__":
    network = Published(tensor)
    features = network.features(picture())
    maps = network.heat_maps(features)
    table = np.array([(*shape, *[0] * (4 - len(shape))) for shape in network.names.values()])
    np.savez_compressed(
        GOLDEN,
        features=features[0],
        maps=maps[0, ::EVERY, ::EVERY],
        joints=joints(maps)[0],
        names=np.array(list(network.names)),
        shapes=table,
    )
    print(f"{GOLDEN}: {len(network.names)} variables; features {np.std(features):.3g}, maps {np.min(maps):.3f} to {np.max(maps):.3f}")
    print(joints(maps)[0].round(3))
