"""Networks from Darknet files compute what OpenCV's own Darknet reader computes."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from darknet_files import opencv_rows, with_scores, write_random_weights

from yolo3 import cfg as cfgs
from yolo3 import weights as files

REAL = ("yolo-fastest-1.1", "yolo-fastest-1.1-xl", "mobilenetv2-yolov3-nano")
TOLERANCE = 1e-3  # the project's; float32 rounding stays two orders of magnitude below

# One of each: odd rectangular input, depthwise with multiplier, groups, an even kernel, padding of its own, SPP and
# tiny pools, odd pool sizes, channel groups, a shortcut to fewer and to more channels, two heads, scale_x_y.
MIXED = """[net]
width=76
height=44
[convolutional]
filters=8
size=3
stride=2
pad=1
batch_normalize=1
activation={activation}
[convolutional]
filters=16
groups=8
size=3
pad=1
batch_normalize=1
activation=leaky
[convolutional]
filters=24
groups=4
size=3
padding=2
activation=swish
[maxpool]
size=2
stride=2
[maxpool]
size=3
stride=2
[maxpool]
size=2
stride=1
[convolutional]
filters=12
size=1
activation=mish
[maxpool]
size=5
stride=1
[route]
layers=-1
groups=2
group_id=1
[shortcut]
from=-4
activation=leaky
[convolutional]
filters=30
size=1
activation=logistic
[shortcut]
from=6
activation=linear
[dropout]
probability=.5
[convolutional]
filters=16
size=1
activation=linear
[yolo]
mask=1,2
classes=3
num=3
anchors=5,6, 9,12, 30,20
scale_x_y=1.2
[route]
layers=5
[upsample]
stride=2
[convolutional]
filters=24
size=2
stride=3
pad=1
activation=linear
[yolo]
mask=2,0,1
classes=3
num=3
anchors=5,6, 9,12, 30,20
"""


def picture_for(cfg, path):
    return cv2.cvtColor(cv2.resize(cv2.imread(str(path)), (cfg.width, cfg.height)), cv2.COLOR_BGR2RGB)


def noise(height, width, count=1):
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), np.uint8)


def built(text, tmp_path):
    """The Keras network of a .cfg text with random weights, its `Cfg`, and the weights file."""
    from yolo3 import network

    path = tmp_path / "a.cfg"
    path.write_text(text)
    cfg = cfgs.read(path)
    weights = write_random_weights(tmp_path / "a.weights", cfg)
    return network.build(cfg, files.read(weights, cfg)), cfg, weights


@pytest.mark.parametrize("name", REAL)
def test_trained_networks_equal_opencv(data, name):
    from yolo3 import network

    text = (data / f"yolo/{name}.cfg").read_text()
    weights = data / f"yolo/{name}.weights"
    cfg = cfgs.read(data / f"yolo/{name}.cfg")
    model = network.build(cfg, files.read(weights, cfg))
    pictures = np.stack([picture_for(cfg, path) for path in sorted((data / "images").glob("*.jpg"))])
    for rows, picture in zip(model.predict_on_batch(pictures), pictures, strict=True):
        expected = opencv_rows(text, weights, picture)
        assert expected[:, 4].max() > 0.9  # the picture's objects are seen: not zeros compared with zeros
        np.testing.assert_allclose(with_scores(rows), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("name", "size"), [("yolov3", (160, 96)), ("yolov3-tiny", (416, 416))])
def test_full_networks_with_random_weights_equal_opencv(data, tmp_path, name, size):
    # YOLOv3 at 160×96 instead of 608×608: all 62 million weights take part, in a 25th of the time.
    lines = (data / f"yolo/{name}.cfg").read_text().replace("width=608", f"width={size[0]}").replace("height=608", f"height={size[1]}")
    model, cfg, weights = built(lines, tmp_path)
    assert (cfg.width, cfg.height) == size
    picture = picture_for(cfg, data / "images/dog.jpg")
    rows, expected = model.predict_on_batch(picture[None])[0], opencv_rows(lines, weights, picture)
    weights.unlink()
    assert expected[:, 4].std() > 0.02  # the picture still matters at the far end
    np.testing.assert_allclose(with_scores(rows), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("activation", ["relu", "leaky", "linear"])
def test_every_kind_of_layer_equals_opencv(tmp_path, activation):
    text = MIXED.format(activation=activation)
    model, cfg, weights = built(text, tmp_path)
    assert [head.shape for head in cfg.heads] == [(6, 10, 16), (5, 7, 24)]
    picture = noise(44, 76)[0]
    expected = opencv_rows(text, weights, picture)
    rows = model.predict_on_batch(picture[None])[0]
    assert rows.shape == (6 * 10 * 2 + 5 * 7 * 3, 8)
    assert expected[:, 4].std() > 0.02
    np.testing.assert_allclose(with_scores(rows), expected, rtol=0, atol=1e-4)


def test_a_route_takes_the_same_group_of_each_layer(tmp_path):
    """OpenCV's reader fails here: the same network written with one route per layer is the measure."""
    first = "[net]\nwidth=8\nheight=4\n[convolutional]\nfilters=6\nactivation=relu\n[convolutional]\nfilters=9\nactivation=relu\n"
    last = "[convolutional]\nfilters=7\nactivation=linear\n[yolo]\nclasses=2\nanchors=3,4\n"
    part = "[route]\nlayers={}\ngroups=3\ngroup_id=1\n"
    together, cfg, _ = built(first + part.format("1,0") + last, tmp_path)
    assert cfg.layers[2].shape == (4, 8, 3 + 2)
    apart, _, _ = built(first + part.format("1") + part.format("0") + "[route]\nlayers=-2,-1\n" + last, tmp_path)
    picture = noise(4, 8)
    np.testing.assert_array_equal(together.predict_on_batch(picture), apart.predict_on_batch(picture))


def test_relu6_and_new_coords_by_hand(tmp_path):
    """OpenCV does not know relu6, so a network of two pointwise layers is computed here."""
    layers = "[convolutional]\nfilters=8\nactivation=relu6\n[convolutional]\nfilters=14\nactivation=logistic\n"
    head = "[yolo]\nclasses=2\nnum=2\nanchors=2,3, 4,9\nscale_x_y=1.5\nnew_coords=1\n"
    model, cfg, weights = built(f"[net]\nwidth=6\nheight=4\n{layers}{head}", tmp_path)
    numbers = files.read(weights, cfg)
    numbers[0][0][...] *= 10  # so that relu6 has something to cut off
    from yolo3 import network

    model = network.build(cfg, numbers)
    picture = noise(4, 6)
    x = picture / 255 @ numbers[0][0][0, 0] + numbers[0][1]
    assert (x < 0).any() and (x > 6).any()
    t = 1 / (1 + np.exp(-(np.clip(x, 0, 6) @ numbers[1][0][0, 0] + numbers[1][1])))
    t = t.reshape(4, 6, 2, 7)
    expected = t.copy()
    for y, x, a in np.ndindex(4, 6, 2):
        expected[y, x, a, 0] = (t[y, x, a, 0] * 1.5 - 0.25 + x) / 6
        expected[y, x, a, 1] = (t[y, x, a, 1] * 1.5 - 0.25 + y) / 4
        expected[y, x, a, 2] = (2 * t[y, x, a, 2]) ** 2 * (2, 4)[a] / 6
        expected[y, x, a, 3] = (2 * t[y, x, a, 3]) ** 2 * (3, 9)[a] / 4
    np.testing.assert_allclose(model.predict_on_batch(picture)[0], expected.reshape(-1, 7), rtol=0, atol=1e-5)


def test_openvino_and_any_batch_size_give_the_same(tmp_path):
    from models import runtime

    model, _, _ = built(MIXED.format(activation="relu6"), tmp_path)
    assert model.input_shape == (None, 44, 76, 3)
    assert model.inputs[0].dtype == "uint8"
    pictures = noise(44, 76, 3)
    compiled = runtime.compile(model, "openvino", precision="float32")
    np.testing.assert_allclose(compiled({"rgb": pictures}), model.predict_on_batch(pictures), rtol=0, atol=1e-4)


JAX = """
import sys, numpy as np
sys.path[:0] = sys.argv[1:3]
from yolo3 import cfg as cfgs, network, weights as files
import keras
assert keras.backend.backend() == "jax"
cfg = cfgs.read(sys.argv[3])
model = network.build(cfg, files.read(sys.argv[4], cfg))
np.save(sys.argv[5], model.predict_on_batch(np.load(sys.argv[6])))
"""


def test_jax_gives_the_same(tmp_path, root, jax_environment):
    model, _, weights = built(MIXED.format(activation="relu6"), tmp_path)
    pictures = noise(44, 76, 2)
    np.save(tmp_path / "in.npy", pictures)
    arguments = [root, root / "tests/yolo3", tmp_path / "a.cfg", weights, tmp_path / "out.npy", tmp_path / "in.npy"]
    subprocess.run([sys.executable, "-c", JAX, *map(str, arguments)], check=True, env=jax_environment)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), model.predict_on_batch(pictures), rtol=0, atol=1e-4)
