"""What the two streams see, and where the motion stream's first weights come from."""

import keras
import numpy as np
import pytest

import models
from common.errors import InputError
from models import backbones, runtime
from models.two_stream import stack, two_stream

FRAMES, SIZE = 10, 32


@pytest.fixture(scope="module", params=["rgb", "flow"])
def stream(request):
    """(a stream on MobileNet whose answers differ from clip to clip, three clips)."""
    keras.utils.set_random_seed(0)
    model = two_stream(4, request.param, FRAMES, SIZE, "MobileNet")
    for weight in model.get_layer("mobilenet").weights:
        if weight.path.endswith("moving_variance"):
            weight.assign(weight * 0.02)
    shape = (3, FRAMES, SIZE, SIZE, models.CHANNELS[request.param])
    return model, {request.param: np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)}


def frames_that_count(model, clips):
    """Frames that the answers change with."""
    (name,), before = clips, model.predict_on_batch(clips)
    answers = []
    for t in range(FRAMES):
        other = clips[name].copy()
        other[:, t] = 255 - other[:, t]
        answers.append(np.abs(model.predict_on_batch({name: other}) - before).max())
    return [t for t, change in enumerate(answers) if change > 1e-5]


def test_spatial_sees_the_middle_frame_and_motion_all(stream):
    model, clips = stream
    assert np.ptp(model.predict_on_batch(clips), axis=0).max() > 1e-3
    assert frames_that_count(model, clips) == ([5] if "rgb" in clips else list(range(FRAMES)))


@pytest.mark.parametrize("stream", ["flow"], indirect=True)  # the other is among those of test_networks.py
def test_openvino_computes_the_same(stream):
    model, clips = stream
    network = runtime.compile(model, "openvino", precision="float32")
    np.testing.assert_allclose(network(clips), model.predict_on_batch(clips), atol=1e-4)


def test_fields_are_stacked_x_and_y_of_the_first_then_of_the_next():
    """Channel 2t + d is direction d of field t, at its own place."""
    clip = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, 2), dtype=np.uint8)
    stacked = np.asarray(stack(keras.ops.convert_to_tensor(clip)))
    assert stacked.shape == (2, 4, 5, 6)
    for channel in range(6):
        np.testing.assert_array_equal(stacked[..., channel], clip[:, channel // 2, :, :, channel % 2])


def test_published_size():
    """Xception without its classifier, 20,861,480 weights by its authors; 2049 for each class; 17 channels more, 9 × 32 each."""
    xception = 20_861_480
    for name, extra in (("rgb", 0), ("flow", 17 * 9 * 32)):
        assert two_stream(101, name).count_params() == xception + extra + 2049 * 101


def test_first_filters_come_from_those_for_colours():
    """By hand: the mean over R, G, B, for every channel; all other weights as they are."""
    colours, flow = backbones.backbone("MobileNet", SIZE), backbones.backbone("MobileNet", SIZE, 20)
    backbones.cross_modality(flow, colours)
    (kernel, *rest), (theirs, *others) = flow.get_weights(), colours.get_weights()
    assert kernel.shape == (3, 3, 20, 32)
    for channel in (0, 7, 19):
        np.testing.assert_allclose(kernel[:, :, channel], (theirs[:, :, 0] + theirs[:, :, 1] + theirs[:, :, 2]) / 3, atol=1e-7)
    assert len(rest) == len(others) and all((a == b).all() for a, b in zip(rest, others, strict=True))


def test_a_file_of_colours_starts_the_motion_stream(tmp_path):
    source, expected = backbones.backbone("MobileNet", SIZE), backbones.backbone("MobileNet", SIZE, 8)
    source.save_weights(tmp_path / "colours.weights.h5")
    stream = two_stream(3, "flow", 4, SIZE, "MobileNet").get_layer("mobilenet")
    backbones.pretrain(stream, "MobileNet", str(tmp_path / "colours.weights.h5"))
    backbones.cross_modality(expected, source)
    assert all((a == b).all() for a, b in zip(stream.get_weights(), expected.get_weights(), strict=True))


@pytest.mark.filterwarnings("ignore")
def test_weights_of_xception_find_their_layers(tmp_path):
    """Keras numbers its shortcuts on through a process. Here they have names of their own, and a file that Keras fetches goes by order."""
    source, target = (backbones.backbone("Xception", 71) for _ in range(2))
    names = [[layer.name for layer in network.layers if layer.weights] for network in (source, target)]
    assert names[0] == names[1] and "shortcut_4_conv" in names[0]
    for layer in source.layers:
        layer.name = layer.name.replace("shortcut", "conv2d")
    source.save(tmp_path / "notop.h5")
    backbones.pretrain(target, "Xception", str(tmp_path / "notop.h5"))
    assert all((a == b).all() for a, b in zip(source.get_weights(), target.get_weights(), strict=True))
    with pytest.raises(InputError, match="no layer in it fits mobilenet"):
        backbones.pretrain(backbones.backbone("MobileNet", SIZE), "MobileNet", str(tmp_path / "notop.h5"))


@pytest.mark.parametrize("name", ["ResNet50", "Xception"])
def test_no_motion_is_nothing(name):
    still = np.full((1, 2, 2, 20), 128, np.uint8)
    x = keras.Input((2, 2, 20), dtype="uint8")
    assert np.abs(keras.Model(x, backbones.normalise(x, name, "flow"))(still)).max() < 1e-6
