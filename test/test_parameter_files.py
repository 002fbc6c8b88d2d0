# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ROS parameter files as `spike-recon run` and the node read them."""

from pathlib import Path

import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.parameter_files import applies_to, check_file_is_for, files_among, settings_in

ROOT = Path(__file__).resolve().parents[1]
NODE = '/event_camera/recon'


@pytest.fixture
def file(tmp_path):
    """A function that writes a parameter file: a section, and the lines in it."""

    def write(section, *lines):
        path = tmp_path / 'params.yaml'
        body = ''.join(f'    {line}\n' for line in lines)
        path.write_text(f'{section}\n  ros__parameters:\n{body}', encoding='utf-8')
        return path

    return write


@pytest.mark.parametrize(
    ('pattern', 'matches'),
    [
        ('/**', True),
        ('/event_camera/recon', True),
        ('/*/recon', True),
        ('/**/recon', True),
        ('/event_camera/*', True),
        ('/event_camera/**', True),
        ('/recon', False),
        ('/*', False),
        ('/event_camera', False),
        ('/event_camera/recon2', False),
        ('/event_camera/recon/x', False),
        ('', False),
    ],
)
def test_a_section_applies_to_the_nodes_that_ros_applies_it_to(pattern, matches):
    assert applies_to(pattern, NODE) is matches


@pytest.mark.parametrize(
    ('line', 'values'),
    [
        ('fps: 50', {'fps': 50}),
        ('fps: 1e3', {'fps': 1000.0}),
        ('cuda_graphs: off', {'cuda_graphs': 'off'}),
        ('front_end: device', {'voxel_grid_on': 'gpu'}),
        ('use_sim_time: true', {}),
        ('autostart: true', {}),
        ('qos_overrides: {/event_camera/events: {subscription: {depth: 5}}}', {}),
        ('qos_overrides./event_camera/events.subscription.depth: 5', {}),
    ],
)
def test_whatever_the_node_accepts_run_accepts_too(file, line, values):
    assert settings_in(file('/**:', line))[0] == values


SECTION = '{}:\n  ros__parameters:\n    fps: {}\n'


@pytest.mark.parametrize(
    ('sections', 'fps'),
    [
        ({'/**': 10}, 10),
        ({'recon': 20}, 20),
        ({'/robot/left/recon': 30}, 30),
        ({'/**': 10, '/robot/left/recon': 30}, 30),
        ({'/robot/left/recon': 30, '/event_camera/recon': 40}, 40),
        ({'/**/recon': 50, '/event_camera/driver': 60}, 50),
        ({'/robot/**': 50, '/robot/left/recon': 70}, 70),
    ],
)
def test_the_section_of_one_node_is_read(tmp_path, sections, fps):
    path = tmp_path / 'params.yaml'
    path.write_text(''.join(SECTION.format(*section) for section in sections.items()))
    assert settings_in(path)[0] == {'fps': fps}


def test_a_file_for_several_nodes_must_name_the_one_that_is_meant(tmp_path):
    path = tmp_path / 'params.yaml'
    path.write_text(SECTION.format('/left/recon', 5) + SECTION.format('/right/recon', 6))
    with pytest.raises(UserError, match='several nodes'):
        settings_in(path)


def test_the_old_name_of_a_setting_is_noted(file):
    (note,) = settings_in(file('/**:', 'front_end: cpu'))[1]
    assert note.startswith('front_end is deprecated; use voxel_grid_on')


def test_the_file_that_is_shipped_sets_every_parameter_to_its_default():
    values, notes = settings_in(ROOT / 'config' / 'recon.yaml')
    assert 'fps' in values
    assert not notes
    check_file_is_for(ROOT / 'config' / 'recon.yaml', '/anything')


@pytest.mark.parametrize(
    ('section', 'line', 'words'),
    [
        ('/**:', 'fpss: 50', "no parameter 'fpss'; did you mean fps?"),
        ('/**:', 'FPS: 50', "no parameter 'FPS'; did you mean fps?"),
        ('/**:', 'bias_file: x', 'below the names of those nodes'),
        ('/**:', 'fps: fast', "fps is 'fast'; it must be a number"),
        ('/**:', 'fps: -1', 'its range is'),
        ('/**:', 'backend: openvno', 'did you mean openvino?'),
        ('/**:', '- fps', 'must hold lines'),
        ('/**:', '3: 4', 'must hold lines'),
        ('/**:', 'fps:', 'fps has no value'),
        ('/event_camera/driver:', 'fps: 50', 'no parameters for the node /event_camera/recon'),
    ],
)
def test_a_mistake_in_a_file_is_named(file, section, line, words):
    with pytest.raises(UserError) as error:
        settings_in(file(section, line))
    assert words in str(error.value)


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'fps: 50',
        b'/**:\n  ros_parameters:\n    fps: 50',
        b'/**:\n\tx: 1',
        b'3',
        b'[]',
        b'a: b',
        b'\xff\xfe',
        b'a: [',
        b'[' * 5000,
        b'a: &a {b: *a}\n',
        b'/**:\n  ros__parameters: 3\n',
    ],
    ids=repr,
)
def test_what_is_no_parameter_file_gets_one_sentence(tmp_path, content):
    path = tmp_path / 'x.yaml'
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        settings_in(path)
    assert '\n' not in str(error.value)
    assert 'parameter' in str(error.value)


def test_a_file_for_another_node_is_an_error(file):
    path = file('recon:', 'fps: 50.0')
    with pytest.raises(UserError, match='/recon, but none for this node, /event_camera/recon'):
        check_file_is_for(path, NODE)
    check_file_is_for(path, '/recon')


def test_a_missing_file_and_a_folder_are_errors(tmp_path):
    with pytest.raises(UserError, match='does not exist'):
        files_among(['recon_node', '--ros-args', '--params-file', str(tmp_path / 'x.yaml')])
    with pytest.raises(UserError, match='is not a file'):
        files_among(['--params-file', str(tmp_path)])
    assert files_among(['--ros-args', '-p', 'fps:=50']) == []


def test_the_file_in_the_documentation_is_valid(tmp_path):
    page = (ROOT / 'docs' / 'parameters.md').read_text(encoding='utf-8')
    path = tmp_path / 'params.yaml'
    path.write_text(page.partition('```yaml\n')[2].partition('```')[0], encoding='utf-8')
    assert settings_in(path)[0] == {'fps': 50.0}
    check_file_is_for(path, NODE)
