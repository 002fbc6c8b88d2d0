# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A node that waits for its first message ends when its terminal closes."""

import signal
import subprocess
import sys
import time

import pytest

# In a process of their own, because the signal would end the tests where nothing handles it. It
# is ignored where `nohup` starts the tests.
CLOSED = 'import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n'
NODE = """\
import sys
from spike_recon_ros.cli.main import main
sys.exit(main(['node', '--ros-args', '-p', 'model:=fibar']))
"""
# Without a timer, nothing else ends a wait.
WITHOUT_TIMERS = """\
import sys
import rclpy
from rclpy.executors import SingleThreadedExecutor
from spike_recon_ros.cli.interrupts import RequestsInterrupt
from spike_recon_ros.nodes.middleware import spin_until_shutdown
rclpy.init()
executor = SingleThreadedExecutor()
executor.add_node(rclpy.create_node('idle', enable_rosout=False))
try:
    with RequestsInterrupt():
        print('ready: idle', file=sys.stderr)
        spin_until_shutdown(executor)
except KeyboardInterrupt:
    rclpy.shutdown()
"""


@pytest.mark.parametrize('code', [NODE, WITHOUT_TIMERS], ids=['node', 'without timers'])
def test_an_idle_node_ends_when_its_terminal_closes(code):
    command = [sys.executable, '-c', CLOSED + code]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert any('ready: ' in line for line in process.stderr)
        time.sleep(0.5)  # now it waits
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0, err
        assert 'Traceback' not in err
    finally:
        process.kill()
