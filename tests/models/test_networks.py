"""What holds for every recogniser, plus I3D's own facts."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

import models
from models import i3d, mobilenet_v3, pose_gru, runtime, se, shufflenet_v2, slowfast, x3d

ROOT = Path(__file__).parents[2]
FRAMES, SIZE = 8, 32
# Of another network here: the same layers; other clips, strides or widths. Some have tests of their own: see test_gait, whose pose network
# needs larger pictures, and test_recurrent_fusion_network.
VARIANTS = ("x3d_m", "slowfast_4x16", "mobilenet_v3_large", "shufflenet_v2_1_0", "shufflenet_v2_1_5", "shufflenet_v2_2_0")
VARIANTS += ("recurrent_fusion", "gait")
NETWORKS = {name: one for name, one in models.RECOGNISERS.items() if name not in VARIANTS}
# Every network alone; fusing is the same for all, so once.
CASES = [("i3d", "Fuse"), *((name, mode) for name, one in NETWORKS.items() for mode in one.modes if len(models.MODES[mode]) == 1)]
FIRST_MODES = {name: one.modes[0] for name, one in NETWORKS.items()}
SHAKEN = [(name, mode) for name, mode in FIRST_MODES.items() if name != "i3d"]  # i3d_se has i3d's layers and more
OPTIONS = {"lrcn": {"backbone": "VGG19", "latent_dim": 16, "hidden_size": 8}, "two_stream": {"backbone": "Small"}}  # small ones
LEARNING_LAYERS = {
    "i3d": "Conv3d_5c_0a_1x1_conv",
    "i3d_se": "Conv3d_5c_0a_1x1_conv",
    "lrcn": "latent",
    "motion": "hidden",
    "pose_gru": "temporal",
    "vatn": "unit_2_expand",
    "mobilenet_v3_small": "expanded_conv_8_depthwise",
    "shufflenet_v2_0_5": "stage4_1_out_conv",
    "x3d_s": "blocks-4-res_blocks-0-branch2-conv_b",
    "slowfast_8x8": "blocks-4-multipathway_blocks-1-res_blocks-0-branch2-conv_b",
}

# Runs in another process, where Keras has another backend. JAX would compile a program for the weights to start from, shape by shape,
# and they are overwritten anyway.
OTHER_SCRIPT = """
import sys
import keras, numpy as np
import models
for kind in ("VarianceScaling", "Orthogonal", "Zeros", "Ones"):
    getattr(keras.initializers, kind).__call__ = lambda self, shape, dtype=None, **_: np.zeros(shape, dtype)
folder, backend, *names = sys.argv[1:]
assert keras.backend.backend() == backend
data = np.load(folder + "/data.npz")
for name in names:
    models.RECOGNISERS[name].load()
    model = keras.models.load_model(f"{folder}/{name}.keras")
    clip = {tensor.name: data[tensor.name] for tensor in model.inputs}
    before = model.predict_on_batch(clip)
    model.compile("sgd", "categorical_crossentropy")
    loss = model.train_on_batch(clip, data["labels"])
    moving = {w.path: keras.ops.convert_to_numpy(w) for w in model.non_trainable_variables if "moving" in w.path}
    np.savez(f"{folder}/{name}_other.npz", predicted=before, loss=loss, **moving)
"""


def build(name, mode, frames=FRAMES, size=SIZE):
    return models.build(name, 3, mode, frames, size, OPTIONS.get(name))


def clips(mode, count=2, frames=FRAMES, size=SIZE):
    """Noise, from dark to bright over the batch; of joints, 0.3 to 1 about a fixed body."""
    random = np.random.default_rng(0)
    inputs = {}
    for name, shape in models.input_shapes(mode, frames, size).items():
        bright = np.linspace(0.3, 1, count).reshape(-1, *[1] * len(shape))
        if name in models.CHANNELS:
            inputs[name] = (random.integers(0, 256, (count, *shape)) * bright).astype(np.uint8)
        else:
            inputs[name] = (random.random(shape[-2:]) + random.random((count, *shape)) * bright).astype(np.float32)
    return inputs


def shake(model, clip=None):
    """Give every weight a value of its own: fresh gates, filters, biases and statistics would hide mistakes.

    With `clip` the statistics are about those of that clip: then clips that differ still differ at the end of a deep network.
    """
    random = np.random.default_rng(1)
    for weight in model.weights:
        noise, value = random.normal(0, 0.1, weight.shape), weight.numpy()
        if weight.path.endswith("moving_variance"):
            weight.assign(0.5 + np.abs(noise))
        elif re.match("block[0-9]_conv", weight.path) and weight.path.endswith("kernel"):
            weight.assign(1.41 * value * (1 + noise))  # VGG has no batch norm: without He's factor nothing would be left at the end
        elif weight.path == "logits/kernel":
            weight.assign(4 * (value + noise * value.std()))  # features of noise differ little
        elif weight.path.endswith("kernel"):
            weight.assign(value + noise * (value.std() or 1))
        elif "seed" not in weight.path:
            weight.assign(value + noise)
    if clip:
        measure_statistics(model, clip)
    return model


def measure_statistics(model, clip):
    """Let the batch norms take over what they see, nearly: where few numbers are left they hardly vary."""
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.1
    model({name: keras.ops.convert_to_tensor(value) for name, value in clip.items()}, training=True)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
        norm.moving_variance.assign_add(keras.ops.full_like(norm.moving_variance, 0.05))


def run_eagerly(model, clip):
    """The network's answer, layer by layer: for one call of a small network faster than compiling it first."""
    return np.asarray(model({name: keras.ops.convert_to_tensor(value) for name, value in clip.items()}, training=False))


@pytest.fixture(scope="module", autouse=True)
def simple():
    """Residual networks with one unit per stage: every kind of layer is there still, and converting and compiling take a fifth.

    pose_gru loses no channels at random, which batch norms behind would see: backends draw differently.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pose_gru, "CHANNEL_DROPOUT", 0.0)
        for module in (slowfast, x3d):
            patch.setattr(module, "STAGES", {block: (1, *sizes) for block, (_, *sizes) in module.STAGES.items()})
        yield


@pytest.fixture(scope="module")
def fresh():
    """Networks by (name, mode), built once."""
    keras.utils.set_random_seed(0)
    return {case: build(*case) for case in CASES}


@pytest.fixture(scope="module", params=SHAKEN, ids="-".join)
def shaken(request):
    """A network, its clips and its answer to them."""
    keras.utils.set_random_seed(0)
    clip = clips(request.param[1])
    model = shake(build(*request.param), clip)
    answer = run_eagerly(model, clip)
    assert np.ptp(answer, axis=0).max() > 1e-3  # so that the tolerances of the tests mean something
    return model, clip, answer


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_clip_gives_probabilities(fresh, case):
    model = fresh[case]
    assert {name: tensor.shape for name, tensor in model.input.items()} == {
        name: (None, *shape) for name, shape in models.input_shapes(case[1], FRAMES, SIZE).items()
    }
    for tensor in model.inputs:
        assert keras.backend.standardize_dtype(tensor.dtype) == ("uint8" if tensor.name in models.CHANNELS else "float32")
    probabilities = run_eagerly(model, clips(case[1]))
    assert probabilities.shape == (2, 3) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert np.ptp(probabilities, axis=0).max() > 0  # two clips, two answers


def test_weights_have_names_that_every_backend_allows(fresh):
    """Keras on PyTorch refuses a dot."""
    assert not [weight.path for case in CASES for weight in fresh[case].weights if "." in weight.path]


def test_openvino_computes_the_same(shaken):
    model, clip, expected = shaken
    network = runtime.compile(model, "openvino", precision="float32")
    np.testing.assert_allclose(network(clip), expected, atol=1e-4)


def test_save_and_load(shaken, tmp_path):
    model, clip, expected = shaken
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(run_eagerly(keras.models.load_model(tmp_path / "model.keras"), clip), expected, atol=1e-6)


@pytest.mark.parametrize("name", LEARNING_LAYERS)
def test_mixed_precision_ends_in_float32(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(name, FIRST_MODES[name])
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer(LEARNING_LAYERS[name]).compute_dtype == "bfloat16"
    assert model.get_layer("logits").compute_dtype == "float32"
    probabilities = run_eagerly(model, clips(FIRST_MODES[name]))
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_same_on_tensorflow_and(backend, tmp_path, monkeypatch, request):
    """Of repeated blocks a few: JAX takes minutes for all. i3d_se has i3d's layers and more."""
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed")
    assert keras.backend.backend() == "tensorflow"
    monkeypatch.setattr(i3d, "INCEPTION", {block: i3d.INCEPTION[block] for block in ("4f", "5c")})
    monkeypatch.setattr(mobilenet_v3, "SMALL", [mobilenet_v3.SMALL[i] for i in (0, 1, 3, 8)])
    monkeypatch.setattr(shufflenet_v2, "UNITS", (1, 1, 2))
    names = [name for name in NETWORKS if name != "i3d"]
    keras.utils.set_random_seed(0)
    data = {**clips("Fuse", 2, 8, 64), **clips("Pose"), **clips("Features", size=64), "labels": np.eye(3, dtype=np.float32)[:2]}
    np.savez(tmp_path / "data.npz", **data)
    here = {}
    for name in names:
        here[name] = build(name, FIRST_MODES[name], 8, 64)
        shake(here[name], {tensor.name: data[tensor.name] for tensor in here[name].inputs})
        here[name].save(tmp_path / f"{name}.keras")
    environment = request.getfixturevalue("jax_environment") if backend == "jax" else {**os.environ, "KERAS_BACKEND": backend}
    other = subprocess.Popen([sys.executable, "-c", OTHER_SCRIPT, str(tmp_path), backend, *names], env=environment, cwd=ROOT)
    for name, model in here.items():
        clip = {tensor.name: data[tensor.name] for tensor in model.inputs}
        predicted = run_eagerly(model, clip)
        model.compile("sgd", "categorical_crossentropy")
        kernel = model.trainable_variables[0]
        before = kernel.numpy()
        assert np.isfinite(model.train_on_batch(clip, data["labels"]))
        assert np.abs(kernel.numpy() - before).max() > 0
        here[name] = predicted, {w.path: w.numpy() for w in model.non_trainable_variables if "moving" in w.path}
    assert other.wait(600) == 0
    for name, (predicted, moving) in here.items():
        there = np.load(tmp_path / f"{name}_other.npz")
        assert np.ptp(predicted, axis=0).max() > 1e-3  # so that the tolerance means something
        np.testing.assert_allclose(there["predicted"], predicted, atol=1e-4)
        assert np.isfinite(there["loss"])
        # Dropout draws differ, but the statistics of the training step come before it.
        for path, value in moving.items():
            np.testing.assert_allclose(there[path], value, rtol=1e-3, atol=1e-4, err_msg=path)


def test_importing_the_table_imports_no_keras():
    code = "import sys, models; assert not {'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_fuse_is_softmax_of_mean_logits(fresh):
    rgb, flow = shake(fresh["i3d", "RGB"]), shake(fresh["i3d", "Flow"])
    clip = clips("Fuse")
    logits = [
        run_eagerly(keras.Model(model.input, model.get_layer("logits").output), {stream: clip[stream]})
        for stream, model in (("rgb", rgb), ("flow", flow))
    ]
    mean = np.exp((logits[0] + logits[1]) / 2)
    np.testing.assert_allclose(run_eagerly(models.fuse(rgb, flow), clip), mean / mean.sum(1, keepdims=True), atol=1e-5)


def test_fused_streams_take_single_weights(fresh):
    fused, single = fresh["i3d", "Fuse"], shake(models.build("i3d", 3, "RGB", FRAMES, SIZE))
    stream = fused.get_layer("rgb_stream")
    for layer in single.layers:
        if layer.weights:
            stream.get_layer(layer.name).set_weights(layer.get_weights())
    expected = run_eagerly(keras.Model(single.input, single.get_layer("logits").output), clips("RGB"))
    np.testing.assert_allclose(run_eagerly(stream, clips("RGB")), expected, atol=1e-6)


@pytest.mark.parametrize(("stream", "weights"), [("rgb", 12_294_544), ("flow", 12_294_544 - 7**3 * 64)])
def test_i3d_weights_of_the_trunk(stream, weights):
    model = i3d.i3d(400, stream, FRAMES, SIZE)
    assert model.count_params() - model.get_layer("Conv3d_6a_1x1_conv").count_params() == weights
    assert [layer.name for layer in model.layers if getattr(layer, "use_bias", False)] == ["Conv3d_6a_1x1_conv"]
    assert not any(layer.scale for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))


def test_i3d_has_the_names_of_the_keras_port(fresh):
    stem = ["Conv3d_1a_7x7", "Conv3d_2b_1x1", "Conv3d_2c_3x3"]
    parts = ["0a_1x1", "1a_1x1", "1b_3x3", "2a_1x1", "2b_3x3", "3b_1x1"]
    blocks = ["3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c"]
    convolutions = stem + [f"Conv3d_{block}_{part}" for block in blocks for part in parts]
    expected = {f"{name}_{kind}" for name in convolutions for kind in ("conv", "bn")} | {"Conv3d_6a_1x1_conv"}
    for name in ("i3d", "i3d_se"):
        with_weights = {layer.name for layer in fresh[name, "RGB"].layers if layer.weights}
        assert {name for name in with_weights if "_se_" not in name and name != "dropout"} == expected


def test_i3d_shapes_at_the_papers_size():
    model = i3d.i3d(400)
    shapes = {
        "Mixed_3c": (32, 28, 28, 480),
        "Mixed_4f": (16, 14, 14, 832),
        "Mixed_5c": (8, 7, 7, 1024),
        "global_avg_pool": (7, 1, 1, 1024),
    }
    assert {name: model.get_layer(name).output.shape[1:] for name in shapes} == shapes


@pytest.mark.parametrize(("frames", "size"), [(16, 112), (1, 32)])
def test_i3d_takes_other_clips(frames, size):
    assert i3d.i3d(5, frames=frames, size=size).output_shape == (None, 5)


def test_grey_flow_is_no_motion():
    scale, offset = i3d.NORMALISATION["flow"]
    assert abs(128 * scale + offset) < 1e-12 and 255 * scale + offset == pytest.approx(1)


def test_fresh_gates_change_nothing(fresh):
    plain, attentive = fresh["i3d", "RGB"], models.build("i3d_se", 3, "RGB", FRAMES, SIZE)
    for layer in plain.layers:
        if layer.weights:
            attentive.get_layer(layer.name).set_weights(layer.get_weights())
    np.testing.assert_allclose(run_eagerly(attentive, clips("RGB")), run_eagerly(plain, clips("RGB")), atol=1e-6)


def gate_by_hand(x, weights):
    """The formula of `squeeze_excite` in NumPy; `weights` by the end of the layer's name."""

    def dense(value, name):
        return value @ weights[name][0] + weights[name][1]

    def over_time(value, name):  # (B, T, C) with a kernel over three frames
        padded, kernel = np.pad(value, ((0, 0), (1, 1), (0, 0))), weights[name][0][:, 0, 0]
        return sum(padded[:, i : i + value.shape[1]] @ kernel[i] for i in range(3)) + sum(weights[name][1:])

    squeezed = x.mean((2, 3))
    channel = dense(np.maximum(dense(squeezed.mean(1), "channel_reduce"), 0), "channel_gate")
    temporal = over_time(np.maximum(over_time(squeezed, "temporal_reduce"), 0), "temporal_gate")
    channel, temporal = (2 / (1 + np.exp(z.mean(1, keepdims=True) - z)) for z in (channel, temporal))
    return x * channel[:, None, None, None] * temporal[:, :, None, None]


def test_gates_by_hand_with_free_frames():
    clip = keras.Input((None, 5, 6, 32))
    model = shake(keras.Model(clip, se.squeeze_excite(clip, "se")))
    weights = {layer.name.removeprefix("se_"): layer.get_weights() for layer in model.layers if layer.weights}
    assert set(weights) == {"channel_reduce", "channel_gate", "temporal_reduce", "temporal_gate"}
    for frames in (1, 4, 7):
        x = np.random.default_rng(frames).normal(size=(2, frames, 5, 6, 32)).astype(np.float32)
        np.testing.assert_allclose(model(x), gate_by_hand(x, weights), rtol=1e-4, atol=1e-5)
