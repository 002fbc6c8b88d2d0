# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Entry points of the installed programs.

Ctrl-C ends them in order from here on. So this module imports only what Python has loaded anyway;
the subcommands and what they need follow while an interrupt ends the program at once.
"""

import sys

from spike_recon_ros.cli.interrupts import INTERRUPTED, InterruptEndsAtOnce


def spike_recon() -> int:
    """Entry point of `spike-recon`."""
    return _call('spike-recon', 'main')


def recon_node() -> int:
    """Entry point of `ros2 run spike_recon_ros recon_node`: the live node."""
    return _call('recon_node', 'recon_node')


def play_node() -> int:
    """Entry point of `ros2 run spike_recon_ros play_node`: the same as `spike-recon play`."""
    return _call('play_node', 'play_node')


def record_node() -> int:
    """Entry point of `ros2 run spike_recon_ros record_node`: as `spike-recon record`."""
    return _call('record_node', 'record_node')


def _call(program: str, function: str) -> int:
    """Import the main program and call one of its functions; return the exit status."""
    try:
        with InterruptEndsAtOnce(program):
            from spike_recon_ros.cli import main  # noqa: PLC0415 -- after the handler
        status: int = getattr(main, function)()
    except KeyboardInterrupt:  # between the two, or while arguments are parsed
        print(f'{program}: interrupted', file=sys.stderr)
        return INTERRUPTED
    return status
