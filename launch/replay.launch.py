# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A recording and the live node that reconstructs it.

    ros2 launch spike_recon_ros replay.launch.py bag:=recording viewer:=rqt

Every argument of recon.launch.py may be given as well.
"""

import sys
from pathlib import Path

from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
)
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node
from launch_ros.event_handlers import OnStateTransition

from spike_recon_ros.launch_arguments import (
    TOPICS,
    TRUE_OR_FALSE,
    check_arguments,
    check_no_respawn,
    renamed_inputs,
    with_defaults,
)
from spike_recon_ros.sources.open_source import is_bag_of_packets

FILE = 'replay.launch.py'
ARGUMENTS = ('bag', 'rate', 'loop', 'player')
SHARE = Path(get_package_share_directory('spike_recon_ros'))
# When the player ends, the last packets are still being processed.
LAST_FRAMES_S = 1.0


def generate_launch_description() -> LaunchDescription:
    """Start the node first; the player follows once the node is active and receives everything."""
    recon = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'recon.launch.py'))
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'bag', description='recording to play: any that spike-recon reads'
            ),
            DeclareLaunchArgument('rate', default_value='1.0', description='speed of the replay'),
            DeclareLaunchArgument(
                'loop',
                default_value='false',
                choices=TRUE_OR_FALSE,
                description='begin again at the end',
            ),
            DeclareLaunchArgument(
                'player',
                default_value='auto',
                choices=['auto', 'rosbag2', 'spike_recon'],
                description='what plays the recording: `ros2 bag play` (rosbag2), play_node '
                '(spike_recon), or auto: the first if it is installed and the recording is a ROS '
                '2 bag of EventPackets',
            ),
            # Declared here too, because the first declaration of an argument sets its default.
            DeclareLaunchArgument(
                'use_sim_time',
                default_value='true',
                choices=TRUE_OR_FALSE,
                description='use the time on /clock, which the player publishes',
            ),
            OpaqueFunction(function=start_player_when_active),
            recon,
        ]
    )


def start_player_when_active(context: LaunchContext) -> list[Action]:
    """Make the player and what starts and follows it."""
    check_arguments(sys.argv, FILE, [*ARGUMENTS, *with_defaults({})])
    given = with_defaults(context.launch_configurations)
    check_no_respawn(given)
    player = make_player(given)

    def end(event: ProcessExited, context: LaunchContext) -> list[Action]:
        if context.is_shutdown:
            return []
        if event.returncode:
            raise RuntimeError('the recording was not played; the log above says why')
        shut_down = EmitEvent(event=Shutdown(reason='the recording is over'))
        return [TimerAction(period=LAST_FRAMES_S, actions=[shut_down])]

    return [
        RegisterEventHandler(
            OnStateTransition(goal_state='active', entities=[player], handle_once=True)
        ),
        RegisterEventHandler(OnProcessExit(target_action=player, on_exit=end)),
    ]


def make_player(given: dict[str, str]) -> Action:
    """Return the process that plays the recording and publishes its time on /clock.

    It plays for the node: a file on the topic that the node reads, and the usual topics of a bag
    in the namespace of the node. Where an argument names a topic, it names one of the bag.
    """
    loop = ['--loop'] if given['loop'] == 'true' else []
    options = ['--rate', given['rate'], '--clock', *loop]
    is_bag = is_bag_of_packets(given['bag'])
    remappings = [('events', given['events_topic'])]
    if is_bag:
        usual = {name: topic for name, (topic, _) in TOPICS.items()}
        renamed = renamed_inputs(given)
        remappings = [renamed[name] for name in renamed if given[name] == usual[name]]
    rosbag2 = given['player'] == 'rosbag2' or (
        given['player'] == 'auto' and is_installed('ros2bag') and is_bag
    )
    if rosbag2:
        command = ['ros2', 'bag', 'play', str(Path(given['bag']).expanduser()), *options]
        if remappings:
            command += ['--remap', *(f'{old}:={new}' for old, new in remappings)]
        return ExecuteProcess(cmd=command, name='player', output='screen')
    return Node(
        package='spike_recon_ros',
        executable='play_node',
        name='player',
        namespace=given['namespace'],
        arguments=[given['bag'], *options],
        remappings=remappings,
        output='screen',
    )


def is_installed(package: str) -> bool:
    """Look for a ROS package."""
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True
