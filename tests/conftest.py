"""Fixtures every test may use."""

import csv
import importlib.metadata
import os
import runpy
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Two workers take file after file. Those that take long come first, the longest at the front, so that both end at nearly the same time.
LONG = ("test_networks", "test_train", "test_end_to_end", "test_predict", "test_protocol_scripts", "test_train_pose", "test_pose_scripts")
LONG += ("test_two_stream_scripts", "test_recurrent_fusion", "test_train_detector", "test_train_encoder", "test_human_pose", "test_flops")
LONG += ("test_optimizers", "test_run", "test_demo", "test_evaluate", "test_detector_training", "test_encoder_training")
LONG += ("test_stage_pipeline", "test_openvino_export", "test_extract_frames", "test_weak_poses", "test_import_pytorchvideo")


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="session")
def root():
    """The repository's root folder, from which the scripts are run."""
    return ROOT


@pytest.fixture(scope="session")
def data():
    """The optional folder of real test data; tests that need it are skipped without it."""
    folder = Path(os.environ.get("ACTION_DATA", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder} (set ACTION_DATA)")
    return folder


@pytest.fixture(scope="session")
def person_flags(data):
    """Command-line flags of a real person detector and appearance encoder."""
    yolo = data / "yolo"
    stem = yolo / "yolo-fastest-1.1-xl"
    flags = ["--cfg", f"{stem}.cfg", "--weights", f"{stem}.weights", "--names", yolo / "coco.names"]
    return [*map(str, flags), "--encoder", str(data / "reid" / "osnet_x0_25_msmt17.onnx")]


@pytest.fixture(scope="session")
def program(root):
    """Run a script as a user does, in a process of its own: program("train.py", "--epochs", 1, cwd=folder) -> CompletedProcess."""

    def call(name, *flags, cwd=None, code=0):
        command = [sys.executable, str(root / name), *map(str, flags)]
        return checked(subprocess.run(command, cwd=cwd or root, capture_output=True, text=True, timeout=600), code)

    return call


@pytest.fixture(scope="session")
def script(root):
    """The same in this process, which has imported what takes seconds already."""

    def call(name, *flags, cwd=None, code=0):
        arguments = [str(root / name), *map(str, flags)]
        with pytest.MonkeyPatch.context() as patch, captured() as output:
            patch.setattr(sys, "argv", arguments)
            patch.chdir(cwd or root)
            try:
                runpy.run_path(arguments[0], run_name="__main__")
                ended = 0
            except SystemExit as end:
                ended = end.code or 0
            finally:
                back_to_float32()
        return checked(subprocess.CompletedProcess(arguments, ended, *output), code)

    return call


@pytest.fixture(scope="session")
def jax_environment():
    """Variables of a process where Keras has the JAX backend, which compiles in a tenth of its time to what runs slower."""
    pytest.importorskip("jax")
    variables = {**os.environ, "KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    if importlib.metadata.version("jax").startswith("0.10."):  # versions that do not know the flag end the process
        variables["XLA_FLAGS"] = "--xla_cpu_use_fusion_emitters=false"
    return variables


@pytest.fixture
def main_of(monkeypatch):
    """Call a script's main with flags: main_of(train, "--epochs", 1) -> what it returns. Errors come through, unlike those of `script`."""

    def call(module, *flags):
        monkeypatch.setattr(sys, "argv", [f"{module.__name__}.py", *map(str, flags)])
        return module.main()

    yield call
    back_to_float32()


def back_to_float32():
    """Undo what --precision did to this process."""
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")


def checked(done, code):
    """A CompletedProcess that ended with `code` and without a traceback."""
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, f"exit code {done.returncode}: {done.stderr[-2000:]}"
    return done


@contextmanager
def captured():
    """A list that holds [stdout, stderr] at the end: what Python writes, and what libraries write below it."""
    output, streams = [], (sys.stdout, sys.stderr)
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in streams]
        saved = [os.dup(number) for number in (1, 2)]
        try:
            for number, file in enumerate(files, 1):
                os.dup2(file.fileno(), number)
            sys.stdout, sys.stderr = files
            yield output
        finally:
            sys.stdout, sys.stderr = streams
            for number, (descriptor, file) in enumerate(zip(saved, files, strict=True), 1):
                file.flush()
                os.dup2(descriptor, number)
                os.close(descriptor)
                file.seek(0)
                output.append(file.read())


@pytest.fixture(scope="session")
def untrained_run(tmp_path_factory):
    """A run folder of a small network with random weights, two of I3D's blocks: two classes, 16 frames of 32x32 over a window of 32."""
    from models import build, i3d
    from models.run import Run

    folder = tmp_path_factory.mktemp("save_weight") / "untrained"
    meta = {
        "recogniser": "i3d_se", "mode": "RGB", "classes": ["fight", "noFight"], "frames": 16, "window": 32, "size": 32, "fps": None,
        "region": "person", "context": 1.2, "flow": "dis", "seed": 0, "versions": {}, "lists": {}, "metrics": {}, "threshold": 0.5,
        "arguments": {},
    }  # fmt: skip
    run = Run.create(folder, meta)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(i3d, "INCEPTION", {block: i3d.INCEPTION[block] for block in ("3b", "5c")})
        build("i3d_se", 2, "RGB", 16, 32).save(run.model_path)
    return run


@pytest.fixture(scope="session")
def rows():
    """Read a CSV file as a list of dicts."""
    return lambda path: list(csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines()))
