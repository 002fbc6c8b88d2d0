# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whether ROS 2 can be used, and what to do if it cannot."""

import importlib
import os
import sys
from pathlib import Path

from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError

NEEDED = {
    'rclpy': 'the node',
    'builtin_interfaces': 'time stamps',
    'rcl_interfaces': 'parameters',
    'ament_index_python': 'finding launch files and configuration',
    'sensor_msgs': 'images',
    'std_msgs': '~/debug topics',
    'std_srvs': '~/reset',
    'diagnostic_msgs': '/diagnostics',
    'lifecycle_msgs': 'the lifecycle',
    'rosgraph_msgs': 'play --clock',
    'event_camera_msgs': 'packets',
}
"""What the nodes import, and what it is for."""


def ros_or_cure() -> None:
    """Return if everything that the nodes import is installed.

    Raises:
        UserError: with the way to get what is missing.
    """
    middleware_or_cure()
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            reason = ' '.join(str(error).split())
            raise UserError(
                f'this needs ROS 2, but {name} cannot be imported ({reason}); {ros_cure(name)}'
            ) from error


def ros_cure(module: str) -> str:
    """Return what to do if a Python module of ROS 2 is missing."""
    distribution = os.environ.get('ROS_DISTRO')
    if distribution:
        return f'run: sudo apt install ros-{distribution}-{module.replace("_", "-")}'
    if module == 'event_camera_msgs':
        return 'in a checkout of this project run: pip install ./interfaces/event_camera_msgs'
    return f'source a ROS 2 installation, or run: {pip_install("ros")}'


def middleware_or_cure() -> None:
    """Return if the chosen middleware is installed; importing rclpy ends the process otherwise.

    Raises:
        UserError: it is not; the sentence names those that are.
    """
    chosen = os.environ.get('RMW_IMPLEMENTATION')
    prefixes = [*filter(None, os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep))]
    index = 'share/ament_index/resource_index/rmw_typesupport'
    folders = [Path(prefix) / index for prefix in (*prefixes, sys.prefix)]
    listed = {file.name for folder in folders if folder.is_dir() for file in folder.iterdir()}
    installed = listed - {'rmw_implementation'}  # which loads one of the others
    if not chosen or not installed or chosen in installed:
        return
    distribution = os.environ.get('ROS_DISTRO')
    apt = f', or: sudo apt install ros-{distribution}-{chosen.replace("_", "-")}'
    raise UserError(
        f'the middleware RMW_IMPLEMENTATION={chosen} is not installed (installed: '
        f'{", ".join(sorted(installed))}); run: unset RMW_IMPLEMENTATION'
        f'{apt if distribution else ""}'
    )
