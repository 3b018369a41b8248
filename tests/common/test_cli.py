import subprocess
import sys

import pytest

from common import cli
from common.errors import InputError


@pytest.mark.parametrize(("text", "value"), [("True", True), ("false", False), ("0", False), ("Yes", True)])
def test_boolean_words(text, value):
    assert cli.boolean(text) is value


def test_bad_input_is_one_line_and_exit_code_1(capsys):
    def main():
        raise InputError("no folder videos; make it")

    with pytest.raises(SystemExit) as stop:
        cli.run(main)
    assert stop.value.code == 1 and capsys.readouterr().err == "error: no folder videos; make it\n"


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        cli.run(lambda: 1 / 0)


SCRIPTS = [
    "extract_frames.py",
    "group_frames.py",
    "reverse_oversample.py",
    "generate_64.py",
    "train.py",
    "evaluate.py",
    "predict.py",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_needs_no_heavy_library(root, script):
    """What makes --help slow is an import; none of these may be loaded by it (the seconds are in the benchmarks)."""
    code = (
        f"import sys, runpy; sys.argv = [{script!r}, '--help']\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\nexcept SystemExit as stop:\n    code = stop.code\n"
        "heavy = {'keras', 'tensorflow', 'openvino', 'cv2', 'numpy', 'scipy', 'av', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_wrong_flag_exits_with_2(root, script):
    done = subprocess.run([sys.executable, script, "--no-such-flag"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_bundled_files_are_found_from_any_folder_and_ones_own_come_first(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.bundled("model_data/person.cfg") == str(root / "model_data/person.cfg")
    (tmp_path / "save_weight/default").mkdir(parents=True)
    assert cli.bundled("save_weight/default") == "save_weight/default"
    monkeypatch.chdir(root)
    assert cli.bundled("model_data/person.cfg") == "model_data/person.cfg"
