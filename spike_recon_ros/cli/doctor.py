# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon doctor`: what is here, what is missing, and the command that brings it.

Comes in: the machine. Goes out: a table for people, a verdict for programs. Installs nothing.
"""

import argparse
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spike_recon_ros.backends.choice import CANDIDATES, OR, choose_backend
from spike_recon_ros.backends.cpu_instructions import multiplies_bytes
from spike_recon_ros.cli.doctor_gpu import look_at_gpu
from spike_recon_ros.cli.finding import LIVE, NEEDED, OPTIONAL, Finding
from spike_recon_ros.cli.ros_guard import NEEDED as NEEDED_BY_NODES
from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError

DESCRIPTION = """\
Looks at Python, ROS 2, the middleware and the optional libraries. `ready` in the JSON object says
whether recordings and live topics can be reconstructed.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand takes nothing."""


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Look at everything and report.

    Returns: what the main program prints as JSON; `ready` tells what can be done.
    """
    findings = [*_basics(), *_ros(), *_optional()]
    missing = {
        role: [f.name for f in findings if f.role == role and not f.found] for role in ROLES
    }
    console = Console(stderr=True)
    console.print(_table(findings))
    for finding in findings:
        if not finding.found:
            line = f'{finding.name}: {finding.cure}'
            console.print(line, soft_wrap=True, highlight=False, markup=False)
    offline, live = not missing[NEEDED], not missing[NEEDED] and not missing[LIVE]
    console.print(
        'Recordings can be reconstructed.' if offline else '[red]Nothing can be reconstructed yet.'
    )
    console.print('The live node can run.' if live else '[yellow]The live node cannot run yet.')
    runs, why_not = _network_backend()
    console.print(
        f'Networks run with {runs}.'
        if runs
        else f'[yellow]No network can run yet: {escape(why_not)}; until then: model:=fibar',
        soft_wrap=True,
        highlight=False,
    )
    return {
        'ready': {'recordings': offline, 'live': live, 'networks': bool(runs)},
        'missing': missing,
        'findings': [asdict(finding) for finding in findings],
    }


ROLES = (NEEDED, LIVE, OPTIONAL)


def _network_backend() -> tuple[str, str]:
    """Return what runs networks here, or nothing and the reason."""
    try:
        choice = choose_backend()
    except UserError as error:
        return '', str(error)
    said = f'{choice.candidate.name} on {choice.device.upper()}'
    if (choice.candidate.name, choice.device) == ('openvino', 'cpu') and multiplies_bytes():
        said += ', in eight bits where their bundles have them'
    return said, ''


def _basics() -> list[Finding]:
    version = platform.python_version() if sys.version_info >= (3, 10) else ''
    return [
        Finding('python', NEEDED, version, 'install Python 3.10 or newer', 'everything'),
        _library('numpy', NEEDED, 'pip install numpy', 'arrays'),
        _library('numba', NEEDED, 'pip install numba', 'decoders and filters'),
        _library('cv2', NEEDED, 'pip install opencv-python-headless', 'images and tags'),
        _library('yaml', NEEDED, 'pip install PyYAML', 'parameter files'),
        _library('rosbags', NEEDED, 'pip install rosbags', 'reading bags'),
    ]


def _ros() -> list[Finding]:
    distribution = os.environ.get('ROS_DISTRO', '')
    sourced = bool(distribution)

    def cure(package: str) -> str:
        if sourced:
            return f'sudo apt install ros-{distribution}-{package}'
        if package == 'event-camera-msgs':
            return 'pip install ./interfaces/event_camera_msgs'
        return f'source a ROS 2 installation, or: {pip_install("ros")}'

    findings = [
        _library(name, LIVE, cure(name.replace('_', '-')), purpose)
        for name, purpose in NEEDED_BY_NODES.items()
    ]
    launch = 'sudo apt install ros-$ROS_DISTRO-launch-ros ros-$ROS_DISTRO-ros2launch'
    return [*findings, _library('launch_ros', OPTIONAL, launch, 'ros2 launch'), _middleware()]


def _middleware() -> Finding:
    """Say whether messages of more than 512 kB will arrive."""
    purpose = 'messages above 512 kB'
    if importlib.util.find_spec('rclpy') is None:
        return Finding('middleware', OPTIONAL, '', 'needs rclpy', purpose)
    chosen = os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp')
    if chosen != 'rmw_fastrtps_cpp':
        return Finding('middleware', OPTIONAL, chosen, '', purpose)
    from spike_recon_ros.nodes.middleware import USERS_CHOICE, profile  # noqa: PLC0415 -- ROS

    own = [f'{name}={os.environ[name]}' for name in USERS_CHOICE if os.environ.get(name)]
    settings = ', '.join(own) or (str(profile()) if profile().exists() else '')
    cure = 'reinstall spike_recon_ros: config/fastdds_shm64.xml is missing'
    return Finding('middleware', OPTIONAL, settings and f'{chosen}, {settings}', cure, purpose)


def _optional() -> list[Finding]:
    return [
        _library('av', OPTIONAL, pip_install('video'), 'run -o x.mp4'),
        _library('aedat', OPTIONAL, pip_install('aedat4'), 'AEDAT4 recordings'),
        _library('h5py', OPTIONAL, pip_install('hdf5'), 'HDF5 datasets'),
        _library('matplotlib', OPTIONAL, pip_install('evaluation'), 'curves of evaluate'),
        _library(
            'cv_bridge', OPTIONAL, 'sudo apt install ros-$ROS_DISTRO-cv-bridge',
            'other cameras\' images (else rosbags-image)',
        ),
        *(
            _library(library, OPTIONAL, pip_install(candidate.name), f'backend {candidate.name}')
            for candidate in CANDIDATES
            for library in candidate.libraries
        ),
        *look_at_gpu(),
    ]  # fmt: skip


def _library(module: str, role: str, cure: str, purpose: str) -> Finding:
    found = (_found(partial(_version, one)) for one in module.split(OR))
    return Finding(module, role, next(filter(None, found), ''), cure, purpose)


def _found(look: Callable[[], str]) -> str:
    try:
        return look()
    except Exception:  # a library that is broken is as good as missing
        return ''


def _version(module: str) -> str:
    imported = importlib.import_module(module)
    version = getattr(imported, '__version__', None)
    if version is None:
        names = importlib.metadata.packages_distributions().get(module, [])
        version = importlib.metadata.version(names[0]) if names else 'found'
    return str(version)


def _table(findings: list[Finding]) -> Table:
    table = Table(title='spike-recon doctor', title_justify='left')
    for heading in ('', 'found', 'for'):
        table.add_column(heading, overflow='fold')
    for finding in findings:
        missing = not finding.found
        colour = {NEEDED: 'red', LIVE: 'yellow', OPTIONAL: 'dim'}[finding.role] if missing else ''
        table.add_row(
            finding.name,
            finding.found or f'missing ({finding.role})',
            finding.purpose,
            style=colour,
        )
    return table
