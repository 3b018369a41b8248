"""Libraries that talk less than they would."""

import subprocess
import sys


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
