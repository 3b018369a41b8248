"""Keras without TensorFlow's start-up notes."""

import os
import sys
import tempfile
from contextlib import contextmanager


def import_keras():
    """Import Keras with its backend and return it.

    TensorFlow's libraries write notes to stderr below Python, where no logging setting reaches them (TF_CPP_MIN_LOG_LEVEL is read
    after the first of them). They are shown if the import fails.
    """
    if "keras" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _stderr_kept_back():
            import keras  # noqa: F401
    return sys.modules["keras"]


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
