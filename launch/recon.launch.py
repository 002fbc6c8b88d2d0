# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The live node and, on request, a viewer and a compressed copy of its images.

ros2 launch spike_recon_ros recon.launch.py viewer:=web
ros2 launch spike_recon_ros recon.launch.py events_topic:=/camera/events fps:=50
ros2 launch spike_recon_ros recon.launch.py build_only:=true build_sizes:=346x260
"""

import os
import sys
from pathlib import Path

from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
)
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import matches_action
from launch.events.process import ProcessExited
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from lifecycle_msgs.msg import Transition

from spike_recon_ros.launch_arguments import (
    TOPICS,
    Argument,
    check_arguments,
    full_namespace,
    image_topic,
    parameters_given,
    recon_arguments,
    web_port,
    with_defaults,
)
from spike_recon_ros.topics import in_namespace

FILE = 'recon.launch.py'
SHARE = Path(get_package_share_directory('spike_recon_ros'))
PARAMETER_FILE = str(SHARE / 'config' / 'recon.yaml')
# The topic that recon.rviz and foxglove_layout.json show; other topics are remapped to it.
USUAL_IMAGE_TOPIC = '/event_camera/recon/image_raw'
FOXGLOVE_PORT = 8765
RESPAWN_DELAY_S = 2.0
# Transitions that end an attempt to start the node without success.
FAILURES = (
    ('configuring', 'unconfigured'),
    ('errorprocessing', 'unconfigured'),
    ('activating', 'inactive'),
)


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; everything else depends on their values."""
    arguments = recon_arguments(PARAMETER_FILE)
    return LaunchDescription([*declared(arguments), OpaqueFunction(function=everything)])


def declared(arguments: list[Argument]) -> list[DeclareLaunchArgument]:
    """Return the actions that declare arguments, each with its default."""
    return [
        DeclareLaunchArgument(
            name, default_value=default, description=description, choices=choices or None
        )
        for name, default, description, choices in arguments
    ]


def everything(context: LaunchContext) -> list:
    """Return the actions that the arguments ask for."""
    check_arguments(sys.argv, FILE, (argument.name for argument in recon_arguments('')))
    given = with_defaults(context.launch_configurations)
    return [*reconstruction(given), *views(given)]


def views(given: dict[str, str]) -> list:
    """Return what shows or copies the images."""
    actions = []
    if given['compressed'] == 'true':
        actions.append(compressed_copy(given))
    if given['viewer'] not in ('none', 'off'):
        actions.extend(VIEWERS[given['viewer']](given))
    return actions


def reconstruction(given: dict[str, str]) -> list:
    """Start the node and, with autostart, take it to active by lifecycle events.

    A node that ends with an error, or cannot be configured or activated, ends the launch with an
    error too. With respawn, it is started again instead and takes itself to active.
    """
    params_file = Path(given['params_file']).expanduser()
    if not params_file.is_file():
        raise RuntimeError(f'there is no parameter file {params_file}')
    parameters, notes = parameters_given(given)
    respawns = given['respawn'] == 'true'
    if respawns:  # a request to a node that was killed would be lost
        parameters['autostart'] = given['autostart'] == 'true'
    node = LifecycleNode(
        package='spike_recon_ros',
        executable='recon_node',
        name=given['node_name'],
        namespace=given['namespace'],
        parameters=[str(params_file), as_texts(parameters)],
        remappings=[(topic, given[name]) for name, (topic, _) in TOPICS.items()],
        ros_arguments=['--log-level', given['log_level']],
        output='screen',
        respawn=respawns,
        respawn_delay=RESPAWN_DELAY_S,
    )
    actions = [LogInfo(msg=note) for note in notes]
    if not respawns:
        on_exit = OnProcessExit(target_action=node, on_exit=end_if_failed)
        actions.append(RegisterEventHandler(on_exit))
    if respawns or given['autostart'] == 'false' or given['build_only'] == 'true':
        return [*actions, node]
    configure, activate = (
        EmitEvent(
            event=ChangeState(
                lifecycle_node_matcher=matches_action(node), transition_id=transition
            )
        )
        for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)
    )
    once_running = OnProcessStart(target_action=node, on_start=[configure])
    once_configured = OnStateTransition(
        target_lifecycle_node=node,
        start_state='configuring',
        goal_state='inactive',
        entities=[activate],
        handle_once=True,
    )
    failed = [
        OnStateTransition(
            target_lifecycle_node=node,
            start_state=start,
            goal_state=goal,
            entities=[OpaqueFunction(function=end_as_failed)],
        )
        for start, goal in FAILURES
    ]
    # Handlers first: an event without a handler is lost.
    handlers = [RegisterEventHandler(handler) for handler in (once_configured, *failed)]
    return [*actions, *handlers, RegisterEventHandler(once_running), node]


def end_if_failed(event: ProcessExited, context: LaunchContext) -> None:
    """End the launch with an error if the node ended with one."""
    if event.returncode and not context.is_shutdown:
        raise RuntimeError('the node ended with an error; its log above says why')


def end_as_failed(context: LaunchContext) -> None:
    """End the launch with an error."""
    if not context.is_shutdown:
        raise RuntimeError('the node could not be started; its log above says why')


def as_texts(parameters: dict) -> dict:
    """Keep texts from being read as YAML, in which `7` is a number and `off` a truth value."""
    return {
        name: ParameterValue(value, value_type=str) if isinstance(value, str) else value
        for name, value in parameters.items()
    }


def compressed_copy(given: dict[str, str]) -> Node:
    """Republish the images as JPEG."""
    require('image_transport', 'image-transport')
    require('compressed_image_transport', 'compressed-image-transport')
    topic = image_topic(given)
    return Node(
        package='image_transport',
        executable='republish',
        name='compress',
        namespace=given['namespace'],
        # Up to Iron the transports are arguments, since Jazzy parameters; each ignores the other.
        arguments=['raw', 'compressed'],
        parameters=[{'in_transport': 'raw', 'out_transport': 'compressed'}],
        # Up to Jazzy the plugin's own topic is remapped, elsewhere the one that it is made from.
        remappings=[('in', topic), ('out', topic), ('out/compressed', f'{topic}/compressed')],
    )


def rqt(given: dict[str, str]) -> list:
    """Show the images in a window of their own."""
    require('rqt_image_view', 'rqt-image-view')
    node = Node(
        package='rqt_image_view',
        executable='rqt_image_view',
        name='image_view',
        namespace=given['namespace'],
        arguments=[image_topic(given)],
    )
    return [node]


def rviz(given: dict[str, str]) -> list:
    """Show the images in RViz."""
    require('rviz2', 'rviz2')
    node = Node(
        package='rviz2',
        executable='rviz2',
        name='rviz',
        namespace=given['namespace'],
        arguments=['-d', str(SHARE / 'config' / 'recon.rviz')],
        parameters=[{'use_sim_time': given['use_sim_time'] == 'true'}],
        remappings=[(USUAL_IMAGE_TOPIC, image_topic(given))],
    )
    return [node]


def foxglove(given: dict[str, str]) -> list:
    """Serve the topics to Foxglove, on this machine or another."""
    require('foxglove_bridge', 'foxglove-bridge')
    layout = SHARE / 'config' / 'foxglove_layout.json'
    node = Node(
        package='foxglove_bridge',
        executable='foxglove_bridge',
        name='foxglove_bridge',
        namespace=given['namespace'],
        parameters=[{'port': FOXGLOVE_PORT, 'use_sim_time': given['use_sim_time'] == 'true'}],
    )
    hint = f'Foxglove: open ws://localhost:{FOXGLOVE_PORT} and import the layout {layout}'
    return [node, LogInfo(msg=hint)]


def web(given: dict[str, str]) -> list:
    """Serve a web page with video, health and parameters."""
    node = in_namespace(given['node_name'], full_namespace(given))
    page = Node(
        package='spike_recon_ros',
        executable='spike-recon',
        name='viewer',
        namespace=given['namespace'],
        arguments=[
            'view', '--node', node, '--image-topic', image_topic(given),
            '--host', given['viewer_host'], '--port', str(web_port(given)),
        ],
        parameters=[{'use_sim_time': given['use_sim_time'] == 'true'}],
        output='screen',
    )  # fmt: skip
    return [page]


VIEWERS = {'web': web, 'rqt': rqt, 'rviz': rviz, 'foxglove': foxglove}


def require(package: str, apt_name: str) -> None:
    """Stop with the command that installs a package, if it is not there."""
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        distro = os.environ.get('ROS_DISTRO', '<distro>')
        raise RuntimeError(
            f'{package} is not installed; run: sudo apt install ros-{distro}-{apt_name}'
        ) from None
