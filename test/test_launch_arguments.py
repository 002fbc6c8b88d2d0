# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The arguments of the launch files, without ROS's launch."""

import re
from pathlib import Path

import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.launch_arguments import (
    SIDES,
    arguments_of_side,
    check_arguments,
    check_no_respawn,
    full_namespace,
    image_topic,
    parameters_given,
    recon_arguments,
    renamed_inputs,
    stereo_arguments,
    web_port,
    with_defaults,
)
from spike_recon_ros.settings import RENAMED, setting_fields
from spike_recon_ros.viewer.access import Access

ROOT = Path(__file__).resolve().parent.parent
LAUNCH = ['ros2', 'launch', 'spike_recon_ros']


@pytest.fixture
def given():
    """The defaults of the arguments."""
    return {argument.name: argument.default for argument in recon_arguments('recon.yaml')}


def test_every_setting_is_an_argument_and_none_overrides_the_file_by_default(given):
    names = {field.name for field in setting_fields()} | set(RENAMED)
    assert names <= given.keys()
    assert not any(given[name] for name in names)
    assert parameters_given(given) == ({}, [])


def test_every_argument_has_a_description_and_its_default_is_one_of_its_choices():
    for argument in recon_arguments('recon.yaml'):
        assert argument.description
        assert not argument.choices or argument.default in argument.choices


def test_parameters_have_the_type_of_the_setting(given):
    changes = {'fps': '50', 'threads': '2', 'model': '7', 'cuda_graphs': 'off'}
    assert parameters_given({**given, **changes, 'use_sim_time': 'true'}) == (
        {'fps': 50.0, 'threads': 2, 'model': '7', 'cuda_graphs': 'off', 'use_sim_time': True},
        [],
    )


def test_a_build_is_passed_on(given):
    build = {**given, 'build_only': 'true', 'build_sizes': '346x260'}
    assert parameters_given(build)[0] == {'build_only': True, 'build_sizes': '346x260'}


def test_sizes_without_a_build_are_noted(given):
    parameters, (note,) = parameters_given({**given, 'build_sizes': '346x260'})
    assert parameters == {}
    assert 'build_sizes has no effect' in note


def test_the_old_name_of_a_setting_works_with_a_note(given):
    parameters, (note,) = parameters_given({**given, 'front_end': 'device'})
    assert parameters == {'voxel_grid_on': 'gpu'}
    assert 'front_end is deprecated; use voxel_grid_on' in note


def test_the_web_page_is_for_this_computer_alone_by_default(given):
    assert Access.for_host(given['viewer_host'], int(given['viewer_port'])).token is None


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'fps': 'fast'}, "fps is 'fast'; it must be a number"),
        ({'fps': '-1'}, 'fps is -1.0; its range is 0.1 to 10,000'),
        ({'threads': '1.5'}, "threads is '1.5'; it must be a whole number"),
        ({'backend': 'openvno'}, 'did you mean openvino?'),
        ({'front_end': 'cpu', 'voxel_grid_on': 'gpu'}, 'remove front_end'),
    ],
)
def test_a_wrong_value_is_named(given, changes, words):
    with pytest.raises(UserError) as error:
        parameters_given({**given, **changes})
    assert words in str(error.value)


@pytest.mark.parametrize(
    ('changes', 'topic'),
    [
        ({}, '/event_camera/recon/image_raw'),
        ({'namespace': '/robot/left/'}, '/robot/left/recon/image_raw'),
        ({'namespace': '', 'node_name': 'eye'}, '/eye/image_raw'),
        ({'image_topic': 'image'}, '/event_camera/image'),
        ({'image_topic': '/image'}, '/image'),
    ],
)
def test_viewers_find_the_image_topic_by_its_full_name(given, changes, topic):
    assert image_topic({**given, **changes}) == topic


@pytest.mark.parametrize('file', ['recon.launch.py', '/ws/install/share/x/launch/recon.launch.py'])
def test_an_unknown_argument_is_named_with_a_suggestion(given, file):
    with pytest.raises(UserError, match=r"no argument 'fsp'; did you mean fps\?"):
        check_arguments([*LAUNCH, file, 'viewer:=rqt', 'fsp:=50'], 'recon.launch.py', given)
    with pytest.raises(UserError, match='--show-args'):
        check_arguments([*LAUNCH, file, 'banana:=50'], 'recon.launch.py', given)


def test_known_arguments_pass_and_a_file_that_is_included_checks_nothing(given):
    check_arguments([*LAUNCH, 'recon.launch.py', 'fps:=50'], 'recon.launch.py', given)
    check_arguments([*LAUNCH, 'robot.launch.py', 'speed:=1'], 'recon.launch.py', given)


@pytest.mark.parametrize('name', ['recon', 'replay', 'stereo', 'demo'])
def test_the_documentation_names_every_argument(name):
    page = (ROOT / 'docs' / 'ros_interface.md').read_text(encoding='utf-8')
    (row,) = (line for line in page.splitlines() if line.startswith(f'| `{name}.launch.py` |'))
    named = {field.name for field in setting_fields()} | {*RENAMED}
    named |= set(re.findall(r'`(\w+)[`:]', row))
    source = (ROOT / 'launch' / f'{name}.launch.py').read_text(encoding='utf-8')
    declared = set(re.findall(r"DeclareLaunchArgument\(\s*'(\w+)'", source))
    if name == 'stereo':
        own = {argument.name for argument in stereo_arguments('')}
        declared = {one for one in own if one.startswith(SIDES)} | {'one_process', 'grid_origin'}
    if name == 'recon':
        declared = {argument.name for argument in recon_arguments('')}
    assert len(declared) >= 4
    assert named >= declared


def test_both_sides_of_stereo_need_topics_of_their_own():
    given = {argument.name: argument.default for argument in stereo_arguments('recon.yaml')}
    assert arguments_of_side(given, 'right')['events_topic'] == 'events'
    same = {f'{side}_events_topic': '/cam/events' for side in SIDES}
    with pytest.raises(UserError, match='both nodes would read the packets on /cam/events'):
        arguments_of_side({**given, **same}, 'left')


@pytest.mark.parametrize(
    ('pushed', 'namespace', 'expected'),
    [
        (None, 'event_camera', '/event_camera'),
        ('/robot', 'cam0', '/robot/cam0'),
        ('/robot', '/cam0', '/cam0'),
        (None, '/', '/'),
    ],
)
def test_names_are_below_the_namespace_that_an_including_file_pushed(
    given, pushed, namespace, expected
):
    given['namespace'] = namespace
    if pushed:
        given['ros_namespace'] = pushed  # where launch_ros keeps it
    assert full_namespace(given) == expected
    assert image_topic(given) == f'{expected.rstrip("/")}/recon/image_raw'


def test_a_player_learns_where_the_node_reads(given):
    assert renamed_inputs(given) == {}
    moved = renamed_inputs({**given, 'namespace': 'cam0', 'camera_info_topic': '/info'})
    assert moved['events_topic'] == ('/event_camera/events', '/cam0/events')
    assert moved['camera_info_topic'] == ('/event_camera/camera_info', '/info')


def test_a_file_that_includes_the_other_reads_arguments_that_were_not_given():
    assert with_defaults({'fps': '50', 'out': 'x'}).items() >= {
        ('fps', '50'), ('out', 'x'), ('namespace', 'event_camera'),
    }  # fmt: skip


def test_truth_values_may_be_written_as_python_writes_them(given):
    assert with_defaults({'use_sim_time': 'True', 'respawn': 'False'}).items() >= {
        ('use_sim_time', 'true'), ('respawn', 'false'),
    }  # fmt: skip


@pytest.mark.parametrize('text', ['', '0', '65536', '8088.0', 'web'])
def test_a_port_that_is_none_ends_the_launch(given, text):
    assert web_port(given) == 8088
    with pytest.raises(UserError, match=f"viewer_port is '{text}'; it must be a whole number"):
        web_port({**given, 'viewer_port': text})


def test_a_launch_that_ends_with_its_recording_starts_no_node_again(given):
    check_no_respawn(given)
    with pytest.raises(UserError, match='respawn is for live cameras'):
        check_no_respawn({**given, 'respawn': 'true'})
