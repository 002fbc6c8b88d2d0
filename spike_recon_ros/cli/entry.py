# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Entry points of the installed programs.

Ctrl-C ends them in order from here on. So this module imports only what Python has loaded anyway;
the subcommands and what they need follow while an interrupt ends the program at once.
"""

import os
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
    _open_missing_streams()
    try:
        with InterruptEndsAtOnce(program):
            from spike_recon_ros.cli import main  # noqa: PLC0415 -- after the handler
        status: int = getattr(main, function)()
    except KeyboardInterrupt:  # between the two, or while arguments are parsed
        print(f'{program}: interrupted', file=sys.stderr)
        return INTERRUPTED
    return status


def _open_missing_streams() -> None:
    """Give a program that was started with closed streams (`2>&-`) ones that lead nowhere.

    Otherwise a text for stderr goes to stdout, and a recording may be opened as number 2.
    """
    for name, mode in (('stdin', 'r'), ('stdout', 'w'), ('stderr', 'w')):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 -- as long as the program
