"""Long-term recurrent convolutional network (LRCN)."""

import keras
from keras import layers, ops

from models import CHANNELS
from models.backbones import backbone as image_network
from models.backbones import normalise


def lrcn(
    num_class, stream="rgb", frames=5, size=224,
    backbone="ResNet152", latent_dim=512, lstm_layers=2, hidden_size=256, bidirectional=True, train_backbone=False,
):  # fmt: skip
    """Long-term recurrent convolutional network (Donahue et al., arXiv 1411.4389) over an image network.

    Every frame goes through an ImageNet network; a linear layer narrows what comes out; LSTM layers read the frames in order,
    and the classifier sees what the last of them gives at the last step.

    Args:
        num_class: number of classes.
        stream: "rgb"; there is none for flow.
        frames: frames of a clip, at least 1.
        size: height and width in pixels; at least 32, 71 for Xception.
        backbone: a key of `models.backbones.PREPROCESSING`. Its weights are random here, see `models.backbones.pretrain`.
        latent_dim: width of the linear layer.
        lstm_layers: how many LSTM layers, at least 1.
        hidden_size: units of an LSTM, in each direction.
        bidirectional: whether each layer reads the clip backwards too.
        train_backbone: whether the image network learns too. It has to, where it starts from random weights.

    Returns:
        an uncompiled `keras.Model`: {"rgb": uint8 (B, frames, size, size, 3)} -> probabilities (B, num_class) float32.
        Layer "embedding" gives the frames' embeddings (B, frames, D), D = 2048 for ResNet152; up to there nothing learns unless
        `train_backbone`. "logits" holds the scores before softmax. Beside the 58,370,944 weights of ResNet152 there are
        4,198,912 with the other defaults, without the classifier's 513 per class.

    Deviations: the paper's image network is CaffeNet and is fine-tuned, its LSTM has one layer and answers are averaged over
    the steps. This is the form in which the network is used on UCF-101 in PyTorch: ResNet-152, frozen, two bidirectional layers.
    """
    clip = keras.Input((frames, size, size, CHANNELS[stream]), dtype="uint8", name=stream)
    images = image_network(backbone, size)
    images.trainable = train_backbone
    x = ops.reshape(clip, (-1, size, size, CHANNELS[stream]))  # (B · frames, size, size, 3)
    x = images(normalise(x, backbone))
    x = ops.reshape(x, (-1, frames, images.output_shape[-1]))
    x = layers.Activation("linear", dtype="float32", name="embedding")(x)  # (B, frames, D)
    return keras.Model({stream: clip}, head(x, num_class, latent_dim, lstm_layers, hidden_size, bidirectional), name="lrcn")


def head(x, num_class, latent_dim=512, lstm_layers=2, hidden_size=256, bidirectional=True):
    """Probabilities (B, num_class) from embeddings (B, frames, D), see `lrcn`. Computes what PyTorch's Linear and LSTM do."""
    x = layers.Dense(latent_dim, name="latent")(x)  # (B, frames, latent_dim)
    for i in range(1, lstm_layers + 1):
        # OpenVINO converts no loop of Keras', so the steps are written out.
        lstm = layers.LSTM(hidden_size, return_sequences=True, unroll=True, name=f"lstm_{i}")
        x = layers.Bidirectional(lstm, name=f"bilstm_{i}")(x) if bidirectional else lstm(x)
    logits = layers.Dense(num_class, dtype="float32", name="logits")(x[:, -1])
    return layers.Softmax(name="probabilities", dtype="float32")(logits)
