# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whether ROS 2 can be used, and what to do if it cannot.

Comes in: nothing. Goes out: nothing, or an error with the cure. Knows nothing about nodes.
"""

import importlib

from spike_recon_ros.errors import UserError

NEEDED = {
    'rclpy': 'the node',
    'sensor_msgs': 'images',
    'std_srvs': '~/reset',
    'diagnostic_msgs': '/diagnostics',
    'lifecycle_msgs': 'the lifecycle',
    'rosgraph_msgs': 'play --clock',
    'event_camera_msgs': 'packets',
}
"""What the nodes import, and what it is for."""


def ros_or_cure() -> None:
    """Return if everything that the nodes import is there.

    Raises:
        UserError: with the way to get what is missing.
    """
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise UserError(
                f'this needs ROS 2, but {name} cannot be imported ({error}); source your ROS '
                'installation, or see `spike-recon doctor`'
            ) from error
