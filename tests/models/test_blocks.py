import keras
import numpy as np
import pytest

from models.blocks import DepthwiseConv3D


@pytest.mark.parametrize("frames", [1, 2, 3, 6])
@pytest.mark.parametrize(("kernel", "strides"), [((3, 3, 3), 1), ((3, 3, 3), 2), ((5, 1, 1), 1)])
def test_sum_of_filters_shifted_in_time_is_the_whole_filter(kernel, strides, frames, monkeypatch):
    """Also in clips shorter than the filter, where some of its frames only ever see the zeros around."""
    layer = DepthwiseConv3D(kernel, strides)
    clip = np.random.default_rng(0).standard_normal((2, frames, 8, 8, 5)).astype("float32")
    shifted = keras.ops.convert_to_numpy(layer(clip))
    monkeypatch.setattr(DepthwiseConv3D, "whole", True)
    np.testing.assert_allclose(shifted, keras.ops.convert_to_numpy(layer(clip)), rtol=1e-5, atol=1e-5)
