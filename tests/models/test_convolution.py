"""The layers over clips give the same in both of their forms."""

import keras
import numpy as np
import pytest
from keras import layers

from models.convolution import (
    DepthwiseConv3D,
    SpatialConv,
    SpatialDepthwiseConv,
    SpatialMaxPool,
    TemporalDepthwiseConv,
    whole_clips,
)

CHANNELS = 5


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def filled(layer, x):
    """The layer, built, with weights that are all different."""
    layer.build(x.shape)
    layer.set_weights([noise(*weight.shape) for weight in layer.weights])
    return layer


def both_forms(layer, x):
    there = keras.ops.convert_to_numpy(layer(x))
    with whole_clips():
        return there, keras.ops.convert_to_numpy(layer(x))


@pytest.mark.parametrize("frames", [1, 2, 3, 6])
@pytest.mark.parametrize(("kernel", "strides"), [((3, 3, 3), 1), ((3, 3, 3), 2), ((5, 1, 1), 1)])
def test_sum_of_filters_shifted_in_time_is_the_whole_filter(kernel, strides, frames):
    """Also in clips shorter than the filter, where some of its frames only ever see the zeros around."""
    clip = noise(2, frames, 8, 8, CHANNELS)
    np.testing.assert_allclose(*both_forms(filled(DepthwiseConv3D(kernel, strides), clip), clip), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize(
    "layer",
    [
        SpatialConv(4, 3, 2, padding="same", activation="relu"),
        SpatialConv(4, 1, order=[3, 0, 4, 1, 2]),
        SpatialDepthwiseConv(5, 2),
        SpatialDepthwiseConv(3, 2, "valid"),
        SpatialMaxPool(3, 2),
        TemporalDepthwiseConv(3),
        TemporalDepthwiseConv(5, 2),
    ],
    ids=lambda layer: layer.name,
)
def test_both_forms_give_the_same_of_the_stated_shape(layer, frames):
    clip = noise(2, frames, 9, 7, CHANNELS)
    if not layer.built:
        filled(layer, clip)
    framework, whole = both_forms(layer, clip)
    np.testing.assert_allclose(framework, whole, rtol=1e-5, atol=1e-5)
    assert framework.shape == tuple(layer.compute_output_shape(clip.shape)) == tuple(layer.compute_output_shape(list(clip.shape)))
    copy = type(layer).from_config(layer.get_config())
    copy.build(clip.shape)
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(clip), framework)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SpatialConv(4, 3, 2, padding="same"), layers.Conv2D(4, 3, 2, padding="same")),
        (SpatialDepthwiseConv(3, 2, "valid"), layers.DepthwiseConv2D(3, 2, "valid", use_bias=False)),
        (SpatialMaxPool(3, 2), layers.MaxPooling2D(3, 2)),
    ],
    ids=["convolution", "depthwise", "pooling"],
)
def test_frames_are_pictures_to_the_spatial_layers(ours, theirs):
    clip = noise(2, 3, 9, 7, CHANNELS)
    filled(ours, clip)
    theirs.build(clip[0].shape)
    theirs.set_weights(ours.get_weights())
    for frame in range(3):
        np.testing.assert_allclose(ours(clip)[:, frame], theirs(clip[:, frame]), rtol=1e-5, atol=1e-5)


def test_filters_follow_the_order_of_the_channels():
    clip, order = noise(2, 3, 4, 4, CHANNELS), [3, 0, 4, 1, 2]
    plain, ordered = SpatialConv(4, 3), filled(SpatialConv(4, 3, order=order), clip)
    plain.build(clip.shape)
    plain.set_weights(ordered.get_weights())
    np.testing.assert_allclose(ordered(clip[..., order]), plain(clip), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("frames", [1, 4, 5])
def test_new_filters_over_time_leave_the_frames_as_they_are(frames):
    clip = noise(2, frames, 4, 4, CHANNELS)
    np.testing.assert_array_equal(TemporalDepthwiseConv(3)(clip), clip)
    np.testing.assert_array_equal(TemporalDepthwiseConv(3, 2)(clip), clip[:, ::2])


def test_leaving_the_context_ends_it_even_after_an_error():
    with pytest.raises(RuntimeError), whole_clips():
        raise RuntimeError
    assert not DepthwiseConv3D.whole
