"""The network of recurrent fusion; through the scripts see tests/test_recurrent_fusion.py."""

import keras
import numpy as np
import pytest
from tiny_streams import tiny_streams

from common.errors import InputError
from models import runtime
from models.recurrent_fusion import head, recurrent_fusion, take_streams


@pytest.fixture(autouse=True)
def small_streams(monkeypatch):
    monkeypatch.setattr("models.recurrent_fusion.two_stream", tiny_streams)


def clips(count=2, frames=12, size=16):
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, (count, frames, size, size, n), dtype=np.uint8) for name, n in (("rgb", 3), ("flow", 2))}


@pytest.mark.parametrize(("attention", "count"), [(True, 1_637_734), (False, 1_635_813)])
def test_weights_beside_the_streams(attention, count):
    features = keras.Input((19, 4096))
    assert keras.Model(features, head(features, 101, attention=attention)).count_params() == count


@pytest.mark.parametrize("attention", [True, False])
def test_converted_it_computes_the_same(attention):
    keras.utils.set_random_seed(0)
    model = recurrent_fusion(3, 12, 16, positions=4, hidden_size=8, attention=attention)
    expected = model.predict(clips(), verbose=0)
    assert np.ptp(expected) > 0.01 and np.abs(expected[0] - expected[1]).max() > 1e-3
    np.testing.assert_allclose(runtime.compile(model, "openvino", precision="float32")(clips()), expected, atol=1e-5)


def test_each_place_is_what_the_streams_say_of_its_stack():
    model = recurrent_fusion(3, 12, 16, positions=4, hidden_size=8)
    streams = [tiny_streams(5, name, 3, 16) for name in ("rgb", "flow")]
    take_streams(model, *streams)
    found = keras.Model(model.input, model.get_layer("embedding").output).predict(clips(), verbose=0)
    for i, stream in enumerate(streams):
        (name,) = stream.input
        alone = keras.Model(stream.input, stream.get_layer("features").output)
        for place in range(4):
            part = {name: clips()[name][:, 3 * place : 3 * place + 3]}
            np.testing.assert_allclose(found[:, place, 12 * i : 12 * i + 12], alone.predict(part, verbose=0), rtol=1e-5)


def test_the_order_of_places_counts_and_the_streams_do_not_learn():
    model = recurrent_fusion(3, 12, 16, positions=4, hidden_size=8)
    back = {name: clip.reshape(2, 4, 3, *clip.shape[2:])[:, ::-1].reshape(clip.shape) for name, clip in clips().items()}
    assert np.abs(model.predict(clips(), verbose=0) - model.predict(back, verbose=0)).max() > 1e-4
    assert {variable.path.split("/")[0] for variable in model.trainable_variables} == {"gru", "importance", "hidden", "logits"}


def test_frames_that_are_no_stacks():
    with pytest.raises(InputError, match="4 stacks of equally many frames; 10 frames are not"):
        recurrent_fusion(3, 10, 16, positions=4)
