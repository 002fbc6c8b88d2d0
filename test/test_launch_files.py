# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The launch files; most of it needs ROS's launch, which no package index has."""

import ast
import importlib.util
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAUNCH_FILES = sorted((ROOT / 'launch').glob('*.launch.py'))
EACH = pytest.mark.parametrize('file', LAUNCH_FILES, ids=lambda file: file.name)
RECON_ARGUMENTS = {
    'namespace', 'node_name', 'params_file', 'use_sim_time', 'autostart', 'log_level',
    'events_topic', 'image_topic', 'camera_info_topic', 'frame_image_topic',
    'time_reference_topic', 'sensor', 'model', 'fps', 'sync_mode', 'image_encoding', 'viewer',
    'compressed', 'build_only', 'build_sizes',
}  # fmt: skip
ARGUMENTS = {
    'recon.launch.py': RECON_ARGUMENTS,
    'replay.launch.py': RECON_ARGUMENTS | {'bag', 'rate', 'loop', 'player'},
    'demo.launch.py': {'out', 'sensor', 'duration', 'rate'},
}


def strings(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding='utf-8'))
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def load(file: Path):
    """Import a launch file as `ros2 launch` does, or skip."""
    pytest.importorskip('launch.actions')
    pytest.importorskip('launch_ros.actions')
    try:
        spec = importlib.util.spec_from_file_location(file.name.replace('.', '_'), file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except LookupError as error:
        pytest.skip(f'the package is not installed where ROS looks: {error}')
    return module


@pytest.fixture
def recon():
    return load(ROOT / 'launch' / 'recon.launch.py')


@pytest.fixture
def given(recon):
    """The arguments' defaults, as text."""
    values = {}
    for argument in recon.arguments():
        values[argument.name] = ''.join(part.text for part in argument.default_value)
    return values


def test_the_three_launch_files_are_there():
    assert {file.name for file in LAUNCH_FILES} == set(ARGUMENTS)


@EACH
def test_a_launch_file_compiles(file):
    compile(file.read_text(encoding='utf-8'), str(file), 'exec')


@EACH
def test_the_files_that_a_launch_file_names_exist(file):
    named = {text for text in strings(file) if '\n' not in text and ' ' not in text}
    in_share = {text for text in named if text.endswith(('.py', '.yaml', '.rviz', '.json'))}
    shared = {entry.name for name in ('launch', 'config') for entry in (ROOT / name).iterdir()}
    assert in_share <= shared


@EACH
def test_the_programs_that_a_launch_file_starts_exist(file):
    scripts = {entry.name for entry in (ROOT / 'scripts').iterdir()}
    ours = {text for text in strings(file) if text.endswith('_node') or text == 'spike-recon'}
    assert ours <= scripts


@EACH
def test_every_argument_has_a_description(file):
    description = load(file).generate_launch_description()
    arguments = description.get_launch_arguments()
    assert {argument.name for argument in arguments} == ARGUMENTS[file.name]
    assert all(argument.description for argument in arguments)


def test_parameters_are_passed_only_if_given(recon, given):
    assert recon.overrides(given) == {}
    assert recon.overrides({**given, 'fps': '50', 'model': 'fibar', 'use_sim_time': 'true'}) == {
        'use_sim_time': True,
        'fps': 50.0,
        'model': 'fibar',
    }


def test_a_rate_that_is_no_number_is_named(recon, given):
    with pytest.raises(RuntimeError, match='fps:=fast is not a number'):
        recon.overrides({**given, 'fps': 'fast'})


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
def test_viewers_find_the_image_topic_by_its_full_name(recon, given, changes, topic):
    assert recon.image_topic({**given, **changes}) == topic


def test_without_autostart_the_node_is_only_started(recon, given):
    assert len(recon.reconstruction({**given, 'autostart': 'false'})) == 1
    assert len(recon.reconstruction(given)) > 1


def test_a_build_is_not_taken_to_active(recon, given):
    build = {**given, 'build_only': 'true', 'build_sizes': '346x260'}
    assert len(recon.reconstruction(build)) == 1
    assert recon.overrides(build) == {'build_only': True, 'build_sizes': '346x260'}
    assert 'build_only' not in recon.overrides(given)


@pytest.mark.parametrize('viewer', ['rqt', 'rviz', 'foxglove'])
def test_a_viewer_that_is_not_installed_is_named_with_its_cure(recon, given, viewer, monkeypatch):
    def missing(package):
        raise recon.PackageNotFoundError(package)

    monkeypatch.setattr(recon, 'get_package_prefix', missing)
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    with pytest.raises(RuntimeError, match='sudo apt install ros-jazzy-'):
        recon.VIEWERS[viewer](given)


@pytest.mark.parametrize('viewer', ['rqt', 'rviz', 'foxglove'])
def test_a_viewer_that_is_installed_is_started(recon, given, viewer, monkeypatch):
    monkeypatch.setattr(recon, 'get_package_prefix', lambda package: os.sep)
    assert recon.VIEWERS[viewer](given)
    assert recon.compressed_copy(given)
