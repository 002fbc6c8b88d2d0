# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What make_environment.py must find out about the machine before it installs anything.

Only the standard library is used, as there.
"""

import ctypes.util
import importlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

# The ROS 2 wheels restart Python once with this mark and their own library path set. A Python of
# another environment that inherits the two believes it was restarted and cannot load rclpy.
WHEELS_MARK = '_ROS_WHEELS_BOOTSTRAP_COMPLETE'


class SetUpError(Exception):
    """The environment cannot be made; the message is one sentence that names the cure."""


def has_nvidia_gpu() -> bool:
    """Return whether the driver of an NVIDIA GPU is installed."""
    return shutil.which('nvidia-smi') is not None or ctypes.util.find_library('cuda') is not None


def sourced_ros_distro() -> str | None:
    """Return the name of the ROS 2 installation that is sourced, or None.

    Raises:
        SetUpError: if one is sourced, but this interpreter cannot use it.
    """
    distro = os.environ.get('ROS_DISTRO')
    if not distro or not importlib.util.find_spec('rclpy'):
        return None  # the ROS docker images set ROS_DISTRO even where nothing is sourced
    if WHEELS_MARK in os.environ or sys.prefix != sys.base_prefix:
        return None  # rclpy of some virtual environment, not of an installation
    if not can_import('rclpy'):
        raise SetUpError(
            f'ROS 2 {distro} is sourced, but its rclpy cannot be imported by {sys.executable} '
            f'({platform.python_version()}); use the interpreter that it was built for: '
            f'make PYTHON=/usr/bin/python3'
        )
    if not can_import('event_camera_msgs.msg'):
        raise SetUpError(
            f'ROS 2 {distro} is sourced, but it lacks event_camera_msgs; '
            f'run: sudo apt install ros-{distro}-event-camera-msgs'
        )
    return distro


def can_import(module: str) -> bool:
    """Try the import in a process of its own: a mismatched extension module may crash it."""
    return works([sys.executable, '-c', f'import {module}'])


def works(command: list[str]) -> bool:
    """Return whether a command can be run outside the checkout and succeeds."""
    try:
        done = subprocess.run(
            command, cwd='/', env=clean_environment(), capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def check_machine(distro: str | None) -> None:
    """Look for what pip cannot install.

    Raises:
        SetUpError: something is missing; names the first and the apt package that has it.
    """
    python = f'python{sys.version_info.major}.{sys.version_info.minor}'
    if not (has_module('venv') and has_module('ensurepip')):
        raise SetUpError(
            f'{python} cannot make virtual environments; run: sudo apt install {python}-venv'
        )
    if distro:
        return  # nothing is compiled then
    if platform.system() != 'Linux' or platform.machine() not in ('x86_64', 'AMD64'):
        raise SetUpError(
            f'the ROS 2 wheels exist for x86-64 Linux only and this machine is '
            f'{platform.system()} {platform.machine()}; install ROS 2 and '
            'ros-<distro>-event-camera-msgs by apt, source its setup.bash, then run make again'
        )
    for variable, usual in (('CC', 'cc'), ('CXX', 'c++')):
        compiler = os.environ.get(variable, usual).split()[0]
        if not shutil.which(compiler):
            raise SetUpError(f'there is no compiler {compiler}; run: sudo apt install g++')
    if not (Path(sysconfig.get_path('include')) / 'Python.h').exists():
        raise SetUpError(
            f'the headers of {python} are missing; run: sudo apt install {python}-dev'
        )


def has_module(name: str) -> bool:
    """Return whether a module is there; distributions leave out parts of the standard library."""
    return importlib.util.find_spec(name) is not None


def numpy_of(distro: str | None) -> list[str]:
    """Keep NumPy at the major version that the installed ROS 2 messages were compiled against."""
    if not distro or not has_module('numpy'):
        return []
    major = int(importlib.import_module('numpy').__version__.split('.')[0])
    return [f'numpy<{major + 1}']


def clean_environment() -> dict[str, str]:
    """Return the environment without variables that only suit the Python of other wheels."""
    environment = dict(os.environ)
    if environment.pop(WHEELS_MARK, None):
        environment.pop('LD_LIBRARY_PATH', None)
    return environment
