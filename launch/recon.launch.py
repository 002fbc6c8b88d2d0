# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The live node, and on request a viewer and a compressed copy of its images.

ros2 launch spike_recon_ros recon.launch.py viewer:=rqt
ros2 launch spike_recon_ros recon.launch.py events_topic:=/camera/events fps:=50
ros2 launch spike_recon_ros recon.launch.py build_only:=true build_sizes:=346x260
"""

import os
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
from launch.event_handlers import OnProcessStart
from launch.events import matches_action
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

SHARE = Path(get_package_share_directory('spike_recon_ros'))
# The topic that recon.rviz and foxglove_layout.json show; elsewhere it is remapped to.
USUAL_IMAGE_TOPIC = '/event_camera/recon/image_raw'
FOXGLOVE_PORT = 8765
# Parameters of the node that are passed only if given, so that params_file decides otherwise.
OVERRIDES = {'sensor': str, 'model': str, 'fps': float, 'sync_mode': str, 'image_encoding': str}
TOPICS = {
    'events_topic': ('events', 'packets of the camera (event_camera_msgs/msg/EventPacket)'),
    'image_topic': ('~/image_raw', 'reconstructed images'),
    'camera_info_topic': ('camera_info', "the camera's calibration, which is passed on"),
    'frame_image_topic': ('frame_image', 'images whose stamps ask for frames (camera_image)'),
    'time_reference_topic': ('time_reference', 'stamps that ask for frames (time_reference)'),
}


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; everything else depends on their values."""
    return LaunchDescription([*arguments(), OpaqueFunction(function=everything)])


def arguments() -> list[DeclareLaunchArgument]:
    """Return what can be given on the command line, each with its default."""

    def argument(
        name: str, default: str, description: str, *choices: str
    ) -> DeclareLaunchArgument:
        return DeclareLaunchArgument(
            name, default_value=default, description=description, choices=choices or None
        )

    return [
        argument('namespace', 'event_camera', 'namespace of the node'),
        argument('node_name', 'recon', 'name of the node'),
        *(argument(name, topic, what) for name, (topic, what) in TOPICS.items()),
        argument('params_file', str(SHARE / 'config' / 'recon.yaml'), "the node's parameters"),
        argument('sensor', '', 'auto, event or spike; empty = as in params_file'),
        argument('model', '', 'what reconstructs; empty = as in params_file'),
        argument('fps', '', 'frames a second (free_running); empty = as in params_file'),
        argument('sync_mode', '', 'when a frame is due; empty = as in params_file'),
        argument('image_encoding', '', 'mono8, mono16 or 32FC1; empty = as in params_file'),
        argument(
            'use_sim_time',
            '',
            'take the time from /clock; empty = as in params_file',
            '',
            'true',
            'false',
        ),
        argument('autostart', 'true', 'configure and activate at the start', 'true', 'false'),
        argument(
            'build_only', 'false', "build the model's TensorRT engines, then end", 'true', 'false'
        ),
        argument('build_sizes', '', 'sensors to build for, as 346x260,640x480 (build_only)'),
        argument('log_level', 'info', 'debug, info, warn, error or fatal'),
        argument('viewer', 'none', 'what shows the images', 'none', 'rqt', 'rviz', 'foxglove'),
        argument(
            'compressed',
            'false',
            'publish a JPEG copy on <image_topic>/compressed',
            'true',
            'false',
        ),
    ]


def everything(context: LaunchContext) -> list:
    """Put together what the arguments ask for."""
    given = context.launch_configurations
    actions = [*reconstruction(given)]
    if given['compressed'] == 'true':
        actions.append(compressed_copy(given))
    if given['viewer'] != 'none':
        actions.extend(VIEWERS[given['viewer']](given))
    return actions


def reconstruction(given: dict[str, str]) -> list:
    """Start the node and, with autostart, take it to active by lifecycle events."""
    node = LifecycleNode(
        package='spike_recon_ros',
        executable='recon_node',
        name=given['node_name'],
        namespace=given['namespace'],
        parameters=[given['params_file'], overrides(given)],
        remappings=[(topic, given[name]) for name, (topic, _) in TOPICS.items()],
        ros_arguments=['--log-level', given['log_level']],
        output='screen',
    )
    if given['autostart'] == 'false' or given['build_only'] == 'true':
        return [node]
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
    # Handlers first: an event that nobody handles yet is lost.
    return [RegisterEventHandler(once_configured), RegisterEventHandler(once_running), node]


def overrides(given: dict[str, str]) -> dict:
    """Return the parameters that were given on the command line."""
    parameters: dict = {}
    if given['use_sim_time']:
        parameters['use_sim_time'] = given['use_sim_time'] == 'true'
    if given['build_only'] == 'true':
        parameters |= {'build_only': True, 'build_sizes': given['build_sizes']}
    for name, kind in OVERRIDES.items():
        if given[name]:
            try:
                parameters[name] = kind(given[name])
            except ValueError:
                raise RuntimeError(f'{name}:={given[name]} is not a number') from None
    return parameters


def image_topic(given: dict[str, str]) -> str:
    """Return the full name of the topic that the node publishes on."""
    topic, namespace = given['image_topic'], given['namespace'].strip('/')
    if topic.startswith('/'):
        return topic
    relative = topic.replace('~', given['node_name'], 1) if topic.startswith('~') else topic
    return '/' + '/'.join(part for part in (namespace, relative) if part)


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


VIEWERS = {'rqt': rqt, 'rviz': rviz, 'foxglove': foxglove}


def require(package: str, apt_name: str) -> None:
    """Stop with the command that installs a package, if it is not there."""
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        distro = os.environ.get('ROS_DISTRO', '<distro>')
        raise RuntimeError(
            f'{package} is not installed; run: sudo apt install ros-{distro}-{apt_name}'
        ) from None
