"""A process that ends while Keras' threads are at work."""

import subprocess
import sys

ENDS = """
import sys, threading, time
from common.batches import Batches

class Slow(Batches):
    def batch(self, index):
        print("begun", flush=True)
        under_way.release()
        time.sleep(0.5)
        print("done", flush=True)

def work():
    while True:
        batches[0]

batches, under_way = Slow(), threading.Semaphore(0)
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
for _ in range(3):
    under_way.acquire()
sys.exit(130)
"""


def test_batches_begun_are_waited_for_and_no_others_begin(root):
    done = subprocess.run([sys.executable, "-c", ENDS], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 130, done.stderr
    assert done.stdout.split() == ["begun"] * 3 + ["done"] * 3
