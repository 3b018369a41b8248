from pathlib import Path

import keras
import numpy as np
import pytest

import models
from common.errors import InputError
from models import backbones
from models.front import cut, digest
from models.lrcn import head, lrcn

GOLDEN = Path(__file__).parents[1] / "golden" / "pytorch_lrcn.npz"
SMALL = {"backbone": "MobileNet", "latent_dim": 16, "hidden_size": 8}


@pytest.fixture(scope="module")
def small():
    """A small network whose embeddings differ from frame to frame, and two clips."""
    keras.utils.set_random_seed(0)
    model = lrcn(3, frames=4, size=32, **SMALL)
    for weight in model.get_layer("mobilenet").weights:
        if weight.path.endswith("moving_variance"):
            weight.assign(weight * 0.02)
    clips = np.random.default_rng(0).integers(0, 256, (2, 4, 32, 32, 3), dtype=np.uint8)
    return model, {"rgb": clips}


def torch_to_keras(golden, i, reverse):
    """Keras' weights of one direction of layer i: PyTorch's gates come in the same order (i, f, g, o), with two biases to be added."""
    end = f"l{i}{'_reverse' if reverse else ''}"
    bias = golden[f"lstm.bias_ih_{end}"] + golden[f"lstm.bias_hh_{end}"]
    return [golden[f"lstm.weight_ih_{end}"].T, golden[f"lstm.weight_hh_{end}"].T, bias]


def test_equals_pytorch():
    with np.load(GOLDEN, allow_pickle=False) as file:
        golden = dict(file)
    embeddings, expected = golden["embeddings"], golden["probabilities"]
    x = keras.Input(embeddings.shape[1:])
    model = keras.Model(x, head(x, expected.shape[1], golden["latent.weight"].shape[0], 2, golden["lstm.weight_hh_l0"].shape[1]))
    for name in ("latent", "logits"):
        model.get_layer(name).set_weights([golden[f"{name}.weight"].T, golden[f"{name}.bias"]])
    for i in (0, 1):
        model.get_layer(f"bilstm_{i + 1}").set_weights([*torch_to_keras(golden, i, False), *torch_to_keras(golden, i, True)])
    assert np.ptp(expected, axis=0).max() > 0.05  # so that the tolerance means something
    np.testing.assert_allclose(model(embeddings), expected, atol=1e-6)


def test_published_size():
    """Counted by hand: 2048·512 + 512 for the linear layer, 2·4·256·(512 + 256 + 1) for each bidirectional layer."""
    x = keras.Input((5, 2048))
    model = keras.Model(x, head(x, 101))
    assert model.count_params() == 2048 * 512 + 512 + 2 * (2 * 4 * 256 * (512 + 256 + 1)) + 513 * 101


def test_cut_parts_share_weights_and_compute_the_whole(small):
    model, clips = small
    front, top = cut(model, "embedding")
    assert front.trainable_variables == [] and len(top.trainable_variables) == len(model.trainable_variables) == 16
    embeddings = np.asarray(front(clips))
    assert np.ptp(embeddings, axis=(0, 1)).max() > 0.01
    np.testing.assert_allclose(top({"embedding": embeddings}), model(clips), atol=1e-6)


def test_digest_follows_the_weights(small):
    front = cut(small[0], "embedding")[0]
    before = digest(front)
    assert digest(front) == before
    kernel = front.get_layer("mobilenet").weights[0]
    kept = np.array(kernel)
    kernel.assign(kept + 1e-6)
    assert digest(front) != before
    kernel.assign(kept)
    assert digest(front) == before
    again = lrcn(3, frames=4, size=32, **SMALL)
    again.set_weights(small[0].get_weights())
    assert digest(cut(again, "embedding")[0]) == before


def test_the_backbone_may_learn():
    model = lrcn(3, frames=2, size=32, **SMALL, train_backbone=True)
    assert cut(model, "embedding")[0].trainable_variables


def test_options_reach_the_network():
    model = models.build("lrcn", 3, frames=2, size=32, options=SMALL | {"lstm_layers": 3, "bidirectional": False})
    assert [layer.name for layer in model.layers if "lstm" in layer.name] == ["lstm_1", "lstm_2", "lstm_3"]
    assert model.get_layer("lstm_3").output.shape == (None, 2, 8)


@pytest.mark.parametrize(
    ("name", "module"), [("ResNet50", "resnet"), ("VGG19", "vgg19"), ("MobileNetV2", "mobilenet_v2"), ("Xception", "xception")]
)
def test_pictures_are_prepared_as_keras_does(name, module):
    pictures = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), dtype=np.uint8)
    x = keras.Input((4, 4, 3), dtype="uint8")
    ours = keras.Model(x, backbones.normalise(x, name))(pictures)
    np.testing.assert_allclose(ours, getattr(keras.applications, module).preprocess_input(pictures.astype(np.float32)), atol=1e-4)


def test_every_backbone_but_ours_is_one_of_keras():
    assert tuple(backbones.PREPROCESSING) == models.BACKBONES
    assert [name for name in models.BACKBONES if not hasattr(keras.applications, name)] == ["Small"]
    assert backbones.backbone("Small", 64).count_params() == 392_416
    with pytest.raises(InputError, match="--size 64 is too small for Xception; it needs 71 pixels"):
        backbones.backbone("Xception", 64)


def test_pretrained_file(tmp_path):
    source, target = backbones.backbone("MobileNet", 32), backbones.backbone("MobileNet", 64)
    source.save_weights(tmp_path / "mobile.weights.h5")
    backbones.pretrain(target, "MobileNet", str(tmp_path / "mobile.weights.h5"))
    assert all((a == b).all() for a, b in zip(source.get_weights(), target.get_weights(), strict=True))
    with pytest.raises(InputError, match=r"nowhere.h5: no such run or weights file"):
        backbones.pretrain(target, "MobileNet", "nowhere.h5")
    with pytest.raises(InputError, match="no layer in it fits vgg19"):
        backbones.pretrain(backbones.backbone("VGG19", 32), "VGG19", str(tmp_path / "mobile.weights.h5"))


def test_imagenet_without_internet_says_what_to_do(monkeypatch):
    def fail(*args, **options):
        raise Exception("URL fetch failure on https://storage.googleapis.com/x/mobilenet_1_0_224_tf_no_top.h5: None -- refused")

    network = backbones.backbone("MobileNet", 32)
    monkeypatch.setattr(keras.applications, "MobileNet", fail)
    with pytest.raises(InputError, match=r"no_top\.h5 and give it with --pretrained FILE or put it into ~/.keras/models"):
        backbones.pretrain(network, "MobileNet", "imagenet")
