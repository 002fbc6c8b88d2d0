# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Two live nodes, /left/recon and /right/recon, whose images have equal stamps.

ros2 launch spike_recon_ros stereo.launch.py
ros2 launch spike_recon_ros stereo.launch.py \\
    left_events_topic:=/cam0/events right_events_topic:=/cam1/events
ros2 launch spike_recon_ros stereo.launch.py grid_origin:=sensor_time one_process:=true

Every parameter may be given, for both nodes, as an argument; a parameter file may have a section
for each node.
"""

import runpy
import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import LogInfo, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch_ros.actions import Node

from spike_recon_ros.launch_arguments import (
    SIDES,
    TOPICS,
    TOPICS_OF_SIDE,
    arguments_of_side,
    check_arguments,
    full_namespace,
    parameters_given,
    stereo_arguments,
    with_defaults,
)

FILE = 'stereo.launch.py'
SHARE = Path(get_package_share_directory('spike_recon_ros'))
# The functions that start one node.
RECON = runpy.run_path(str(SHARE / 'launch' / 'recon.launch.py'))


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; everything else depends on their values."""
    arguments = RECON['declared'](stereo_arguments(RECON['PARAMETER_FILE']))
    return LaunchDescription([*arguments, OpaqueFunction(function=everything)])


def everything(context: LaunchContext) -> list:
    """Return the actions that the arguments ask for."""
    given = with_defaults(context.launch_configurations)
    check_arguments(sys.argv, FILE, (argument.name for argument in stereo_arguments('')))
    sides = [arguments_of_side(given, side) for side in SIDES]
    views = [action for side in sides for action in RECON['views'](side)]
    if given['one_process'] == 'true':
        return [*one_process(sides), *views]
    return [*(action for side in sides for action in RECON['reconstruction'](side)), *views]


def one_process(sides: list[dict[str, str]]) -> list:
    """Start one process with both nodes; with autostart, they configure themselves."""
    given = sides[0]
    params_file = Path(given['params_file']).expanduser()
    if not params_file.is_file():
        raise RuntimeError(f'there is no parameter file {params_file}')
    parameters, notes = parameters_given(given)
    parameters['autostart'] = given['autostart'] == 'true'
    nodes = Node(
        package='spike_recon_ros',
        executable='recon_node',
        arguments=[full_namespace(side) for side in sides],
        parameters=[str(params_file), RECON['as_texts'](parameters)],
        remappings=[remapping for side in sides for remapping in remappings_of(side)],
        ros_arguments=['--log-level', given['log_level']],
        output='screen',
        respawn=given['respawn'] == 'true',
        respawn_delay=RECON['RESPAWN_DELAY_S'],
    )
    actions = [LogInfo(msg=note) for note in notes]
    if given['respawn'] == 'false':
        on_exit = OnProcessExit(target_action=nodes, on_exit=RECON['end_if_failed'])
        actions.append(RegisterEventHandler(on_exit))
    return [*actions, nodes]


def remappings_of(side: dict[str, str]) -> list[tuple[str, str]]:
    """Rename the topics of one node only, by their full names."""
    namespace = full_namespace(side).rstrip('/')
    return [
        (f'{namespace}/{topic}', target if target[0] == '/' else f'{namespace}/{target}')
        for topic, target in ((TOPICS[name][0], side[name]) for name in TOPICS_OF_SIDE)
        if target != topic
    ]
