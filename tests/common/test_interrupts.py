import signal

import pytest

from common.interrupts import Interrupts


def press():
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_waits_for_the_check():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        interrupts.check()
        press()
        reached = True
        interrupts.check()
    assert reached and signal.getsignal(signal.SIGINT) is before


def test_a_second_one_acts_at_once():
    with Interrupts():
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
