"""Stages that overlap: a producer thread ahead of the caller, a consumer thread behind it."""

import queue
import threading
import time
from collections import defaultdict
from contextlib import contextmanager, suppress

_END = object()


def prefetch(items, size=8, drop=False):
    """Yield what `items` yields, produced by a thread up to `size` items ahead.

    With `drop` the producer never waits: when the queue is full the oldest item goes (live sources must not fall behind).
    An exception of the producer is raised here; leaving the loop stops the producer.
    """
    pending, stop = queue.Queue(size), threading.Event()

    def put(item):
        while not stop.is_set():
            try:
                return pending.put(item, block=not drop, timeout=0.1)
            except queue.Full:
                if drop:
                    _discard_one(pending)

    def produce():
        end = (_END, None)
        try:
            for item in items:
                put((item, None))
                if stop.is_set():
                    break
        except BaseException as error:
            end = (_END, error)
        put(end)

    thread = threading.Thread(target=produce, daemon=True, name="prefetch")
    thread.start()
    try:
        while True:
            item, error = pending.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stop.set()
        thread.join()


def _discard_one(pending):
    with suppress(queue.Empty):
        pending.get_nowait()


class Background:
    """Call `function(item)` for each item put, in order, in a thread; at most `size` items wait.

    Use in a ``with`` block: a clean exit waits until everything is done, an exception drops what still waits. An exception
    of `function` is raised by the next `put` or on exit.
    """

    def __init__(self, function, size=8):
        self._function, self._pending, self._error = function, queue.Queue(size), None
        self._thread = threading.Thread(target=self._work, daemon=True, name="background")

    def __enter__(self):
        self._thread.start()
        return self

    def put(self, item):
        """Hand over one item; waits while `size` items are pending."""
        if self._error is not None:
            raise self._error
        self._pending.put(item)

    def __exit__(self, kind, *_):
        if kind is not None:
            self._error = self._error or kind
        self._pending.put(_END)
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def _work(self):
        while (item := self._pending.get()) is not _END:
            if self._error is None:
                try:
                    self._function(item)
                except BaseException as error:
                    self._error = error


class Stages:
    """Wall seconds spent in named stages: ``with stages("detect"): …``. One thread per stage name."""

    def __init__(self):
        self.seconds = defaultdict(float)

    @contextmanager
    def __call__(self, name):
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

    def watch(self, name, items):
        """Yield from `items`, counting the time spent waiting for each under `name`."""
        iterator = iter(items)
        while True:
            with self(name):
                item = next(iterator, _END)
            if item is _END:
                return
            yield item

    def per_frame(self, frames):
        """``detect 4.1 ms, track 0.3 ms`` per frame, longest first."""
        rows = sorted(self.seconds.items(), key=lambda row: -row[1])
        return ", ".join(f"{name} {1000 * seconds / max(frames, 1):.1f} ms" for name, seconds in rows)
