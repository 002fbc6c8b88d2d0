# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The checks of `spike-recon doctor`, each independent of what the others find.

Libraries are imported inside the checks, because any of them may be broken. rclpy is tried in a
process of its own first: with an unusable RMW_IMPLEMENTATION it ends the process that imports it.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from spike_recon_ros.cli import leftover_segments
from spike_recon_ros.cures import pip_install, pip_install_module
from spike_recon_ros.errors import UserError

NEEDED, LIVE, OPTIONAL = ROLES = 'needed', 'for live topics', 'optional'
MISSING, BROKEN = 'missing', 'broken'
_IMPORT_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        name: what was checked.
        role: NEEDED, LIVE or OPTIONAL.
        found: version, place or state; empty = it is not usable.
        cure: what to do where it is not usable.
        purpose: what it is for.
        state: one word for what is wrong where it is not usable.
    """

    name: str
    role: str
    found: str
    cure: str
    purpose: str
    state: str = MISSING


Check = Callable[[], 'Iterator[Finding] | list[Finding]']


def checked(name: str, check: Check) -> list[Finding]:
    """Return the findings of a check; one that says why if it fails."""
    findings: list[Finding] = []
    try:
        findings.extend(check())
    except (Exception, SystemExit) as error:
        cure = f'the check failed ({_sentence(error)})'
        findings.append(Finding(name, OPTIONAL, '', cure, '', BROKEN))
    return findings


def basics() -> Iterator[Finding]:
    """Check Python and what every command needs."""
    version = platform.python_version() if sys.version_info >= (3, 10) else ''
    yield Finding('python', NEEDED, version, 'install Python 3.10 or newer', 'everything')
    for module, purpose in (
        ('numpy', 'arrays'),
        ('numba', 'decoders and filters'),
        ('cv2', 'images and tags'),
        ('yaml', 'parameter files'),
        ('rich', 'progress bars and tables'),
        ('rosbags', 'reading bags'),
        ('mcap', 'reading .mcap files'),
        ('lz4', 'reading bags'),
        ('zstandard', 'reading bags'),
    ):
        yield _library(module, NEEDED, pip_install_module(module), purpose)


def kernels() -> Iterator[Finding]:
    """Decode a packet, which compiles a kernel or loads it from numba's cache."""
    name, purpose = 'compiled kernels', 'decoders and filters'
    try:
        import numpy as np  # noqa: PLC0415

        from spike_recon_ros.packets.packet import Packet  # noqa: PLC0415
        from spike_recon_ros.packets.registry import decoder_for  # noqa: PLC0415

        packet = Packet('mono', 8, 8, 0, 0, 0, np.zeros(8, np.uint8))
        decoder_for('mono', 8, 8).decode(packet)
    except Exception as error:  # numba raises whatever reading a damaged file raises
        folder = os.environ.get('NUMBA_CACHE_DIR', '')
        cure = f'{_sentence(error)}; numba needs an intact cache that it can write: '
        cure += f'rm -r {folder}, or ' if folder else ''
        cure += 'export NUMBA_CACHE_DIR=$(mktemp -d)'
        if isinstance(error, ModuleNotFoundError) and error.name:
            cure = f'{error.name} is missing; run: {pip_install_module(error.name)}'
        yield Finding(name, NEEDED, '', cure, purpose, BROKEN)
        return
    yield Finding(name, NEEDED, 'compiled', '', purpose)


def user_cache() -> Iterator[Finding]:
    """Check whether compiled networks can be kept."""
    from spike_recon_ros.backends.user_cache import cache_folder  # noqa: PLC0415

    try:
        folder = cache_folder()
    except UserError as error:
        yield Finding('user cache', OPTIONAL, '', str(error), 'compiled networks start faster')
        return
    there = next(path for path in (folder, *folder.parents) if path.exists())
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    cure = f'{folder} cannot be written; set XDG_CACHE_HOME to a folder that can'
    yield Finding(
        'user cache', OPTIONAL, str(folder) if writable else '', cure,
        'compiled networks start faster', 'not writable',
    )  # fmt: skip


def ros() -> Iterator[Finding]:
    """Check what the live node needs."""
    from spike_recon_ros.cli.ros_guard import NEEDED as NEEDED_BY_NODES  # noqa: PLC0415
    from spike_recon_ros.cli.ros_guard import ros_cure  # noqa: PLC0415

    why_not = _rclpy_problem()
    for name, purpose in NEEDED_BY_NODES.items():
        if name == 'rclpy' and why_not:
            yield Finding(name, LIVE, '', why_not, purpose, BROKEN)
        else:
            yield _library(name, LIVE, ros_cure(name), purpose)
    launch = 'sudo apt install ros-$ROS_DISTRO-launch-ros ros-$ROS_DISTRO-ros2launch'
    if why_not:  # launch_ros and our middleware settings import rclpy
        there = 'found' if importlib.util.find_spec('launch_ros') else ''
        yield Finding('launch_ros', OPTIONAL, there, launch, 'ros2 launch')
        return
    yield _library('launch_ros', OPTIONAL, launch, 'ros2 launch')
    if importlib.util.find_spec('rclpy') is not None:
        yield _middleware()


def _rclpy_problem() -> str:
    """Return why the installed rclpy cannot be used, with the cure; empty = nothing is wrong."""
    from spike_recon_ros.cli.ros_guard import middleware_or_cure  # noqa: PLC0415

    if importlib.util.find_spec('rclpy') is None:
        return ''
    try:
        middleware_or_cure()
        done = subprocess.run(
            [sys.executable, '-c', 'import rclpy'],
            capture_output=True, text=True, check=False, timeout=_IMPORT_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f'importing it takes more than {_IMPORT_TIMEOUT_S} s'
    except UserError as error:
        return str(error)
    lines = done.stderr.strip().splitlines() or [f'exit status {done.returncode}']
    return f'importing it fails ({lines[-1]}); install it again' if done.returncode else ''


def _middleware() -> Finding:
    """Check whether messages of more than 512 kB will arrive."""
    name, purpose = 'middleware', 'messages above 512 kB'
    chosen = os.environ.get('RMW_IMPLEMENTATION') or 'rmw_fastrtps_cpp'
    if chosen != 'rmw_fastrtps_cpp':
        return Finding(name, OPTIONAL, chosen, '', purpose)
    from spike_recon_ros.nodes.middleware import USERS_CHOICE, profile  # noqa: PLC0415 -- ROS

    own = [f'{one}={os.environ[one]}' for one in USERS_CHOICE if os.environ.get(one)]
    settings = ', '.join(own) or (str(profile()) if profile().exists() else '')
    cure = 'config/fastdds_shm64.xml is missing; install spike_recon_ros again'
    return Finding(name, OPTIONAL, settings and f'{chosen}, {settings}', cure, purpose)


def shared_memory() -> Iterator[Finding]:
    """Look for segments whose owner was killed: they keep their memory until they are removed."""
    if not leftover_segments.SHARED_MEMORY.is_dir():
        return
    left = leftover_segments.find()
    megabytes = sum(path.stat().st_blocks * 512 for path in left) / 1e6
    cure = (
        f'{len(left)} segments of ROS processes that were killed take {megabytes:.0f} MB; run: '
        'spike-recon doctor --clean'
    )
    found = '' if left else 'no leftovers'
    yield Finding('shared memory', OPTIONAL, found, cure, 'Fast DDS', 'leftovers')


def optional() -> Iterator[Finding]:
    """Check libraries that some commands, files or backends need."""
    from spike_recon_ros.backends.choice import CANDIDATES  # noqa: PLC0415

    yield _library('av', OPTIONAL, pip_install('video'), 'run -o x.mp4')
    yield _library('aiohttp', OPTIONAL, pip_install('viewer'), 'view')
    yield _library('aedat', OPTIONAL, pip_install('aedat4'), 'AEDAT4 recordings')
    yield _library('h5py', OPTIONAL, pip_install('hdf5'), 'HDF5 data sets')
    yield _library('event_stream', OPTIONAL, pip_install('es'), 'Event Stream (.es) recordings')
    yield _library('matplotlib', OPTIONAL, pip_install('evaluation'), 'curves of evaluate')
    converters, cure = 'cv_bridge or rosbags.image', pip_install_module('rosbags.image')
    yield _library(converters, OPTIONAL, cure, 'images of other cameras in bags')
    for candidate in CANDIDATES:
        for library in candidate.libraries:
            purpose = f'backend {candidate.name}'
            yield _library(library, OPTIONAL, pip_install(candidate.name), purpose)


def networks() -> Iterator[Finding]:
    """Find out what runs networks here."""
    from spike_recon_ros.backends.choice import choose_backend  # noqa: PLC0415
    from spike_recon_ros.backends.cpu_instructions import multiplies_bytes  # noqa: PLC0415

    name, purpose = 'networks', 'every model but the filters'
    try:
        choice = choose_backend()
    except UserError as error:
        yield Finding(name, OPTIONAL, '', str(error), purpose, 'cannot run')
        return
    found = f'{choice.candidate.name} on {choice.device.upper()}'
    if (choice.candidate.name, choice.device) == ('openvino', 'cpu') and multiplies_bytes():
        found += ', 8-bit where bundles have it'
    yield Finding(name, OPTIONAL, found, '', purpose)


def _library(module: str, role: str, cure: str, purpose: str) -> Finding:
    """Import a library; `one or other` asks for either."""
    broken = ''
    for name in module.split(' or '):
        try:
            return Finding(module, role, _version(name), '', purpose)
        except (Exception, SystemExit) as error:
            absent = error.name or '' if isinstance(error, ModuleNotFoundError) else ''
            missing = absent and f'{name}.'.startswith(f'{absent}.')
            broken = broken or ('' if missing else _sentence(error))
    if broken:
        return Finding(module, role, '', f'{broken}; install it again: {cure}', purpose, BROKEN)
    return Finding(module, role, '', cure, purpose)


def _version(module: str) -> str:
    imported = importlib.import_module(module)
    version = getattr(imported, '__version__', None)
    if version is None:
        top = module.partition('.')[0]
        names = importlib.metadata.packages_distributions().get(top, [])
        # Several distributions may share a top-level package, as rosbags and rosbags-image do.
        names = [name for name in names if name == module.replace('.', '-')] or names
        version = importlib.metadata.version(names[0]) if names else 'found'
    return str(version)


def _sentence(error: BaseException) -> str:
    """Return the first line of an error, of limited length."""
    text = (str(error).strip().splitlines() or [''])[0][:200]
    return f'{type(error).__name__}: {text}'
