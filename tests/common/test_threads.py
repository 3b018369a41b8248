import threading
import time

import pytest

from common.threads import Background, Stages, prefetch


def test_prefetch_keeps_order_and_runs_ahead():
    produced = []

    def numbers():
        for i in range(20):
            produced.append(i)
            yield i

    items = prefetch(numbers(), size=4)
    assert next(items) == 0
    deadline = time.monotonic() + 5
    while len(produced) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 5 <= len(produced) <= 6  # four wait in the queue, one is in the producer's hand
    assert list(items) == list(range(1, 20))


def test_prefetch_raises_the_producers_error_after_its_items():
    def broken():
        yield 1
        raise ValueError("disk gone")

    items = prefetch(broken())
    assert next(items) == 1
    with pytest.raises(ValueError, match="disk gone"):
        next(items)


def test_prefetch_that_drops_never_waits_and_gives_the_newest():
    done = threading.Event()

    def camera():
        yield from range(100)
        done.set()

    items = prefetch(camera(), size=2, drop=True)
    first = next(items)
    assert done.wait(5)
    rest = list(items)
    assert len(rest) <= 3 and rest == sorted(rest) and first < 100


def test_leaving_the_loop_stops_the_producer():
    stopped = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            stopped.set()

    source = endless()
    items = prefetch(source, size=2)
    next(items)
    items.close()
    source.close()
    assert stopped.is_set() and not any(t.name == "prefetch" and t.is_alive() for t in threading.enumerate())


def test_background_finishes_everything_in_order_before_the_block_ends():
    done = []
    with Background(lambda i: (time.sleep(0.001), done.append(i)), size=3) as worker:
        for i in range(30):
            worker.put(i)
    assert done == list(range(30))


def test_background_hands_back_the_functions_error():
    def fail(_):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), Background(fail) as worker:
        for i in range(100):
            worker.put(i)
            time.sleep(0.001)


def test_background_drops_what_waits_when_the_block_fails():
    done, gate = [], threading.Event()
    with pytest.raises(KeyError), Background(lambda i: (gate.wait(5), done.append(i)), size=50) as worker:
        for i in range(50):
            worker.put(i)
        threading.Timer(0.05, gate.set).start()
        raise KeyError("stop")
    assert len(done) < 50


def test_stages_add_up_per_name():
    stages = Stages()
    for _ in range(3):
        with stages("a"):
            time.sleep(0.002)
    assert list(stages.watch("b", [1, 2])) == [1, 2]
    assert stages.seconds["a"] >= 0.006 and "b" in stages.seconds
    assert stages.per_frame(3).startswith("a ")
