# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Waiting for a thread, with an interrupt."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal, threading
from spike_recon_ros.joined_thread import JoinedThread

may_end, ended = threading.Event(), []
def work():
    may_end.wait()
    ended.append(True)

thread = JoinedThread(work, 'work')
thread.start()
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.1)
try:
    thread.join()
except KeyboardInterrupt:
    assert thread.is_alive()
    may_end.set()
    thread.join()
    print('ended' if ended and not thread.is_alive() else 'still runs')
"""


@pytest.mark.skipif(not hasattr(signal, 'setitimer'), reason='there are no timers here')
def test_a_thread_is_waited_for_again_after_an_interrupt_of_the_wait():
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == 'ended\n'
