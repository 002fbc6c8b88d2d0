# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The arguments of the launch files, and what follows from their values.

Here rather than in the launch files because ROS's launch is not needed for it, and three launch
files start the node of a fourth.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from spike_recon_ros.errors import UserError, did_you_mean
from spike_recon_ros.setting import choices_of
from spike_recon_ros.settings import RENAMED, check, current_values, setting_fields
from spike_recon_ros.topics import NAMESPACE, in_namespace

TOPICS = {
    'events_topic': ('events', 'topic of the packets (event_camera_msgs/msg/EventPacket)'),
    'image_topic': ('~/image_raw', 'topic of the reconstructed images'),
    'color_topic': ('~/image_color', 'topic of the colour images'),
    'camera_info_topic': ('camera_info', 'topic of the calibration of the camera'),
    'frame_image_topic': (
        'frame_image',
        'topic of the images of another camera (for sync_mode camera_image, frames and color)',
    ),
    'time_reference_topic': ('time_reference', 'topic of the stamps that request frames'),
}
"""Arguments that rename topics: the topic of the node, and the description."""
_AS_IN_FILE = 'Empty = the value in params_file.'
TRUE_OR_FALSE = ('true', 'false', 'True', 'False')
"""Choices of an argument that is a truth value; other launch files often pass Python's."""


class Argument(NamedTuple):
    """One argument of a launch file: its default, and the valid values if not every text is."""

    name: str
    default: str
    description: str
    choices: tuple[str, ...] = ()


def recon_arguments(params_file: str) -> list[Argument]:
    """Return the arguments of recon.launch.py.

    Args:
        params_file: default of the argument of that name.
    """
    return [
        Argument('namespace', NAMESPACE, 'namespace of the node'),
        Argument('node_name', 'recon', 'name of the node'),
        *(Argument(name, topic, what) for name, (topic, what) in TOPICS.items()),
        Argument('params_file', params_file, 'parameter file of the node'),
        *_setting_arguments(),
        Argument(
            'use_sim_time', '', f'use the time on /clock. {_AS_IN_FILE}', ('', *TRUE_OR_FALSE)
        ),
        Argument('autostart', 'true', 'configure and activate the node', TRUE_OR_FALSE),
        Argument(
            'respawn',
            'false',
            'start the node again after it has ended, instead of ending the launch',
            TRUE_OR_FALSE,
        ),
        Argument(
            'build_only',
            'false',
            'build the TensorRT engines of the model, then exit',
            TRUE_OR_FALSE,
        ),
        Argument('build_sizes', '', 'sensor sizes to build for, as 346x260,640x480 (build_only)'),
        Argument('log_level', 'info', 'debug, info, warn, error or fatal'),
        Argument(
            'viewer',
            'none',
            'program that shows the images; web: a page (spike-recon view)',
            ('none', 'off', 'web', 'rqt', 'rviz', 'foxglove'),
        ),
        Argument(
            'viewer_host',
            '127.0.0.1',
            'address of the web page; 0.0.0.0 = reachable from other computers, with a token that '
            'is printed',
        ),
        Argument('viewer_port', '8088', 'port of the web page'),
        Argument(
            'compressed',
            'false',
            'publish a JPEG copy on <image_topic>/compressed',
            TRUE_OR_FALSE,
        ),
    ]


SIDES = ('left', 'right')
"""The cameras of stereo.launch.py, and the default namespaces of their nodes."""
_OF_ONE_NODE = {'namespace', 'node_name', 'build_only', 'build_sizes', 'grid_origin', *TOPICS}
TOPICS_OF_SIDE = ('events_topic', 'camera_info_topic')


def stereo_arguments(params_file: str) -> list[Argument]:
    """Return the arguments of stereo.launch.py.

    Args:
        params_file: default of the argument of that name.
    """
    of_nodes = {argument.name: argument for argument in recon_arguments(params_file)}
    return [
        *(Argument(f'{side}_namespace', side, f'namespace of the {side} node') for side in SIDES),
        *(
            Argument(f'{side}_{name}', TOPICS[name][0], f'{side} {TOPICS[name][1]}')
            for side in SIDES
            for name in TOPICS_OF_SIDE
        ),
        of_nodes['grid_origin']._replace(default='host_time'),
        Argument(
            'one_process',
            'false',
            'run both nodes in one process, which saves memory',
            TRUE_OR_FALSE,
        ),
        *(argument for name, argument in of_nodes.items() if name not in _OF_ONE_NODE),
    ]


def arguments_of_side(given: Mapping[str, str], side: str) -> dict[str, str]:
    """Return the arguments of recon.launch.py for one camera of stereo.launch.py.

    Args:
        given: arguments of stereo.launch.py.
        side: one of SIDES.

    Raises:
        UserError: a value is not valid.
    """
    namespaces = [given[f'{side}_namespace'].strip('/') for side in SIDES]
    if namespaces[0] == namespaces[1]:
        raise UserError(f'both nodes would be /{namespaces[0]}/recon; let the namespaces differ')
    topics = [
        in_namespace(given[f'{side}_events_topic'], given[f'{side}_namespace']) for side in SIDES
    ]
    if topics[0] == topics[1]:
        raise UserError(
            f'both nodes would read the packets on {topics[0]}; give left_events_topic and '
            'right_events_topic the topics of two cameras'
        )
    return {
        **with_defaults(given),
        'namespace': given[f'{side}_namespace'],
        'viewer_port': str(web_port(given) + SIDES.index(side)),
        **{name: given[f'{side}_{name}'] for name in TOPICS_OF_SIDE},
    }


def with_defaults(given: Mapping[str, str]) -> dict[str, str]:
    """Return arguments of a launch file, and the defaults of those of recon.launch.py.

    A file that includes the latter reads them before they are declared. Truth values are written
    `true` and `false`.
    """
    defaults = {argument.name: argument.default for argument in recon_arguments('')}
    plain = {name: text.lower() if text in TRUE_OR_FALSE else text for name, text in given.items()}
    return {**defaults, **plain}


def check_no_respawn(given: Mapping[str, str]) -> None:
    """Check the arguments of a file that ends with its recording.

    Raises:
        UserError: the node is to be started again.
    """
    if given['respawn'] == 'true':
        raise UserError('respawn is for live cameras (recon.launch.py); leave it out here')


def web_port(given: Mapping[str, str]) -> int:
    """Return the port of the web page.

    Raises:
        UserError: it is not one.
    """
    text = given['viewer_port']
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise UserError(f'viewer_port is {text!r}; it must be a whole number from 1 to 65535')
    return int(text)


def check_arguments(command_line: Sequence[str], launch_file: str, known: Iterable[str]) -> None:
    """Check the names of the arguments that a user gave to a launch file.

    ROS's launch sets whatever it is given, so a misspelt argument would have no effect. A file
    that another one includes inherits the arguments of that file, so nothing is checked then.

    Args:
        command_line: of the process, for example `ros2 launch spike_recon_ros recon.launch.py
            fps:=50`.
        launch_file: name of the file.
        known: its arguments.

    Raises:
        UserError: there is no argument of that name.
    """
    if launch_file not in (os.path.basename(word) for word in command_line):
        return
    names = [*known]
    for word in command_line:
        name, assigned, _ = word.partition(':=')
        if assigned and name not in names:
            hint = did_you_mean(name, names) or f'; see ros2 launch ... {launch_file} --show-args'
            raise UserError(f'{launch_file} has no argument {name!r}{hint}')


def parameters_given(given: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters that override those in the parameter file.

    Args:
        given: values of the arguments; an empty one overrides nothing.

    Returns: the parameters by name, and sentences about old names and what has no effect.

    Raises:
        UserError: a value is not valid.
    """
    texts = {name: given[name] for name in _setting_names() if given.get(name)}
    texts, notes = current_values(texts)
    parameters: dict[str, Any] = {}
    for field in setting_fields():
        if field.name in texts:
            parameters[field.name] = _typed(texts[field.name], type(field.default))
            check(field.name, parameters[field.name])
    if given.get('use_sim_time'):
        parameters['use_sim_time'] = given['use_sim_time'] == 'true'
    if given.get('build_only') == 'true':
        parameters |= {'build_only': True, 'build_sizes': given['build_sizes']}
    elif given.get('build_sizes'):
        notes.append('build_sizes has no effect: it is for build_only:=true')
    return parameters, notes


def image_topic(given: Mapping[str, str]) -> str:
    """Return the full name of the topic that the node publishes on."""
    topic = given['image_topic']
    relative = topic.replace('~', given['node_name'], 1) if topic.startswith('~') else topic
    return in_namespace(relative, full_namespace(given))


def full_namespace(given: Mapping[str, str]) -> str:
    """Return the namespace of the node, below the one that PushRosNamespace has set."""
    return in_namespace(given['namespace'], given.get('ros_namespace', ''))


def renamed_inputs(given: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the usual full name of each topic that the node reads, and the name it has here.

    For players: a bag holds the usual names, and the node may read others.

    Returns: both names by the argument that renames the topic; those that are equal are left out.
    """
    namespace = full_namespace(given)
    names = {
        name: (in_namespace(topic, NAMESPACE), in_namespace(given[name], namespace))
        for name, (topic, _) in TOPICS.items()
        if not topic.startswith('~')
    }
    return {name: both for name, both in names.items() if both[0] != both[1]}


def _setting_arguments() -> list[Argument]:
    def described(text: str, choices: Sequence[str]) -> str:
        listed = f'One of: {", ".join(choices)}.' if choices else ''
        return ' '.join([text, listed, _AS_IN_FILE])

    settings = [
        Argument(field.name, '', described(field.metadata['description'], choices_of(field)))
        for field in setting_fields()
    ]
    old = [Argument(old, '', f'Old name of {name}.') for old, (name, _) in RENAMED.items()]
    return settings + old


def _setting_names() -> list[str]:
    return [*(field.name for field in setting_fields()), *RENAMED]


def _typed(text: str, kind: type) -> Any:
    """Return a number if the setting is one and the text can be read as one."""
    try:
        return kind(text)
    except ValueError:
        return text
