"""Batches that Keras' threads make, and that let go of them before Python ends."""

import threading
import weakref

import keras


class Batches(keras.utils.PyDataset):
    """A `keras.utils.PyDataset` that subclasses give `batch(index)` instead of ``__getitem__``.

    Keras leaves its threads at work where a training is interrupted. A thread that comes back from C++ code, OpenCV's for one, when
    Python has begun to end is thrown out of it, which aborts the process (before Python 3.14; github.com/python/cpython/issues/87135).
    So at Python's end batches in the making are waited for, and no others are begun.
    """

    def __init__(self, **options):
        super().__init__(**options)
        self._gate = _Gate()
        weakref.finalize(self, self._gate.close)

    def __getitem__(self, index):
        with self._gate:
            return self.batch(index)


class _Gate:
    """Lets threads in, until it is closed: then it waits until all are out, and holds whoever comes for good."""

    def __init__(self):
        self._changed, self._inside, self._closed = threading.Condition(), 0, False

    def __enter__(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._inside += 1

    def __exit__(self, *_):
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._inside)
