# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The JSON file of a measurement: its results, and the machine that they depend on."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from spike_recon_ros import __version__
from spike_recon_ros.whole_file import write_whole


def write_results(
    path: Path,
    measurement: str,
    results: list[dict[str, Any]],
    others_load: float,
    note: str = '',
) -> None:
    """Write a file; make its folder if it is missing.

    Args:
        path: of the file.
        measurement: its name.
        results: rows.
        others_load: load average before the measurement: what else the machine did.
        note: what else a reader must know.
    """
    content: dict[str, Any] = {'measurement': measurement, 'machine': _machine(others_load)}
    content |= {'note': note} if note else {}
    content |= {'results': results}
    write_whole(path, json.dumps(content, indent=2) + '\n')


def _machine(others_load: float) -> dict[str, Any]:
    return {
        'processor': _processor(),
        'cores': os.cpu_count(),
        'others_load': others_load,
        'python': platform.python_version(),
        **{name: version(name) for name in ('numpy', 'numba')},
        'spike_recon_ros': __version__,
    }


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='ascii').splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor()
