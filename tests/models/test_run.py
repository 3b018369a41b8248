import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import models
from common.errors import InputError
from models import i3d, runtime
from models.run import DEFAULTS, META_KEYS, Run

ROOT = Path(__file__).parents[2]
META = {
    "recogniser": "i3d",
    "mode": "RGB",
    "classes": ["Fighting", "Walking"],
    "frames": 8,
    "window": 64,
    "size": 32,
    "fps": None,
    "region": "person",
    "context": 1.2,
    "flow": "dis",
}
CLIP = {"rgb": np.random.default_rng(0).integers(0, 256, (1, 8, 32, 32, 3), np.uint8)}


@pytest.fixture(scope="module", autouse=True)
def short():
    """I3D with two of its blocks: files hold every kind of layer still, and are written and read in a third of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(i3d, "INCEPTION", {block: i3d.INCEPTION[block] for block in ("3b", "5c")})
        yield


@pytest.fixture(scope="module")
def model(short):
    return models.build("i3d", 2, frames=8, size=32)


@pytest.fixture(scope="module")
def expected(model):
    """What the network says of CLIP."""
    return model.predict_on_batch(CLIP)


@pytest.fixture(scope="module")
def trained(model, tmp_path_factory):
    run = Run.create(tmp_path_factory.mktemp("save_weight") / "first run", META | {"threshold": 0.4})
    model.save(run.model_path)
    model.save_weights(run.folder / "own.weights.h5")
    model.save(run.folder / "whole.hdf5")
    return run


@pytest.fixture
def folder(trained, tmp_path):
    shutil.copy(trained.folder / "meta.json", tmp_path)
    shutil.copy(trained.model_path, tmp_path)
    return tmp_path


def put_meta(folder, **values):
    meta = json.loads((folder / "meta.json").read_text()) | values
    (folder / "meta.json").write_text(json.dumps({key: value for key, value in meta.items() if value != "absent"}))


def test_facts_survive_the_disk(trained):
    run = Run.open(trained.folder)
    assert run == trained
    assert (run.recogniser, run.mode, run.classes, run.frames, run.window) == ("i3d", "RGB", ["Fighting", "Walking"], 8, 64)
    assert (run.size, run.fps, run.region, run.context, run.flow, run.threshold) == (32, None, "person", 1.2, "dis", 0.4)


def test_opening_imports_no_keras(trained):
    code = "import sys; from models.run import Run; Run.open(sys.argv[1]); assert not {'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code, trained.folder], cwd=ROOT, check=True)


@pytest.mark.parametrize("name", ["model.keras", "own.weights.h5", "whole.hdf5"])
def test_every_kind_of_file_gives_the_same_network(trained, expected, name):
    loaded = Run.open(trained.folder / name).load_model()
    np.testing.assert_allclose(loaded(CLIP, training=False), expected, atol=1e-6)


def test_runtime_keeps_a_runs_network_beside_its_weights(trained, expected, monkeypatch):
    run = Run.open(trained.folder)
    first = runtime.compile(run, "openvino", precision="float32")
    assert runtime.cache_path(run.model_path).parent == run.folder
    monkeypatch.setattr(Run, "load_model", lambda self: pytest.fail("loaded although converted"))
    second = runtime.compile(run, "openvino", precision="float32")
    np.testing.assert_array_equal(first(CLIP), second(CLIP))
    np.testing.assert_allclose(first(CLIP), expected, atol=1e-4)


@pytest.mark.parametrize("key", [key for key in META_KEYS if key not in DEFAULTS])
def test_missing_key_is_named(folder, key):
    put_meta(folder, **{key: "absent"})
    with pytest.raises(InputError, match=rf"meta\.json: lacks {key};"):
        Run.open(folder)


def test_crops_of_older_runs_follow_the_person(folder):
    put_meta(folder, crop="absent")
    assert Run.open(folder).crop == "following"
    put_meta(folder, crop="fixed")
    assert Run.open(folder).crop == "fixed"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("recogniser", "resnet"),
        ("recogniser", ["i3d"]),
        ("mode", "rgb"),
        ("classes", ["one"]),
        ("classes", ["one", "one"]),
        ("classes", "ab"),
        ("frames", 0),
        ("window", True),
        ("size", 22.4),
        ("fps", 0),
        ("region", "box"),
        ("context", "1.2"),
        ("flow", "farneback"),
        ("crop", None),
    ],
)
def test_unusable_value_is_named(folder, key, value):
    put_meta(folder, **{key: value})
    with pytest.raises(InputError, match=rf"meta\.json: {key} is "):
        Run.open(folder)


def test_missing_and_strange_paths(folder, tmp_path):
    with pytest.raises(InputError, match="no such run"):
        Run.open(tmp_path / "absent")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match="not a model"):
        Run.open(tmp_path / "notes.txt")
    (folder / "model.keras").unlink()
    with pytest.raises(InputError, match="holds no model"):
        Run.open(folder)


def test_folder_with_several_models_asks_which(folder):
    (folder / "model.keras").rename(folder / "a.keras")
    assert Run.open(folder).model_path == folder / "a.keras"
    shutil.copy(folder / "a.keras", folder / "b.keras")
    with pytest.raises(InputError, match="holds 2 models"):
        Run.open(folder)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b"[]"])
def test_broken_meta(folder, content):
    (folder / "meta.json").write_bytes(content)
    with pytest.raises(InputError, match=r"meta\.json: not "):
        Run.open(folder)


def test_absent_meta(folder):
    (folder / "meta.json").unlink()
    with pytest.raises(InputError, match=r"meta\.json: cannot be read"):
        Run.open(folder)


@pytest.mark.parametrize("keep", [0, 1000, -1000])
def test_broken_keras_file(folder, keep):
    file = folder / "model.keras"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"model\.keras: "):
        Run.open(folder).load_model()


def test_keras_file_with_broken_contents(folder):
    file = folder / "model.keras"
    content = bytearray(file.read_bytes())
    content[2000:400_000] = bytes(398_000)
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.keras: not a model that can be loaded \(.+\)"):
        Run.open(folder).load_model()


@pytest.mark.parametrize("name", ["own.weights.h5", "whole.hdf5"])
@pytest.mark.parametrize("keep", [0, 3000, -3000])
def test_broken_hdf5_file(trained, folder, name, keep):
    (folder / name).write_bytes((trained.folder / name).read_bytes()[:keep])
    with pytest.raises(InputError, match=name):
        Run.open(folder / name).load_model()


def test_lambda_layers_are_refused(folder):
    import keras

    clip = keras.Input((8, 32, 32, 3), dtype="uint8", name="rgb")
    x = keras.layers.Lambda(lambda x: x * 2)(keras.layers.GlobalAveragePooling3D()(clip))
    keras.Model({"rgb": clip}, keras.layers.Dense(2)(x)).save(folder / "model.keras")
    with pytest.raises(InputError, match="not a model that can be loaded"):
        Run.open(folder).load_model()


def test_classes_must_fit_the_network(folder):
    put_meta(folder, classes=["a", "b", "c"])
    with pytest.raises(InputError, match=r"names 3 classes, but the network in model\.keras has 2 outputs"):
        Run.open(folder).load_model()


@pytest.mark.parametrize("values", [{"mode": "Flow"}, {"frames": 16}, {"size": 64}])
def test_clip_must_fit_the_network(folder, values):
    put_meta(folder, **values)
    with pytest.raises(InputError, match="says that the network eats"):
        Run.open(folder).load_model()


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_weights_of_another_network_are_refused(trained, folder):
    shutil.copy(trained.folder / "own.weights.h5", folder)
    put_meta(folder, recogniser="i3d_se")
    with pytest.raises(InputError, match=r"weights\.h5: "):
        Run.open(folder / "own.weights.h5").load_model()


def test_weights_by_name(trained, folder, model, expected):
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group  # what Keras 2 called save_weights("x.h5")

    with h5py.File(folder / "weights.hdf5", "w") as file:
        save_weights_to_hdf5_group(file, model)
    loaded = Run.open(folder / "weights.hdf5").load_model()
    np.testing.assert_allclose(loaded(CLIP, training=False), expected, atol=1e-6)
    put_meta(folder, recogniser="i3d_se")
    with pytest.raises(InputError, match="holds no weights for layer Mixed_3b_se_"):
        Run.open(folder / "weights.hdf5").load_model()


def test_unusable_meta_is_not_written(tmp_path):
    with pytest.raises(InputError, match="lacks mode"):
        Run.create(tmp_path / "run", {key: value for key, value in META.items() if key != "mode"})
    assert not (tmp_path / "run").exists()
