# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C ends an installed program in order, from the first import on."""

import subprocess
import sys

import pytest

from spike_recon_ros.cli.interrupts import INTERRUPTED

# Sends Ctrl-C to itself when a module is imported. Shells let background programs ignore it.
INTERRUPTED_IMPORT = """\
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from spike_recon_ros.cli.entry import spike_recon
sys.argv[1:] = ['run', 'x', '-o', 'y']
sys.exit(spike_recon())
"""


@pytest.mark.parametrize(
    'module',
    [
        'spike_recon_ros.cli.main',
        'argparse',
        'spike_recon_ros.cli.command_parser',
        'spike_recon_ros.cli.run',
        'numpy',
    ],
)
def test_an_interrupt_during_any_import_ends_the_program_in_order(module):
    code = INTERRUPTED_IMPORT.format(module=module)
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (INTERRUPTED, '')
    assert done.stderr in ('spike-recon: interrupted\n', 'spike-recon run: interrupted\n')


def test_the_entry_points_import_nothing_but_what_python_has_loaded():
    code = (
        'import sys; before = set(sys.modules)\n'
        'import spike_recon_ros.cli.entry\n'
        'print(*sorted(set(sys.modules) - before))'
    )
    command = [sys.executable, '-c', f'import importlib, os, signal\n{code}']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    cli = 'spike_recon_ros.cli'
    ours = ['spike_recon_ros', cli, f'{cli}.entry', f'{cli}.interrupts']
    assert done.stdout.split() == ours
