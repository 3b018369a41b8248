"""ShuffleNetV2 for clips against the facts of the network for pictures."""

import keras
import numpy as np
import pytest

from models import shufflenet_v2
from models.flops import multiply_adds, parameters

# width: parameters for 1000 classes (as torchvision counts them; 1.4, 2.3, 3.5 and 7.4 M in table 8 of arXiv 1807.11164), and the
# table's millions of multiply-adds for a picture of 224×224
FACTS = {0.5: (1_366_792, 41), 1.0: (2_278_604, 146), 1.5: (3_503_624, 299), 2.0: (7_393_996, 591)}


@pytest.mark.parametrize("width", FACTS)
def test_network_for_pictures_has_the_papers_size(width):
    count, millions = FACTS[width]
    model = shufflenet_v2.shufflenet_v2(width, 1000, frames=1, temporal_kernel=1)
    assert parameters(model) == count
    assert multiply_adds(model) / 1e6 == pytest.approx(millions, rel=0.02)


def test_pieces_are_the_shuffled_channels():
    """Three units whose branches only turn signs, beside shuffles that move the channels."""
    x = np.random.default_rng(0).normal(size=(2, 1, 3, 3, 12)).astype(np.float32)
    first, second = x[..., :6], x[..., 6:]
    pieces = shufflenet_v2._shuffled([(first, range(6))], second)
    moved = shuffled(first, second)
    np.testing.assert_array_equal(shufflenet_v2._in_order(pieces), moved)
    for _ in range(3):
        passing, seen = shufflenet_v2._halves(pieces, 6)
        np.testing.assert_array_equal(shufflenet_v2._in_order(passing), moved[..., :6])
        np.testing.assert_array_equal(shufflenet_v2._in_order(seen), moved[..., 6:])
        pieces = shufflenet_v2._shuffled(passing, -shufflenet_v2._in_order(seen))
        moved = shuffled(moved[..., :6], -moved[..., 6:])
    np.testing.assert_array_equal(shufflenet_v2._in_order(pieces), moved)


def shuffled(first, second):
    """The channels of two halves in turn, a0 b0 a1 b1 …"""
    return np.stack([first, second], axis=-1).reshape(*first.shape[:-1], -1)


def test_new_filters_over_time_change_nothing_in_a_still_clip():
    keras.utils.set_random_seed(0)
    plain = shufflenet_v2.shufflenet_v2(0.5, 3, frames=5, size=64, temporal_kernel=1)
    inflated = shufflenet_v2.shufflenet_v2(0.5, 3, frames=5, size=64)
    for layer in plain.layers:
        if layer.weights:
            inflated.get_layer(layer.name).set_weights(layer.get_weights())
    clip = {"rgb": np.random.default_rng(0).integers(0, 256, (2, 1, 64, 64, 3), dtype=np.uint8).repeat(5, 1)}
    expected = plain(clip, training=False).numpy()
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(inflated(clip, training=False), expected, atol=1e-5)
