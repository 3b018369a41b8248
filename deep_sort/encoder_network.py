"""The network that turns the picture of a person into a vector of how the person looks."""

from keras import Model, layers

from deep_sort.encoder_data import HEIGHT, WIDTH

DIM = 128  # as the DeepSORT paper has it
STRIPES = 3

# Channels of the residual stages, each of which halves height and width, and how many blocks each has.
STAGES = ((64, 1), (96, 2), (128, 1))


def person_encoder():
    """A small residual network with dense 3×3 convolutions and pooling by stripes.

    Residual blocks as in He et al. 2016 (https://arxiv.org/abs/1512.03385, basic block); the last feature map is averaged over three
    horizontal stripes, head and shoulders, hips, legs, that go into the vector side by side, after PCB (Sun et al. 2018,
    https://arxiv.org/abs/1711.09349): a red shirt over blue trousers is not a blue shirt over red ones. PCB trains a
    classifier for each stripe; here one linear layer joins them.

    Input: `picture` (B, 96, 48, 3) uint8 BGR, a person's box stretched to that size. Output: `features` (B, 128) float32 of
    length 1. 692,832 parameters, 41 million multiply-adds.
    """
    picture = layers.Input((HEIGHT, WIDTH, 3), dtype="uint8", name="picture")
    x = layers.Rescaling(1 / 64, offset=-2.0, name="normalise")(picture)  # about -2 to 2
    x = _convolution(x, 32, 3, 2)  # (B, 48, 24, 32)
    for channels, blocks in STAGES:
        for block in range(blocks):
            x = _residual(x, channels, 1 if block else 2)
    x = layers.AveragePooling2D((x.shape[1] // STRIPES, x.shape[2]), name="stripes")(x)  # (B, 3, 1, 128)
    x = layers.Flatten()(x)
    x = layers.Dense(DIM, use_bias=False, name="join")(x)
    x = layers.BatchNormalization(name="centre")(x)  # so that cosines of strangers are spread about 0
    return Model(picture, layers.UnitNormalization(dtype="float32", name="features")(x), name="person_encoder")


def _convolution(x, channels, size, stride, relu=True):
    x = layers.Conv2D(channels, size, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if relu else x


def _residual(x, channels, stride):
    shortcut = x if stride == 1 else _convolution(x, channels, 1, stride, relu=False)
    x = _convolution(x, channels, 3, stride)
    x = _convolution(x, channels, 3, 1, relu=False)
    return layers.ReLU()(layers.Add()([x, shortcut]))
