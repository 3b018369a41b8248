"""The Video Action Transformer Network's own parts, and I3D's weights in it."""

import keras
import numpy as np
import pytest

import models
from models import i3d, runtime, vatn


def apply(layer, x):
    return keras.ops.convert_to_numpy(layer(keras.ops.convert_to_tensor(x)))


def test_box_that_fits_the_grid_is_cut_out():
    """7×7 cells over 7×7 of 14×10 pixels: every sample is a pixel."""
    x = np.random.default_rng(0).normal(size=(2, 14, 10, 3)).astype(np.float32)
    layer = vatn.RoiAlign((2 / 10, 4 / 14, 9 / 10, 11 / 14), 7)
    np.testing.assert_allclose(apply(layer, x), x[:, 4:11, 2:9], atol=1e-5)


def test_samples_are_bilinear():
    """In a picture that rises evenly, every sample is the value at its place; beyond the outermost centres it rises no more."""
    down, across = np.meshgrid(np.arange(14.0), np.arange(14.0), indexing="ij")
    picture = (10 * down + across)[None, ..., None].astype(np.float32)
    left, top, right, bottom = vatn.PERSON
    centres = [14 * (start + (np.arange(7) + 0.5) * (end - start) / 7) - 0.5 for start, end in ((top, bottom), (left, right))]
    expected = 10 * centres[0][:, None] + centres[1]
    np.testing.assert_allclose(apply(vatn.RoiAlign(vatn.PERSON, 7), picture)[0, ..., 0], expected, rtol=1e-5)
    beyond = apply(vatn.RoiAlign((-1, -1, 0, 0), 7), picture)
    np.testing.assert_allclose(beyond, 0, atol=1e-6)


def test_location_tells_places_and_moments_apart():
    keras.utils.set_random_seed(0)
    layer = vatn.Location(8)
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5, 6)).astype(np.float32)
    located = apply(layer, x)
    assert located.shape == (2, 3, 4, 5, 22)
    np.testing.assert_array_equal(located[..., :6], x)
    place, moment = located[..., 6:14], located[..., 14:]
    assert np.ptp(place, axis=(0, 1)).max() == 0 and len(np.unique(place[0, 0].reshape(20, 8).round(4), axis=0)) > 15
    assert np.ptp(moment, axis=(0, 2, 3)).max() == 0 and len(np.unique(moment[0, :, 0, 0].round(4), axis=0)) == 3


def test_every_picture_has_a_box_of_its_own():
    x = np.random.default_rng(0).normal(size=(2, 9, 14, 3)).astype(np.float32)
    boxes = np.float32([[0.1, 0.2, 0.7, 0.9], [0.5, 0, 1, 0.4]])
    together = keras.ops.convert_to_numpy(vatn.RoiAlign(vatn.PERSON, 7)(x, boxes))
    for i, box in enumerate(boxes.tolist()):
        np.testing.assert_allclose(together[i : i + 1], apply(vatn.RoiAlign(box, 7), x[i : i + 1]), atol=1e-5)


@pytest.fixture(scope="module")
def networks():
    """One that asks about the middle, and one with the same weights that is told where the person is."""
    keras.utils.set_random_seed(0)
    centre, told = (vatn.vatn(3, frames=8, size=96, query=query) for query in ("centre", "box"))
    told.set_weights(centre.get_weights())
    return centre, told


@pytest.fixture(scope="module")
def clip():
    return np.random.default_rng(0).integers(0, 256, (1, 8, 96, 96, 3), dtype=np.uint8)


def test_answer_depends_on_where_the_person_is(networks, clip):
    centre, told = networks
    same, corner = (np.asarray(told({"rgb": clip, "box": np.float32([box])}, training=False)) for box in (vatn.PERSON, (0.6, 0.1, 1, 0.5)))
    np.testing.assert_allclose(same, np.asarray(centre({"rgb": clip}, training=False)), atol=1e-5)
    assert np.abs(same - corner).max() > 1e-3


def test_openvino_looks_at_the_same_boxes(monkeypatch, clip):
    monkeypatch.setattr(i3d, "INCEPTION", {block: i3d.INCEPTION[block] for block in ("4b", "4f")})
    keras.utils.set_random_seed(0)
    model = vatn.vatn(3, frames=8, size=96, query="box")
    inputs = {"rgb": clip.repeat(3, 0), "box": np.float32([vatn.PERSON, (0.6, 0.1, 1, 0.5), (0, 0, 0.2, 0.3)])}
    expected = np.asarray(model(inputs, training=False))
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(runtime.compile(model, "openvino", precision="float32")(inputs), expected, atol=1e-4)


def test_both_streams_are_asked_about_one_box(monkeypatch):
    monkeypatch.setattr(i3d, "INCEPTION", {block: i3d.INCEPTION[block] for block in ("4b", "4f")})
    fused = models.build("vatn", 3, "Fuse", 4, 32, {"query": "box"})
    shapes = {name: (None, *shape) for name, shape in models.input_shapes("Fuse", 4, 32, boxes=True).items()}
    assert {name: tensor.shape for name, tensor in fused.input.items()} == shapes and set(shapes) == {"rgb", "flow", "box"}


def test_trunk_takes_the_weights_of_i3d(networks, clip):
    trunk, whole = networks[0], i3d.i3d(3, frames=8, size=96)
    weighted = [layer.name for layer in trunk.layers if layer.name.startswith("Conv3d") and layer.weights]
    assert len(weighted) == 2 * (3 + 6 * 7)
    for name in weighted:
        trunk.get_layer(name).set_weights(whole.get_layer(name).get_weights())
    features = [keras.Model(model.input, model.get_layer("Mixed_4f").output)({"rgb": clip}, training=False) for model in (trunk, whole)]
    np.testing.assert_allclose(*features, atol=1e-5)
