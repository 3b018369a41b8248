"""The encoder on a real ONNX network, and on frozen TensorFlow graphs made here."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from common.errors import InputError
from deep_sort.appearance import Encoder


@pytest.fixture(scope="session")
def osnet_path(data):
    return data / "reid/osnet_x0_25_msmt17.onnx"


@pytest.fixture(scope="module")
def osnet(osnet_path):
    return Encoder(osnet_path, precision="float32")


@pytest.fixture(scope="module")
def street(data):
    """A frame of a street, and boxes in it."""
    frame = cv2.VideoCapture(str(data / "videos/vtest.mp4")).read()[1]
    return frame, np.array([[100, 100, 140, 220], [250, 60, 290, 160], [400, 30, 430, 110]], np.float32)


def opencv_features(path, crops):
    """What OpenCV's own ONNX reader computes, from crops normalised by hand."""
    network = cv2.dnn.readNetFromONNX(str(path))
    rows = []
    for crop in crops:
        picture = cv2.resize(crop, (128, 256))[:, :, ::-1] / 255.0
        picture = (picture - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        network.setInput(picture.transpose(2, 0, 1)[None].astype(np.float32))
        rows.append(network.forward()[0])
    return np.array(rows) / np.linalg.norm(rows, axis=1, keepdims=True)


def test_features_equal_opencvs_on_the_same_crops(osnet, osnet_path, street):
    frame, tlbr = street
    features = osnet(frame, tlbr)
    crops = [frame[top:bottom, left:right] for left, top, right, bottom in tlbr.astype(int)]
    assert features.shape == (3, osnet.dim) == (3, 512) and features.dtype == np.float32
    np.testing.assert_allclose(features, opencv_features(osnet_path, crops), atol=1e-4)


def test_the_batch_does_not_matter(osnet, street):
    frame, tlbr = street
    many = np.tile(tlbr, (15, 1))  # more than go into one call
    np.testing.assert_allclose(osnet(frame, many), np.tile(osnet(frame, tlbr), (15, 1)), atol=1e-5)
    np.testing.assert_allclose(osnet(frame, tlbr[1:2]), osnet(frame, tlbr)[1:2], atol=1e-5)


def test_the_processors_own_precision_stays_near(osnet, osnet_path, street):
    frame, tlbr = street
    cosine = (Encoder(osnet_path)(frame, tlbr) * osnet(frame, tlbr)).sum(axis=1)
    assert cosine.min() > 0.98  # bfloat16 keeps 8 bits; persons differ by 0.2 and more


def test_nobody(osnet, street):
    features = osnet(street[0], np.empty((0, 4)))
    assert features.shape == (0, 512) and features.dtype == np.float32


def test_boxes_are_clipped_at_the_border(osnet, street):
    frame, _ = street
    height, width = frame.shape[:2]
    beyond = osnet(frame, [[-50, -60, 60, 90], [width - 40, height - 90, width + 300, height + 9]])
    np.testing.assert_allclose(beyond, osnet(frame, [[0, 0, 60, 90], [width - 40, height - 90, width, height]]), atol=1e-5)


def test_boxes_that_show_nobody_get_zeros_and_the_others_unit_rows(osnet, street):
    frame, tlbr = street
    nobody = [[-80, 0, -10, 90], [np.nan, 0, 40, 90], [0, 0, np.inf, 90], [60, 60, 60, 90], [60, 90, 90, 60], [9000, 9000, 9100, 9200]]
    features = osnet(frame, np.concatenate([tlbr[:1], nobody, tlbr[1:]]))
    assert not features[1:-2].any()
    np.testing.assert_allclose(np.linalg.norm(features[[0, -2, -1]], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(features[[0, -2, -1]], osnet(frame, tlbr), atol=1e-5)


def test_a_person_looks_more_like_himself_than_like_others(osnet, street):
    frame, tlbr = street
    moved = osnet(frame, tlbr + np.array([2, -1, 3, 2]))
    likeness = osnet(frame, tlbr) @ moved.T
    assert (likeness.argmax(axis=1) == [0, 1, 2]).all()


def test_starting_loads_no_tensorflow(osnet_path, root):
    code = (
        "import sys; from deep_sort.appearance import Encoder; Encoder(sys.argv[1]);"
        "print([name for name in ('tensorflow', 'keras', 'torch', 'onnx') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code, str(osnet_path)], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize(
    "name, content",
    [
        ("missing.onnx", None),
        ("empty.onnx", b""),
        ("text.pb", b"hello, this is no network\n" * 9),
        ("zeros.pb", bytes(999)),
        ("missing.keras", None),
        ("text.keras", b"hello"),
    ],
)
def test_files_that_are_no_network_cost_one_line(tmp_path, capfd, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused_in_one_line(tmp_path / name, capfd)


def test_a_truncated_network_costs_one_line(tmp_path, capfd, osnet_path):
    whole = osnet_path.read_bytes()
    for length in (10, 5000, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.onnx").write_bytes(whole[:length])
        refused_in_one_line(tmp_path / "cut.onnx", capfd)


def test_a_folder_costs_one_line(tmp_path, capfd):
    refused_in_one_line(tmp_path, capfd)


def test_an_unknown_precision_is_refused(tmp_path):
    with pytest.raises(ValueError, match="neither"):
        Encoder(tmp_path / "x.onnx", precision="int8")


def refused_in_one_line(path, capfd):
    with pytest.raises(InputError) as caught:
        Encoder(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "give a person re-identification network" in message and "\n" not in message
    assert capfd.readouterr() == ("", "")


def freeze(path, build, feeds):
    """Write a frozen TensorFlow 1 graph, as the DeepSORT authors' freeze tool does, and return what it gives for `feeds`.

    `build(tf)` makes the graph; the output is called `features`, the input `images`.
    """
    tf = pytest.importorskip("tensorflow")
    v1 = tf.compat.v1
    newer = v1.control_flow_v2_enabled()
    v1.disable_control_flow_v2()  # the loops of 2017: Enter, Merge, Switch, NextIteration, Exit
    try:
        with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
            build(tf)
            definition = graph.as_graph_def()
            path.write_bytes(definition.SerializeToString())
            return [session.run("features:0", {"images:0": feed}) for feed in feeds], {node.op for node in definition.node}
    finally:
        if newer:
            v1.enable_control_flow_v2()


def small_mars(tf):
    """A small network with the signature of mars-small128.pb: colours swapped picture by picture, unit rows."""
    rng = np.random.default_rng(0)
    images = tf.compat.v1.placeholder(tf.uint8, (None, 128, 64, 3), name="images")
    x = tf.map_fn(lambda image: image[:, :, ::-1], tf.cast(images, tf.float32))
    x = tf.nn.elu(tf.nn.conv2d(x, rng.normal(0, 0.02, (3, 3, 3, 8)).astype(np.float32), 4, "SAME"))
    x = tf.reshape(tf.nn.max_pool2d(x, 3, 2, "SAME"), (-1, 16 * 8 * 8))
    x = x @ rng.normal(0, 0.05, (16 * 8 * 8, 128)).astype(np.float32)
    tf.divide(x, tf.sqrt(1e-8 + tf.reduce_sum(tf.square(x), 1, keepdims=True)), name="features")


def one_by_one(tf):
    """A float network with the batch of one inside its shapes: its features are sums over the picture's rows."""
    images = tf.compat.v1.placeholder(tf.float32, (1, 4, 2, 3), name="images")
    tf.reshape(tf.reduce_sum(images, 2), (1, 12), name="features")


def test_a_frozen_tensorflow_graph_gives_tensorflows_features(tmp_path):
    rng = np.random.default_rng(1)
    frame = rng.integers(0, 256, (300, 400, 3), np.uint8)
    # The second is at the network's height but too wide: 64 columns about its centre are taken. The third is too
    # narrow and cut by the frame's left border, and only half as high as the network.
    tlbr = [[10, 20, 74, 148], [100, 50, 300, 178], [0, 100, 8, 164]]
    crops = np.stack([frame[20:148, 10:74], frame[50:178, 168:232], cv2.resize(frame[100:164, 0:20], (64, 128))])
    (expected,), kinds = freeze(tmp_path / "small.pb", small_mars, [crops])
    assert {"Enter", "NextIteration"} <= kinds
    encoder = Encoder(tmp_path / "small.pb", precision="float32")
    features = encoder(frame, tlbr)
    assert encoder.dim == 128
    np.testing.assert_allclose(features, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder(frame, tlbr[1:2]), expected[1:2], atol=1e-5)


def test_a_truncated_graph_costs_one_line(tmp_path, capfd):
    freeze(tmp_path / "small.pb", small_mars, [])
    whole = (tmp_path / "small.pb").read_bytes()
    capfd.readouterr()
    (tmp_path / "small.pb").write_bytes(whole[: len(whole) // 2])
    refused_in_one_line(tmp_path / "small.pb", capfd)


def test_a_network_that_holds_on_to_its_batch_of_one_goes_person_by_person(tmp_path):
    freeze(tmp_path / "one.pb", one_by_one, [])
    encoder = Encoder(tmp_path / "one.pb", precision="float32")
    frame = np.random.default_rng(2).integers(0, 256, (8, 10, 3), np.uint8)
    tlbr = [[0, 0, 2, 4], [3, 2, 5, 6], [8, 4, 10, 8]]
    rgb = np.stack([frame[top:bottom, left:right, ::-1] for left, top, right, bottom in tlbr]) / 255.0
    sums = ((rgb - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).sum(axis=2).reshape(3, 12)
    np.testing.assert_allclose(encoder(frame, tlbr), sums / np.linalg.norm(sums, axis=1, keepdims=True), atol=1e-5)


def test_a_network_of_something_else_costs_one_line(tmp_path, capfd):
    def numbers(tf):
        tf.multiply(tf.compat.v1.placeholder(tf.float32, (None, 10), name="images"), 2, name="features")

    freeze(tmp_path / "numbers.pb", numbers, [])
    capfd.readouterr()
    refused_in_one_line(tmp_path / "numbers.pb", capfd)
