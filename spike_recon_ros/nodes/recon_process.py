# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The program `recon_node`: one live node, or one in each of several namespaces.

Several nodes in one process share the interpreter, the libraries and the compiled kernels. Each
has a worker thread, a model and a state of its own.
"""

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.utilities import remove_ros_args

from spike_recon_ros.errors import UserError
from spike_recon_ros.free_memory import limit_heaps
from spike_recon_ros.nodes.build_only import build, is_build_only
from spike_recon_ros.nodes.middleware import ros, spin_until_shutdown
from spike_recon_ros.nodes.parameters import check_parameter_files
from spike_recon_ros.nodes.recon_node import ReconNode
from spike_recon_ros.topics import in_namespace


def main(args: list[str] | None = None) -> int:
    """Run until interrupted, or until engines have been built; return the exit status.

    Args:
        args: namespaces, then ROS arguments; None = those of the process. Without namespaces,
            one node runs in the usual one.
    """
    arguments = sys.argv[1:] if args is None else args
    nodes: list[ReconNode] = []
    limit_heaps()
    try:
        with ros(args):
            try:
                for namespace in _namespaces(arguments):
                    node = ReconNode(**namespace)
                    nodes.append(node)
                    check_parameter_files(arguments, node.get_fully_qualified_name())
                return _spin(nodes)
            finally:
                for node in nodes:
                    node.close()
    except UserError as error:
        print(f'recon_node: {error}', file=sys.stderr)
        return 1
    return 0


def _namespaces(arguments: Sequence[str]) -> list[dict[str, Any]]:
    """Return the namespace of each node as options of ReconNode."""
    names = remove_ros_args(list(arguments))
    if options := [name for name in names if name.startswith('-')]:
        raise UserError(
            f'there is no option {options[0]}; give namespaces, one for each node, and '
            'parameters behind --ros-args'
        )
    if len({name.strip('/') for name in names}) < len(names):
        raise UserError(f'the namespaces {", ".join(names)} must differ')
    return [_in_namespace(name, arguments) for name in names] or [{}]


def _in_namespace(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Return the options for a node in a namespace, which is below that of `-r __ns:=...`.

    ROS would put all nodes of the process into the latter. A rule of the node itself wins.
    """
    rules = [value for option, value in pairwise(arguments) if option in ('-r', '--remap')]
    above = [rule.removeprefix('__ns:=') for rule in rules if rule.startswith('__ns:=')]
    base = above[0] if above and not name.startswith('/') else ''
    full = in_namespace(name.strip('/'), base)
    return {'namespace': full, 'cli_args': ['--ros-args', '-r', f'__ns:={full}']}


def _spin(nodes: Sequence[ReconNode]) -> int:
    if is_build_only(nodes[0]):
        for node in nodes:
            build(node)
        return 0
    for node in nodes:
        if node.get_parameter('autostart').value:
            if not node.start():
                return 1
            continue
        name = node.get_fully_qualified_name()
        node.get_logger().info(
            f'waiting to be configured, by a launch file or by: ros2 lifecycle set {name} '
            'configure, then activate'
        )
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    spin_until_shutdown(executor)
    return 0
