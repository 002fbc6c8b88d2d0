# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon doctor`: shows what is installed, what is missing, and the command that cures it.

It must run on a machine where anything else is broken. So only the standard library is imported
at the top, and a check that fails becomes a line of the report.
"""

import argparse
import os
import shutil
import sys
import textwrap
from dataclasses import asdict
from importlib import import_module
from itertools import zip_longest
from typing import Any

from spike_recon_ros.cli import doctor_checks, leftover_segments
from spike_recon_ros.cli.doctor_checks import LIVE, NEEDED, ROLES, Check, Finding, checked

DESCRIPTION = """\
Check Python, the libraries, ROS 2, the middleware, the GPU, caches and shared memory. `ready` in
the JSON object says whether recordings and live topics can be reconstructed.

  spike-recon doctor             changes nothing
  spike-recon doctor --clean     first removes the shared memory of ROS processes that were killed
"""
CHECKS: dict[str, Check] = {
    'basics': doctor_checks.basics,
    'compiled kernels': doctor_checks.kernels,
    'user cache': doctor_checks.user_cache,
    'ROS 2': doctor_checks.ros,
    'shared memory': doctor_checks.shared_memory,
    'libraries': doctor_checks.optional,
    'GPU': lambda: import_module('spike_recon_ros.cli.doctor_gpu').gpu_findings(),
    'networks': doctor_checks.networks,
}
_COLOURS = {'red': 31, 'yellow': 33, 'dim': 2, 'bold': 1}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.add_argument(
        '--clean',
        action='store_true',
        help='remove the shared memory of ROS processes that were killed',
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Check everything and report.

    Returns: what the main program prints as JSON; `ready` says what can be done.
    """
    if args.clean:
        removed = leftover_segments.remove()
        _print(f'removed {removed} segments of shared memory')
    findings = []
    for name, check in CHECKS.items():
        _show_progress(f'checking: {name}')
        findings += checked(name, check)
    _show_progress('')
    missing = {
        role: [one.name for one in findings if one.role == role and not one.found]
        for role in ROLES
    }
    recordings = not missing[NEEDED]
    live = recordings and not missing[LIVE]
    networks = any(one.name == 'networks' and one.found for one in findings)
    _print_table(findings)
    for finding in findings:
        if not finding.found:
            _print(f'{finding.name}: {finding.cure}')
    for possible, good, bad, style in (
        (recordings, 'Recordings can be reconstructed.', 'Nothing can be reconstructed.', 'red'),
        (live, 'The live node can run.', 'The live node cannot run.', 'yellow'),
        (networks, 'Networks can run.', 'No network can run; use model:=fibar.', 'yellow'),
    ):
        _print(good if possible else bad, '' if possible else style)
    return {
        'ready': {'recordings': recordings, 'live': live, 'networks': networks},
        'missing': missing,
        'findings': [_as_dict(finding) for finding in findings],
    }


def _as_dict(finding: Finding) -> dict[str, str]:
    """Return a finding for JSON; what is usable has no cure and no state."""
    return asdict(finding) | ({'cure': '', 'state': ''} if finding.found else {})


def _print_table(findings: list[Finding]) -> None:
    names, purposes, states = _column_widths(findings)
    for finding in findings:
        style = '' if finding.found else {NEEDED: 'red', LIVE: 'yellow'}.get(finding.role, 'dim')
        cells = (
            _wrapped(finding.name, names),
            _wrapped(finding.purpose, purposes),
            _wrapped(_state(finding), states),
        )
        for name, purpose, state in zip_longest(*cells, fillvalue=''):
            _print(f'{name:{names}}  {purpose:{purposes}}  {state}'.rstrip(), style)


def _column_widths(findings: list[Finding]) -> tuple[int, int, int]:
    """Return the widths of name, purpose and state that fit into the terminal, if there is one."""
    names = max(len(finding.name) for finding in findings)
    purposes = max(len(finding.purpose) for finding in findings)
    states = max(len(_state(finding)) for finding in findings)
    if not sys.stderr.isatty():
        return names, purposes, states
    width = max(shutil.get_terminal_size().columns, 60)
    names, purposes = min(names, width // 3), min(purposes, width // 3)
    return names, purposes, width - names - purposes - 5


def _wrapped(text: str, width: int) -> list[str]:
    """Return the lines of a cell; paths stay whole, so that they can be copied."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _state(finding: Finding) -> str:
    return finding.found or f'{finding.state} ({finding.role})'


def _show_progress(line: str) -> None:
    """Replace the last line of a terminal: some checks take seconds."""
    if sys.stderr.isatty():
        print(f'\r\033[K{line}', end='', file=sys.stderr, flush=True)


def _print(line: str, style: str = '') -> None:
    coloured = sys.stderr.isatty() and not os.environ.get('NO_COLOR')
    if style and coloured:
        line = f'\033[{_COLOURS[style]}m{line}\033[0m'
    print(line, file=sys.stderr)
