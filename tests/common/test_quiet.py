"""Libraries that talk less than they would."""

import importlib
import json
import subprocess
import sys

import pytest

from common.quiet import _absent


def test_openvino_reports_to_nobody(root):
    """Converting a network loads OpenVINO's converter, which asks for the package that sends."""
    code = "\n".join([
        "import sys",
        "from common.quiet import import_openvino",
        "openvino = import_openvino()",
        "from openvino.tools.ovc import convert_model, telemetry_utils",
        "from openvino.tools.ovc import telemetry_stub",
        "assert telemetry_utils.tm is telemetry_stub",
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry.')]",
    ])  # fmt: skip
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_absent_modules_can_be_imported_afterwards(tmp_path, monkeypatch):
    (tmp_path / "wrapper_of_nothing.py").write_text("here = True")
    monkeypatch.syspath_prepend(tmp_path)
    with _absent("wrapper_of_nothing", "json"):
        assert sys.modules["json"] is json  # nobody loses what he has
        with pytest.raises(ImportError):
            importlib.import_module("wrapper_of_nothing")
    assert importlib.import_module("wrapper_of_nothing").here
