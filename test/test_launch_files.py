# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The launch files.

No package index has ROS's launch. Where it is missing, a stand-in records what a launch file asks
of it; that shows what the files do, not that launch does it.
"""

import ast
import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from spike_recon_ros.cli import view
from spike_recon_ros.cli.command_parser import CommandParser
from spike_recon_ros.errors import UserError
from spike_recon_ros.launch_arguments import SIDES, recon_arguments, stereo_arguments

ROOT = Path(__file__).resolve().parent.parent
LAUNCH_FILES = sorted((ROOT / 'launch').glob('*.launch.py'))
EACH = pytest.mark.parametrize('file', LAUNCH_FILES, ids=lambda file: file.name)
RECON_ARGUMENTS = {argument.name for argument in recon_arguments('')}
ARGUMENTS = {
    'recon.launch.py': RECON_ARGUMENTS,
    'replay.launch.py': RECON_ARGUMENTS | {'bag', 'rate', 'loop', 'player'},
    'stereo.launch.py': {argument.name for argument in stereo_arguments('')},
    'demo.launch.py': {'out', 'sensor', 'duration', 'rate'},
}


def strings(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding='utf-8'))
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


class Asked:
    """Stands for any class of launch: keeps the arguments that it is made with."""

    def __init__(self, *args, **options):
        self.args = args
        self.__dict__.update(options)


class StandIn(ModuleType):
    """Stands for a module of launch: every name in it is a kind of Asked."""

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        setattr(self, name, type(name, (Asked,), {}))
        return getattr(self, name)


HAS_LAUNCH = all(map(importlib.util.find_spec, ('launch', 'launch_ros')))


@pytest.fixture
def load(monkeypatch):
    """A function that imports a launch file as `ros2 launch` does."""
    packages = pytest.importorskip('ament_index_python.packages')
    pytest.importorskip('lifecycle_msgs.msg')
    monkeypatch.setattr(packages, 'get_package_share_directory', lambda name: str(ROOT))
    monkeypatch.setattr(packages, 'get_package_prefix', lambda name: os.sep)
    if not HAS_LAUNCH:
        for file in LAUNCH_FILES:
            tree = ast.parse(file.read_text(encoding='utf-8'))
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module.startswith('launch'):
                    monkeypatch.setitem(sys.modules, node.module, StandIn(node.module))

    def import_file(name):
        file = ROOT / 'launch' / name
        spec = importlib.util.spec_from_file_location(name.replace('.', '_'), file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return import_file


@pytest.fixture
def recon(load):
    return load('recon.launch.py')


@pytest.fixture
def given():
    """The defaults of the arguments of recon.launch.py."""
    params_file = str(ROOT / 'config' / 'recon.yaml')
    return {argument.name: argument.default for argument in recon_arguments(params_file)}


def test_every_launch_file_is_listed_here():
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
@pytest.mark.skipif(not HAS_LAUNCH, reason="ROS's launch is not installed")
def test_every_argument_has_a_description(file, load):
    description = load(file.name).generate_launch_description()
    arguments = description.get_launch_arguments()
    assert {argument.name for argument in arguments} == ARGUMENTS[file.name]
    assert all(argument.description for argument in arguments)


def kinds(actions):
    return [type(action).__name__ for action in actions]


@pytest.mark.parametrize('name', ['recon.launch.py', 'stereo.launch.py'])
def test_every_argument_is_declared_before_the_values_are_used(load, name):
    description = load(name).generate_launch_description()
    actions = description.entities if HAS_LAUNCH else description.args[0]
    arguments = ['DeclareLaunchArgument'] * len(ARGUMENTS[name])
    assert kinds(actions) == [*arguments, 'OpaqueFunction']


@pytest.mark.parametrize(('fits', 'action'), [(True, 'ExecuteProcess'), (False, 'Node')])
def test_rosbag2_plays_only_bags_of_packets_by_itself(load, given, fits, action):
    replay = load('replay.launch.py')
    replay.is_bag_of_packets = lambda path: fits
    own = {'bag': 'x', 'rate': '1', 'loop': 'false', 'player': 'auto'}
    assert type(replay.make_player({**given, **own})).__name__ == action


def test_without_autostart_the_node_is_only_started(recon, given):
    actions = recon.reconstruction({**given, 'autostart': 'false'})
    assert kinds(actions) == ['RegisterEventHandler', 'LifecycleNode']
    assert len(recon.reconstruction(given)) > 2


def test_a_build_is_not_taken_to_active(recon, given):
    build = {**given, 'build_only': 'true', 'build_sizes': '346x260'}
    assert kinds(recon.reconstruction(build)) == ['RegisterEventHandler', 'LifecycleNode']


def test_a_parameter_file_that_does_not_exist_ends_the_launch(recon, given):
    with pytest.raises(RuntimeError, match=r'there is no parameter file /nope\.yaml'):
        recon.reconstruction({**given, 'params_file': '/nope.yaml'})


@pytest.mark.parametrize(
    ('status', 'is_shutdown', 'ends'), [(1, False, 1), (1, True, 0), (0, 0, 0)]
)
def test_a_node_that_ends_with_an_error_ends_the_launch_with_one(recon, status, is_shutdown, ends):
    event, context = SimpleNamespace(returncode=status), SimpleNamespace(is_shutdown=is_shutdown)
    with pytest.raises(RuntimeError, match='log above') if ends else contextlib.nullcontext():
        recon.end_if_failed(event, context)


def test_a_node_that_cannot_be_configured_ends_the_launch_with_an_error(recon, given):
    with pytest.raises(RuntimeError, match='could not be started'):
        recon.end_as_failed(SimpleNamespace(is_shutdown=False))
    recon.end_as_failed(SimpleNamespace(is_shutdown=True))
    handlers = [action for action in recon.reconstruction(given) if kinds([action])[0][0] == 'R']
    if not HAS_LAUNCH:
        watched = {
            (handler.start_state, handler.goal_state)
            for handler in (action.args[0] for action in handlers)
            if hasattr(handler, 'goal_state') and not hasattr(handler, 'handle_once')
        }
        assert watched == set(recon.FAILURES)


@pytest.mark.parametrize('name', [*ARGUMENTS])
def test_an_unknown_argument_ends_the_launch(load, name, monkeypatch, given):
    module = load(name)
    action = {
        'recon.launch.py': 'everything',
        'replay.launch.py': 'start_player_when_active',
        'demo.launch.py': 'one_after_the_other',
        'stereo.launch.py': 'everything',
    }[name]
    command = ['/opt/ros/bin/ros2', 'launch', 'spike_recon_ros', name, 'fsp:=50']
    monkeypatch.setattr(sys, 'argv', command)
    with pytest.raises(UserError, match=f"{name} has no argument 'fsp'; did you mean fps?"):
        getattr(module, action)(SimpleNamespace(launch_configurations=given))


@pytest.fixture
def stereo(load, monkeypatch):
    """The actions of stereo.launch.py with changed arguments."""
    module = load('stereo.launch.py')
    monkeypatch.setattr(module, 'check_arguments', lambda *arguments: None)
    params_file = str(ROOT / 'config' / 'recon.yaml')
    given = {argument.name: argument.default for argument in stereo_arguments(params_file)}

    def actions(**changes):
        launched = module.everything(SimpleNamespace(launch_configurations={**given, **changes}))
        return [action for action in launched if 'Node' in kinds([action])[0]]

    return actions


def test_stereo_starts_two_nodes_on_one_grid(stereo):
    changes = {'left_events_topic': '/cam0/events', 'right_events_topic': '/cam1/events'}
    left, right = stereo(**changes, fps='50')
    assert kinds([left, right]) == ['LifecycleNode', 'LifecycleNode']
    if HAS_LAUNCH:
        pytest.skip("only the stand-in for ROS's launch shows the arguments of a node")
    assert [node.namespace for node in (left, right)] == [*SIDES]
    assert [dict(node.remappings)['events'] for node in (left, right)] == [*changes.values()]
    for node in (left, right):
        assert node.parameters[1]['fps'] == 50.0
        assert node.parameters[1]['grid_origin'].args == ('host_time',)


def test_stereo_in_one_process_renames_topics_by_their_full_names(stereo):
    (process,) = stereo(one_process='true', right_events_topic='/cam1/events')
    assert kinds([process]) == ['Node']
    if HAS_LAUNCH:
        pytest.skip("only the stand-in for ROS's launch shows the arguments of a node")
    assert process.arguments == ['/left', '/right']
    assert process.remappings == [('/right/events', '/cam1/events')]
    assert process.parameters[1]['autostart'] is True


def test_each_side_of_stereo_has_a_web_page_of_its_own(stereo):
    pages = [node for node in stereo(viewer='web') if kinds([node]) == ['Node']]
    assert len(pages) == 2
    if HAS_LAUNCH:
        pytest.skip("only the stand-in for ROS's launch shows the arguments of a node")
    assert [page.arguments[page.arguments.index('--node') + 1] for page in pages] == [
        '/left/recon',
        '/right/recon',
    ]
    assert [page.arguments[-1] for page in pages] == ['8088', '8089']


def test_both_sides_of_stereo_in_one_namespace_end_the_launch(stereo):
    with pytest.raises(UserError, match='let the namespaces differ'):
        stereo(right_namespace='/left')


@pytest.mark.parametrize('viewer', ['rqt', 'rviz', 'foxglove'])
def test_a_viewer_that_is_not_installed_is_named_with_its_cure(recon, given, viewer, monkeypatch):
    def missing(package):
        raise recon.PackageNotFoundError(package)

    monkeypatch.setattr(recon, 'get_package_prefix', missing)
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    with pytest.raises(RuntimeError, match='sudo apt install ros-jazzy-'):
        recon.VIEWERS[viewer](given)


@pytest.mark.parametrize('viewer', ['web', 'rqt', 'rviz', 'foxglove'])
def test_a_viewer_that_is_installed_is_started(recon, given, viewer, monkeypatch):
    monkeypatch.setattr(recon, 'get_package_prefix', lambda package: os.sep)
    assert recon.VIEWERS[viewer](given)
    assert recon.compressed_copy(given)


def test_the_web_page_looks_at_the_node_that_is_launched(recon, given):
    (page,) = recon.VIEWERS['web']({**given, 'namespace': 'left', 'node_name': 'eye'})
    if HAS_LAUNCH:
        pytest.skip("only the stand-in for ROS's launch shows the arguments of a node")
    options = page.arguments
    assert options[:3] == ['view', '--node', '/left/eye']
    assert options[options.index('--image-topic') + 1] == '/left/eye/image_raw'
    parser = CommandParser(True, prog='view', description='')
    view.add_arguments(parser)
    assert parser.parse(options[1:]).port == 8088


def test_no_viewer_is_started_when_it_is_off(recon, given, monkeypatch):
    monkeypatch.setattr(recon, 'check_arguments', lambda *arguments: None)
    launched = {
        word: len(
            recon.everything(SimpleNamespace(launch_configurations={**given, 'viewer': word}))
        )
        for word in ('off', 'none', 'web')
    }
    assert launched['off'] == launched['none'] == launched['web'] - 1
