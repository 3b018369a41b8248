"""Fixtures every test may use."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


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
def script(root):
    """Run a script through its command line: script("train.py", "--epochs", 1, cwd=folder) -> CompletedProcess."""

    def call(name, *flags, cwd=None, code=0):
        done = subprocess.run(
            [sys.executable, str(root / name), *map(str, flags)], cwd=cwd or root, capture_output=True, text=True, timeout=600
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, f"exit code {done.returncode}: {done.stderr[-2000:]}"
        return done

    return call


@pytest.fixture(scope="session")
def untrained_run(tmp_path_factory):
    """A run folder of a small network with random weights: two classes, 16 frames of 32x32 over a window of 32."""
    from models import build
    from models.run import Run

    folder = tmp_path_factory.mktemp("save_weight") / "untrained"
    meta = {
        "recogniser": "i3d_se", "mode": "RGB", "classes": ["fight", "noFight"], "frames": 16, "window": 32, "size": 32, "fps": None,
        "region": "person", "context": 1.2, "flow": "dis", "seed": 0, "versions": {}, "lists": {}, "metrics": {}, "threshold": 0.5,
        "arguments": {},
    }  # fmt: skip
    run = Run.create(folder, meta)
    build("i3d_se", 2, "RGB", 16, 32).save(run.model_path)
    return run


@pytest.fixture(scope="session")
def rows():
    """Read a CSV file as a list of dicts."""
    return lambda path: list(csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines()))
