"""Ctrl-C at a moment of our choosing."""

import signal


class Interrupts:
    """Keeps the first Ctrl-C until `check` is called; a second one acts at once. Use in a ``with`` block of the main thread.

    Python raises KeyboardInterrupt between any two instructions of the main thread. In a finaliser or another callback that
    the interpreter calls by itself it is printed and lost, and a training run would go on as if nobody had pressed a key.
    """

    def __init__(self):
        self._asked = False

    def __enter__(self):
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self._before)

    def _note(self, *_):
        self._asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self):
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self._asked:
            raise KeyboardInterrupt
