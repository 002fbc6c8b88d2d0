# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Initialises ROS, with settings of middleware and allocator that large messages need.

What the user has set in the environment is kept.
"""

import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import rclpy
from ament_index_python.packages import PackageNotFoundError as NoShareFolder
from ament_index_python.packages import get_package_share_directory
from rclpy.exceptions import NameValidationException, ParameterException
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy

from spike_recon_ros.errors import UserError
from spike_recon_ros.parameter_files import files_among

PROFILE_VARIABLE, OLD_PROFILE_VARIABLE = (
    'FASTDDS_DEFAULT_PROFILES_FILE',
    'FASTRTPS_DEFAULT_PROFILES_FILE',
)
USERS_CHOICE = (PROFILE_VARIABLE, OLD_PROFILE_VARIABLE, 'FASTDDS_BUILTIN_TRANSPORTS')
# From this version of rclpy on (Kilted), the old name causes a warning.
RENAMED_IN = 9
PROFILE = 'fastdds_shm64.xml'
LONGEST_WAIT = 1.0
_PLACE = re.compile(r',? at /\S+:\d+')

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


@contextlib.contextmanager
def ros(args: list[str] | None) -> Iterator[None]:
    """Run a block with ROS initialised; an interrupt or a request to shut down ends it in order.

    Raises:
        UserError: ROS does not understand the arguments, or rejects a name or a parameter, or a
            parameter file does not exist.
    """
    prepare_middleware()
    files_among(sys.argv if args is None else args)
    try:
        rclpy.init(args=args)
    except (_rclpy.UnknownROSArgsError, _rclpy.RCLError) as error:
        rclpy.try_shutdown()  # without a log, only half of it failed
        if 'logging' in str(error):
            raise UserError(
                f'ROS cannot write its log ({_one_line(error)}); set ROS_LOG_DIR to a folder '
                'that you may write'
            ) from error
        if 'params file' in str(error):
            raise UserError(
                f'ROS cannot read a parameter file ({_one_line(error)}); write all values below '
                'ros__parameters, without anchors and aliases (& and *)'
            ) from error
        raise UserError(
            f'ROS does not understand its arguments ({_one_line(error)}); they look like '
            '--ros-args -p fps:=50 -r events:=/my/events -r __ns:=/front --params-file recon.yaml'
        ) from error
    try:
        yield
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (_rclpy.RCLError, NameValidationException, ParameterException) as error:
        if rclpy.ok():  # not in the middle of an interrupt: a name or a parameter is wrong
            raise UserError(f'ROS rejects this: {_one_line(error)}') from error
    finally:
        rclpy.try_shutdown()


def spin_until_shutdown(executor: Executor) -> None:
    """Run the callbacks of nodes until ROS is shut down or an interrupt comes.

    ROS wakes the executor for SIGINT and SIGTERM only. Python sees other signals, such as that of
    a closed terminal, between two waits, and an idle node would wait forever.
    """
    while rclpy.ok():
        executor.spin_once(timeout_sec=LONGEST_WAIT)


def prepare_middleware() -> None:
    """Let Fast DDS and the allocator carry messages of several megabytes.

    Fast DDS's shared-memory segment holds 512 kB by default, and a best-effort message larger than
    that is silently lost; the profile shipped with the package gives it 64 MB. glibc returns
    large buffers to the kernel after each message; keeping them halves the CPU time of one.
    """
    chosen = any(os.environ.get(name) for name in USERS_CHOICE)
    if not chosen and profile().exists():
        os.environ[PROFILE_VARIABLE] = str(profile())
        if _rclpy_major() < RENAMED_IN:
            os.environ[OLD_PROFILE_VARIABLE] = str(profile())
    if sys.platform == 'linux':
        libc = ctypes.CDLL(None)
        if hasattr(libc, 'mallopt'):
            libc.mallopt(_M_MMAP_THRESHOLD, 64 << 20)
            libc.mallopt(_M_TRIM_THRESHOLD, 256 << 20)


def profile() -> Path:
    """Return the file with settings of the middleware that the package installs."""
    return _share_folder() / 'config' / PROFILE


def _one_line(error: Exception) -> str:
    """Return the message of an error of ROS, without the places in the code of ROS.

    It may point at a character below the line.
    """
    text = ' '.join(line.strip() for line in str(error).splitlines() if line.strip(' ^'))
    return _PLACE.sub('', text)


def _rclpy_major() -> int:
    for name in ('rclpy', 'ros-rclpy'):  # the name in an installation, and in the wheels
        with contextlib.suppress(PackageNotFoundError):
            return int(version(name).partition('.')[0])
    return RENAMED_IN


def _share_folder() -> Path:
    """Return where the package's launch and configuration files are installed."""
    try:
        return Path(get_package_share_directory('spike_recon_ros'))
    except (NoShareFolder, OSError):  # pip's prefix is not on the ament path
        return Path(sys.prefix) / 'share' / 'spike_recon_ros'
