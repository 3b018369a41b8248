"""The network of recurrent fusion; through the scripts see tests/test_recurrent_fusion.py."""

import keras
import numpy as np
import pytest
from tiny_streams import tiny_streams

from common.errors import InputError
from models import fuse, runtime
from models.recurrent_fusion import head, recurrent_fusion, take_streams


@pytest.fixture(autouse=True)
def small_streams(monkeypatch):
    monkeypatch.setattr("models.recurrent_fusion.two_stream", tiny_streams)


def corrects(model, seed=0):
    """`model` as if it had learned: what the GRU adds is nothing at first."""
    layer = model.get_layer("correction")
    layer.kernel.assign(np.random.default_rng(seed).normal(0, 2, layer.kernel.shape))
    return model


def clips(count=2, frames=12, size=16):
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, (count, frames, size, size, n), dtype=np.uint8) for name, n in (("rgb", 3), ("flow", 2))}


@pytest.mark.parametrize(("attention", "count"), [(True, 1_715_302), (False, 1_713_381)])
def test_weights_beside_the_streams(attention, count):
    features = keras.Input((19, 4096))
    model = keras.Model(features, head(features, 101, attention=attention))
    assert sum(variable.numpy().size for variable in model.trainable_variables) == count
    assert model.count_params() == count + 413_898  # the streams' own classifiers


@pytest.mark.parametrize("attention", [True, False])
def test_converted_it_computes_the_same(attention):
    keras.utils.set_random_seed(0)
    model = corrects(recurrent_fusion(3, 12, 16, positions=4, hidden_size=8, attention=attention, fusion=(1, 2)))
    expected = model.predict(clips(), verbose=0)
    assert np.ptp(expected) > 0.01 and np.abs(expected[0] - expected[1]).max() > 1e-3
    np.testing.assert_allclose(runtime.compile(model, "openvino", precision="float32")(clips()), expected, atol=1e-5)


def test_each_place_is_what_the_streams_say_of_its_stack():
    model = recurrent_fusion(3, 12, 16, positions=4, hidden_size=8)
    streams = [tiny_streams(3, name, 3, 16) for name in ("rgb", "flow")]
    take_streams(model, *streams)
    found = keras.Model(model.input, model.get_layer("embedding").output).predict(clips(), verbose=0)
    for i, stream in enumerate(streams):
        (name,) = stream.input
        alone = keras.Model(stream.input, stream.get_layer("features").output)
        for place in range(4):
            part = {name: clips()[name][:, 3 * place : 3 * place + 3]}
            np.testing.assert_allclose(found[:, place, 12 * i : 12 * i + 12], alone.predict(part, verbose=0), rtol=1e-5)


def test_it_starts_as_the_average_of_the_streams():
    """Their logits' weighted mean over places, whatever the GRU reads."""
    model = recurrent_fusion(3, 12, 16, positions=4, hidden_size=8, fusion=(1, 2))
    streams = [tiny_streams(3, name, 3, 16) for name in ("rgb", "flow")]
    take_streams(model, *streams)
    fused = fuse(*streams, (1, 2))
    alone = keras.Model(fused.input, fused.get_layer("logits").output)
    parts = [{name: clip[:, 3 * place : 3 * place + 3] for name, clip in clips().items()} for place in range(4)]
    mean = np.mean([alone.predict(part, verbose=0) for part in parts], axis=0)
    assert np.ptp(mean) > 0.1
    logits = keras.Model(model.input, model.get_layer("logits").output).predict(clips(), verbose=0)
    np.testing.assert_allclose(logits, mean, rtol=1e-4)


def test_the_order_of_places_counts_and_the_streams_do_not_learn():
    model = corrects(recurrent_fusion(3, 12, 16, positions=4, hidden_size=8))
    back = {name: clip.reshape(2, 4, 3, *clip.shape[2:])[:, ::-1].reshape(clip.shape) for name, clip in clips().items()}
    assert np.abs(model.predict(clips(), verbose=0) - model.predict(back, verbose=0)).max() > 1e-4
    assert {variable.path.split("/")[0] for variable in model.trainable_variables} == {"gru", "importance", "hidden", "correction"}


def test_frames_that_are_no_stacks():
    with pytest.raises(InputError, match="4 stacks of equally many frames; 10 frames are not"):
        recurrent_fusion(3, 10, 16, positions=4)
