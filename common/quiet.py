"""Keras without TensorFlow's start-up notes, OpenVINO without its messages home."""

import os
import sys
import tempfile
from contextlib import contextmanager

# Keras imports them in passing, for wrappers and galleries that nothing here uses, and gets along without: a fifth of its start.
UNUSED = ("sklearn", "matplotlib.pyplot", "pandas")


def import_keras():
    """Import Keras with its backend and return it.

    TensorFlow's libraries write notes to stderr below Python, where no logging setting reaches them (TF_CPP_MIN_LOG_LEVEL is read
    after the first of them). They are shown if the import fails.
    """
    if "keras" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _stderr_kept_back(), _absent(*UNUSED):
            import keras  # noqa: F401
    return sys.modules["keras"]


def import_openvino():
    """Import OpenVINO and return it, without its telemetry.

    Unasked, it reports every import and every operation of a converted network to its makers, which is not for footage of people, and
    on a machine without a network a fifth of a conversion's time. Without the package that sends, OpenVINO has a stand-in of its own.
    """
    sys.modules.setdefault("openvino_telemetry", None)
    import openvino

    return openvino


@contextmanager
def _absent(*names):
    """Let those of the modules that nobody has imported yet look as if they were not installed."""
    names = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


@contextmanager
def _stderr_kept_back():
    sys.stderr.flush()
    with tempfile.TemporaryFile() as notes, os.fdopen(os.dup(2), "wb") as terminal:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except BaseException:
            notes.seek(0)
            terminal.write(notes.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal.fileno(), 2)
