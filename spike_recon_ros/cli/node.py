# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon node`: the live node, for machines without `ros2 run`."""

import argparse
from typing import Any

from spike_recon_ros.cli.ros_guard import ros_or_cure
from spike_recon_ros.errors import UserError

TAKES_ROS_ARGS = True
DESCRIPTION = """\
Run the node /event_camera/recon, configured and active, until Ctrl-C. It processes the packets on
/event_camera/events while a program subscribes to /event_camera/recon/image_raw.

  spike-recon node
  spike-recon node --ros-args -p fps:=50 -p model:=fibar -r events:=/my_camera/events
  spike-recon node --ros-args --params-file recon.yaml
  spike-recon node left right     two nodes in one process: /left/recon and /right/recon

The parameters and their ranges are in docs/parameters.md and in config/recon.yaml.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes, apart from ROS arguments."""
    parser.add_argument(
        'namespaces', nargs='*', metavar='NAMESPACE',
        help='namespace of a node; several start several nodes (default: event_camera)',
    )  # fmt: skip
    parser.add_argument(
        '--no-autostart',
        action='store_true',
        help='do not configure and activate the node; leave this to a lifecycle manager',
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run until interrupted.

    Raises:
        UserError: there is no ROS, or the node cannot be started.
    """
    ros_or_cure()
    from spike_recon_ros.nodes.recon_process import main  # noqa: PLC0415 -- needs ROS

    autostart = str(not args.no_autostart).lower()
    # First, so that a parameter given by the user overrides it.
    own = ['--ros-args', '-p', f'autostart:={autostart}']
    if main([*args.namespaces, *own, *args.ros_args]) != 0:
        raise UserError('the node could not be started; its log above says why')
    return {'node': 'stopped'}
