# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A node that waits for its first message ends when its terminal closes."""

import os
import signal
import threading

import pytest

from spike_recon_ros.cli.interrupts import RequestsInterrupt
from spike_recon_ros.nodes.middleware import spin_until_shutdown


@pytest.mark.skipif(
    signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL, reason='SIGHUP is ignored here (nohup)'
)
def test_an_idle_node_ends_when_its_terminal_closes(executor, other):
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGHUP))
    with RequestsInterrupt():
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            spin_until_shutdown(executor)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
