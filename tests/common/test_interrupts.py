"""Ctrl-C, each time in a process of its own: other tests leave libraries with threads and handlers behind."""

import subprocess
import sys

BEGIN = """
import signal
from common.interrupts import Interrupts
before = signal.getsignal(signal.SIGINT)
"""

WAITS = """
try:
    with Interrupts() as interrupts:
        interrupts.check()
        signal.raise_signal(signal.SIGINT)
        print("still here")
        interrupts.check()
        print("not stopped")
except KeyboardInterrupt:
    print("stopped", signal.getsignal(signal.SIGINT) is before)
"""

TWICE = """
with Interrupts():
    signal.raise_signal(signal.SIGINT)
    print("still here")
    try:
        signal.raise_signal(signal.SIGINT)
        print("not stopped")
    except KeyboardInterrupt:
        print("stopped")
"""


def said(root, code):
    return subprocess.run([sys.executable, "-c", BEGIN + code], cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()


def test_ctrl_c_waits_for_the_check(root):
    assert said(root, WAITS) == ["still here", "stopped True"]


def test_a_second_one_acts_at_once(root):
    assert said(root, TWICE) == ["still here", "stopped"]
