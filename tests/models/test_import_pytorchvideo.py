"""X3D and SlowFast from PyTorchVideo's state dicts: the same logits as tests/parity/pytorchvideo.py, which made the golden ones."""

from pathlib import Path

import keras
import numpy as np
import pytest
from named_tensors import clip, kernel, values

import models
from common.errors import InputError
from models.imports import FORMATS, pytorchvideo
from models.imports.fill import fill
from models.slowfast import slow_frames

GOLDEN = Path(__file__).parents[1] / "golden" / "pytorchvideo.npz"
FRAMES, SIZE = 16, 75  # of tests/parity/pytorchvideo.py


def golden(name):
    """(state dict, logits): the tensors follow from their names."""
    with np.load(GOLDEN) as file:
        names, shapes, logits = (file[f"{name}/{part}"] for part in ("names", "shapes", "logits"))
    shapes = [tuple(int(side) for side in shape if side) for shape in shapes]
    return {str(tensor): _tensor(str(tensor), shape) for tensor, shape in zip(names, shapes, strict=True)}, logits


def _tensor(name, shape):
    if len(shape) > 1:
        return kernel(name, shape, np.prod(shape[1:]))
    return values(name, shape) if shape else np.float32(0)


@pytest.mark.parametrize(("name", "stream"), [("x3d_m", "rgb"), ("slowfast_8x8", "rgb"), ("slowfast_4x16", "flow")])
def test_same_logits_as_pytorchvideo(name, stream):
    tensors, expected = golden(name)
    model = models.build(name, 400, pytorchvideo.mode_of(tensors), FRAMES, SIZE)
    assert list(model.input) == [stream]
    fill(model, pytorchvideo.plan(model, tensors), tensors, "file", is_ignored=pytorchvideo.is_ignored)
    body = keras.Model(model.input, model.get_layer("logits").output)
    found = np.asarray(body({stream: clip(stream, FRAMES, SIZE)}, training=False))[0]
    assert np.abs(found - expected).max() < 1e-3 * expected.std()


def test_what_does_not_fit_is_listed():
    """The classifier is tensors of another name than its layer's; of depthwise kernels the layout is their own."""
    tensors, _ = golden("x3d_m")
    tensors["blocks.5.proj.weight"] = tensors["blocks.5.proj.weight"][:300]
    tensors["blocks.0.conv.conv_xy.weight"] = tensors["blocks.0.conv.conv_xy.weight"][:, :, :3]
    tensors["blocks.6.proj.bias"] = tensors.pop("blocks.5.proj.bias")
    model = models.build("x3d_s", 400, "RGB", 4, 32)
    before = model.get_layer("blocks-0-conv-conv_t").get_weights()[0]
    with pytest.raises(InputError) as error:
        fill(model, pytorchvideo.plan(model, tensors), tensors, "x3d.pyth", is_ignored=pytorchvideo.is_ignored)
    faults = (
        "blocks.5.proj.bias is missing",
        "blocks.0.conv.conv_xy.weight is 24×1×3×1×1 and not 24×1×5×1×1",
        "blocks.5.proj.weight is 300×2048 and not 400×2048",
        "blocks.6.proj.bias is left over",
    )
    assert str(error.value) == f"x3d.pyth: does not hold x3d_s: {', '.join(faults)}"
    np.testing.assert_array_equal(model.get_layer("blocks-0-conv-conv_t").get_weights()[0], before)


def test_every_network_has_a_format():
    """Each is imported for the clip that its builder is made for, at the published frame rate."""
    formats = {one.recogniser: one for one in FORMATS.values() if one.module == "models.imports.pytorchvideo"}
    assert set(formats) == {"x3d_s", "x3d_m", "slowfast_8x8", "slowfast_4x16"}
    for name, one in formats.items():
        ours = models.RECOGNISERS[name]
        assert (one.frames, one.window, one.size, one.fps) == (ours.frames, ours.frames, ours.size, ours.fps)


@pytest.mark.parametrize(
    ("frames", "sparser", "expected"),
    [(32, 4, [0, 4, 8, 13, 17, 22, 26, 31]), (32, 8, [0, 10, 20, 31]), (8, 8, [0]), (3, 4, [0]), (9, 4, [0, 4, 8])],
)
def test_slow_frames(frames, sparser, expected):
    """The first two are what torch.linspace(0, 31, 8).long() and torch.linspace(0, 31, 4).long() give."""
    assert slow_frames(frames, sparser) == expected
