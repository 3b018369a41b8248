"""MobileNetV3 for clips against the network for pictures of Keras."""

import keras
import numpy as np
import pytest

from models import mobilenet_v3
from models.flops import multiply_adds, parameters
from models.transfer import start_from

# Keras' network, ours, and millions of multiply-adds for a picture of 224×224 (table 3 of arXiv 1905.02244)
PAIRS = {
    "large": (keras.applications.MobileNetV3Large, mobilenet_v3.mobilenet_v3_large, 219),
    "small": (keras.applications.MobileNetV3Small, mobilenet_v3.mobilenet_v3_small, 56),
}
SIZE, FRAMES = 64, 4


@pytest.fixture(scope="module", params=PAIRS)
def pair(request):
    """Keras' network with random weights and statistics under which pictures stay different, and the builder of ours."""
    keras.utils.set_random_seed(0)
    pictures, random = (
        PAIRS[request.param][0](input_shape=(SIZE, SIZE, 3), weights=None, classifier_activation=None),
        np.random.default_rng(0),
    )
    norms = [layer for layer in pictures.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0  # the statistics become those of the next pictures
    pictures(random.uniform(0, 255, (8, SIZE, SIZE, 3)).astype(np.float32), training=True)
    for norm in norms:
        *_, mean, variance = norm.get_weights()
        deviation, n = np.sqrt(variance + 1e-3), len(mean)
        norm.set_weights(
            [
                random.uniform(0.7, 1.3, n),
                random.normal(0, 0.2, n),
                mean + 0.2 * deviation * random.normal(size=n),
                deviation**2 * random.uniform(0.7, 1.3, n),
            ]
        )
    return pictures, PAIRS[request.param][1]


def copied(pictures, builder, temporal_kernel):
    """Ours with the weights of Keras' network."""
    ours = builder(1000, frames=FRAMES, size=SIZE, temporal_kernel=temporal_kernel)
    for layer in pictures.layers:
        if layer.weights and layer.name != "logits":
            ours.get_layer(layer.name).set_weights(layer.get_weights())
    kernel, bias = pictures.get_layer("logits").get_weights()
    ours.get_layer("logits").set_weights([kernel[0, 0], bias])
    return ours


def assert_same_answers(pictures, ours):
    image = np.random.default_rng(1).integers(0, 256, (3, 1, SIZE, SIZE, 3), dtype=np.uint8)
    expected = pictures(image[:, 0].astype(np.float32), training=False).numpy()
    assert np.ptp(expected, axis=0).max() > 0.03  # so that the tolerance means something
    logits = keras.Model(ours.input, ours.get_layer("logits").output)
    np.testing.assert_allclose(logits({"rgb": image.repeat(FRAMES, 1)}, training=False), expected, atol=1e-4)


def test_still_clip_gives_what_the_picture_gives(pair):
    ours = copied(*pair, temporal_kernel=1)
    assert parameters(ours) == parameters(pair[0])
    assert_same_answers(pair[0], ours)


def test_new_filters_over_time_change_nothing_in_a_still_clip(pair):
    assert_same_answers(pair[0], copied(*pair, temporal_kernel=3))


def test_weights_for_pictures_load_by_name(tmp_path):
    pictures = keras.applications.MobileNetV3Small(input_shape=(SIZE, SIZE, 3), weights=None)
    pictures.save(tmp_path / "pictures.keras")
    loaded, new = start_from(mobilenet_v3.mobilenet_v3_small(3, frames=FRAMES, size=SIZE), tmp_path / "pictures.keras")
    assert set(loaded) == {layer.name for layer in pictures.layers if layer.weights} - {"logits"}
    assert {name.rsplit("_", 1)[-1] for name in new} == {"logits", "temporal"}


@pytest.mark.parametrize("size", PAIRS)
def test_network_for_pictures_has_the_papers_work(size):
    _, builder, millions = PAIRS[size]
    assert multiply_adds(builder(1000, frames=1, temporal_kernel=1)) / 1e6 == pytest.approx(millions, rel=0.02)


def test_half_of_the_frames_stay_where_most_of_the_work_is():
    model = mobilenet_v3.mobilenet_v3_small(3, frames=5, size=64)
    frames = {layer.name: layer.output.shape[1] for layer in model.layers if layer.name.endswith("temporal")}
    assert [frames[name] for name in ("expanded_conv_2_depthwise_temporal", "expanded_conv_4_depthwise_temporal")] == [5, 3]
    assert not any("temporal" in layer.name for layer in mobilenet_v3.mobilenet_v3_small(3, frames=5, size=64, temporal_kernel=1).layers)
