import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from models import runtime

ROOT = Path(__file__).parents[2]


def tiny(policy="float32"):
    clip = keras.Input((4, 8, 8, 3), dtype="uint8", name="rgb")
    x = layers.Rescaling(1 / 255, name="normalise", dtype=policy)(clip)
    x = layers.Conv3D(4, 3, padding="same", activation="relu", dtype=policy)(x)
    x = layers.Flatten(dtype=policy)(x)
    return keras.Model({"rgb": clip}, layers.Dense(3, activation="softmax", dtype="float32")(x))


def clips(count):
    return {"rgb": np.random.default_rng(0).integers(0, 256, (count, 4, 8, 8, 3), np.uint8)}


def refuse():
    raise AssertionError("the model was loaded although a converted network is there")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return tiny()


@pytest.fixture(scope="module")
def converted(model, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache") / "network.xml"
    runtime.compile(model, "openvino", cache)
    return cache


@pytest.fixture
def cache(converted, tmp_path):
    for suffix in (".xml", ".bin"):
        (tmp_path / f"network{suffix}").write_bytes(converted.with_suffix(suffix).read_bytes())
    return tmp_path / "network.xml"


@pytest.mark.parametrize("count", [1, 2, 7, 9])
def test_float32_equals_keras_for_any_batch(model, converted, count):
    network = runtime.compile(refuse, "openvino", converted, "float32")
    assert network.precision == "f32"
    scores = network(clips(count))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, model.predict_on_batch(clips(count)), atol=1e-5)


def test_result_is_not_overwritten_by_the_next_call(converted):
    network = runtime.compile(refuse, "openvino", converted)
    first = network(clips(2))
    kept = first.copy()
    network({"rgb": np.zeros((2, 4, 8, 8, 3), np.uint8)})
    np.testing.assert_array_equal(first, kept)


def test_portions_are_powers_of_two():
    assert runtime._portions(13, 8) == [8, 4, 1]
    assert runtime._portions(17, 8) == [8, 8, 1]
    assert runtime._portions(3, 1) == [1, 1, 1]


def test_keras_runtime_gives_what_keras_gives(model):
    network = runtime.compile(lambda: model, "keras")
    assert network.runtime == "keras"
    np.testing.assert_allclose(network(clips(3)), model.predict_on_batch(clips(3)), atol=1e-6)


def test_auto_is_openvino_on_a_machine_without_accelerator(model, monkeypatch, converted):
    monkeypatch.setattr(runtime, "_keras_has_accelerator", lambda: False)
    assert runtime.compile(refuse, "auto", converted).runtime == "openvino"
    monkeypatch.setattr(runtime, "_keras_has_accelerator", lambda: True)
    assert runtime.compile(lambda: model, "auto", converted).runtime == "keras"


def test_cached_start_imports_neither_tensorflow_nor_keras(converted):
    code = """
import sys, pathlib, numpy
from models import runtime
network = runtime.compile(lambda: 1 / 0, "openvino", pathlib.Path(sys.argv[1]))
assert network({"rgb": numpy.zeros((2, 4, 8, 8, 3), "uint8")}).shape == (2, 3)
assert not {"tensorflow", "keras", "jax", "torch"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code, converted], cwd=ROOT, check=True)


@pytest.mark.parametrize("suffix", [".xml", ".bin"])
@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-9], lambda b: b[:40] + b"?" + b[41:]], ids=["empty", "short", "flipped"])
def test_broken_cache_is_not_used(cache, suffix, damage):
    assert runtime._read(cache) is not None
    file = cache.with_suffix(suffix)
    file.write_bytes(damage(file.read_bytes()))
    assert runtime._read(cache) is None


@pytest.mark.parametrize("suffix", [".xml", ".bin"])
def test_unusable_cache_is_rebuilt(model, cache, suffix):
    cache.with_suffix(suffix).unlink()
    np.testing.assert_allclose(runtime.compile(model, "openvino", cache, "float32")(clips(1)), model.predict_on_batch(clips(1)), atol=1e-5)
    runtime.compile(refuse, "openvino", cache)
    assert sorted(path.name for path in cache.parent.iterdir()) == ["network.bin", "network.xml"]


def test_weights_of_another_conversion_are_not_combined(cache, model):
    keras.utils.set_random_seed(2)
    other = tiny()
    second = cache.with_name("second.xml")
    runtime.compile(other, "openvino", second)
    second.with_suffix(".bin").replace(cache.with_suffix(".bin"))
    assert runtime._read(cache) is None


def test_a_writer_between_the_two_files_of_another_does_no_harm(model, tmp_path, monkeypatch):
    cache = tmp_path / "network.xml"
    keras.utils.set_random_seed(2)
    other, replace = tiny(), os.replace

    def interrupted_replace(source, target):
        replace(source, target)
        if Path(target).suffix == ".bin":
            monkeypatch.setattr(os, "replace", replace)
            monkeypatch.setattr(os, "getpid", lambda: 1)  # as another program would have
            runtime.compile(other, "openvino", cache)

    monkeypatch.setattr(os, "replace", interrupted_replace)  # called for the .bin, then for the .xml
    first = runtime.compile(model, "openvino", cache, "float32")
    np.testing.assert_allclose(first(clips(1)), model.predict_on_batch(clips(1)), atol=1e-5)
    assert runtime._read(cache) is None  # the other's .bin under the first one's .xml
    again = runtime.compile(model, "openvino", cache, "float32")
    np.testing.assert_allclose(again(clips(1)), model.predict_on_batch(clips(1)), atol=1e-5)


def test_unwritable_cache_costs_only_time(model, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    network = runtime.compile(model, "openvino", tmp_path / "file" / "network.xml")
    assert network(clips(1)).shape == (1, 3)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_network_trained_in_mixed_precision(model, policy):
    mixed = tiny(policy)
    mixed.set_weights(model.get_weights())
    nested = keras.Model(mixed.input, mixed(mixed.input))
    network = runtime.compile(nested, "openvino", precision="float32")
    np.testing.assert_allclose(network(clips(2)), model.predict_on_batch(clips(2)), atol=1e-5)
    assert mixed.layers[2].compute_dtype == policy.removeprefix("mixed_")


def test_network_with_two_outputs_is_refused():
    clip = keras.Input((4,), name="x")
    with pytest.raises(ValueError, match="one output"):
        runtime.compile(keras.Model(clip, [clip, clip + 1]), "openvino")


def test_cache_path_follows_the_contents(tmp_path):
    weights, cfg = tmp_path / "a.weights", tmp_path / "a.cfg"
    weights.write_bytes(b"1")
    cfg.write_bytes(b"2")
    first = runtime.cache_path(cfg, weights)
    assert first.parent == tmp_path and first.suffix == ".xml" and first.name.startswith("a.openvino-")
    assert runtime.cache_path(cfg, weights) == first
    weights.write_bytes(b"3")
    assert runtime.cache_path(cfg, weights) != first


def test_cache_path_leaves_a_read_only_folder_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / "a.weights").write_bytes(b"1")
        folder.chmod(0o555)
    one, two = (runtime.cache_path(folder / "a.weights") for folder in folders)
    assert one.is_relative_to(tmp_path / "cache" / "action_recognition")
    assert one.parent != two.parent


def test_conversion_removes_the_one_for_older_weights(model, tmp_path):
    weights = tmp_path / "model.keras"
    stays = [tmp_path / "model.openvino-notes.txt", tmp_path / "model2.openvino-0123456789abcdef.xml"]
    for file in stays:
        file.write_text("")
    for content in (b"old", b"new"):
        weights.write_bytes(content)
        runtime.compile(model, "openvino", runtime.cache_path(weights))
    stem = runtime.cache_path(weights).stem
    expected = {"model.keras", f"{stem}.xml", f"{stem}.bin", *(file.name for file in stays)}
    assert {file.name for file in tmp_path.iterdir()} == expected
