"""A process that ends while Keras' threads are at work."""

import subprocess
import sys

ENDS = """
import os, sys, threading, time
from common.batches import Batches

class Slow(Batches):
    def batch(self, index):
        os.write(1, b"begun\\n")
        under_way.release()
        time.sleep(0.5)
        os.write(1, b"done\\n")

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


def test_batches_begun_are_waited_for(root):
    done = subprocess.run([sys.executable, "-c", ENDS], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 130, done.stderr
    assert done.stdout.count("begun") == done.stdout.count("done") >= 3
