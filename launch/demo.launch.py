# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A demo without a camera: simulate a recording, reconstruct it live, write a video.

    ros2 launch spike_recon_ros demo.launch.py out:=demo viewer:=rqt
    ros2 launch spike_recon_ros demo.launch.py sensor:=spike

Recordings of a spike camera are played slower than recorded; rate:=1 plays them at full speed.
Every argument of recon.launch.py may be given as well. `spike-recon demo` does the same without
ROS's launch, and compares the images with the ground truth.
"""

import sys
from pathlib import Path

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
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

from spike_recon_ros.benchmarking.demo_report import FASTEST_VIDEO
from spike_recon_ros.cli.demo import SHOWS
from spike_recon_ros.launch_arguments import (
    check_arguments,
    check_no_respawn,
    image_topic,
    parameters_given,
    renamed_inputs,
    with_defaults,
)
from spike_recon_ros.topics import EVENTS

FILE = 'demo.launch.py'
ARGUMENTS = ('out', 'sensor', 'duration', 'rate')
NAME = 'spike_recon_ros'
SHARE = Path(get_package_share_directory(NAME))
PROGRAMS = Path(get_package_prefix(NAME)) / 'lib' / NAME
# When the player ends, the last packets are still being processed.
LAST_FRAMES_S = 1.0


def generate_launch_description() -> LaunchDescription:
    """Simulate; then start the node and the recorder; when the node is active, play."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'out', default_value='demo', description='folder for the recording and the video'
            ),
            DeclareLaunchArgument(
                'sensor', default_value='event', choices=[*SHOWS], description='kind of camera'
            ),
            DeclareLaunchArgument(
                'duration',
                default_value='',
                description='length of the recording, in seconds; empty = usual for the camera',
            ),
            DeclareLaunchArgument(
                'rate',
                default_value='',
                description='speed of the player, 1 = as recorded; empty = usual for the camera',
            ),
            OpaqueFunction(function=one_after_the_other),
        ]
    )


def one_after_the_other(context: LaunchContext) -> list[Action]:
    """Make the processes and chain them by their ends and by the node's state."""
    check_arguments(sys.argv, FILE, [*ARGUMENTS, *with_defaults({})])
    given = with_defaults(context.launch_configurations)
    check_no_respawn(given)
    show = SHOWS[given['sensor']]
    duration, rate = given['duration'] or str(show.duration_s), given['rate'] or f'{show.rate:g}'
    fps = float(parameters_given(given)[0].get('fps', show.fps))
    # Stamps that are moved to now would run slower than the time in the packets.
    pace = ['--restamp'] if float(rate) == 1 else ['--rate', rate]
    out = Path(given['out']).expanduser().absolute()
    out.mkdir(parents=True, exist_ok=True)
    recording, video = out / 'recording', out / 'reconstruction.mp4'
    simulate = ExecuteProcess(
        cmd=[
            *(str(PROGRAMS / 'spike-recon'), 'simulate', '--overwrite'),
            *('-o', str(recording), '--duration', duration, '--sensor', given['sensor']),
            *('--fps-truth', f'{fps:g}'),
        ],
        name='simulate',
        output='screen',
    )
    recon = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'recon.launch.py')),
        launch_arguments={'fps': f'{fps:g}'}.items(),
    )
    recorder = Node(
        package=NAME,
        executable='record_node',
        name='recorder',
        namespace=given['namespace'],
        arguments=[
            *(str(video), '--overwrite', '--fps', f'{min(fps, FASTEST_VIDEO):g}'),
            *('--topic', image_topic(given)),
        ],
        output='screen',
    )
    # The node subscribes to the packets once the recorder subscribes to the images.
    player = Node(
        package=NAME,
        executable='play_node',
        name='player',
        namespace=given['namespace'],
        arguments=[str(recording), *pace, '--wait-for', EVENTS],
        remappings=[*renamed_inputs(given).values()],
        output='screen',
    )
    shut_down = EmitEvent(event=Shutdown(reason='the demo is over'))
    end = [
        LogInfo(msg=f'the video is {video}; it was played at {rate} times the recorded speed'),
        TimerAction(period=LAST_FRAMES_S, actions=[shut_down]),
    ]
    return [
        RegisterEventHandler(
            OnStateTransition(goal_state='active', entities=[player], handle_once=True)
        ),
        after(simulate, recorder, recon),
        after(player, *end),
        simulate,
    ]


def after(process: ExecuteProcess, *actions: Action) -> RegisterEventHandler:
    """Run actions when a process has succeeded; end the launch with an error if it failed.

    After an interrupt, nothing more is run.
    """

    def on_exit(event: ProcessExited, context: LaunchContext) -> list[Action]:
        if context.is_shutdown:
            return []
        if event.returncode:
            raise RuntimeError(f'{event.process_name} failed; its log above says why')
        return list(actions)

    return RegisterEventHandler(OnProcessExit(target_action=process, on_exit=on_exit))
