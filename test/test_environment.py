# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How the package is described, installed and set up."""

import ast
import importlib.util
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import training_marker
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

import spike_recon_ros

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = ROOT / 'interfaces' / 'event_camera_msgs'
EVENT_PACKET = 'event_camera_msgs/msg/EventPacket'
# What the drivers of the ros-event-camera family announce; another hash and nobody is heard.
TYPE_HASH = 'RIHS01_d6fa176260b1f37e5a40845305315e150a0f18191241eb64f407442aa29844aa'
SEGMENT_BYTES = 64 << 20


@pytest.fixture
def tool(monkeypatch, tmp_path):
    """`tools/make_environment.py` as a module, working on an empty checkout."""
    path = ROOT / 'tools' / 'make_environment.py'
    spec = importlib.util.spec_from_file_location('make_environment', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.delenv('ROS_DISTRO', raising=False)
    monkeypatch.delenv(module.WHEELS_MARK, raising=False)
    monkeypatch.delenv(module.TORCH_VARIABLE, raising=False)
    monkeypatch.setattr(module, 'has_nvidia_gpu', lambda: False)
    monkeypatch.setattr(module, 'CHECKOUT', tmp_path)
    monkeypatch.setattr(module, 'VENV', tmp_path / '.venv')
    monkeypatch.setattr(module, 'STAMP', tmp_path / '.venv' / 'made.json')
    monkeypatch.setattr(module, 'MESSAGES', tmp_path / 'interfaces')
    for name in module.PACKAGE_FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return module


@pytest.fixture
def steps(tool, monkeypatch):
    """The steps that the tool would do, recorded instead of done."""
    done = []

    def make_empty_venv(distro):
        done.append('venv')
        tool.VENV.mkdir(exist_ok=True)

    monkeypatch.setattr(tool, 'check_machine', lambda distro: None)
    monkeypatch.setattr(tool, 'make_empty_venv', make_empty_venv)
    monkeypatch.setattr(tool, 'pip_install', lambda *what: done.append(what[-1]))
    monkeypatch.setattr(tool, 'works', lambda command: True)
    return done


def set_up_py() -> dict[str, ast.expr]:
    """Return the arguments of setup(), unevaluated."""
    tree = ast.parse((ROOT / 'setup.py').read_text(encoding='utf-8'))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    call = next(node for node in calls if getattr(node.func, 'id', '') == 'setup')
    return {keyword.arg: keyword.value for keyword in call.keywords}


def test_the_version_is_the_same_everywhere():
    in_package_xml = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    words = [sys.executable, '-W', 'ignore', 'setup.py', '--version']
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=True, text=True)
    assert in_package_xml == done.stdout.split()[-1] == spike_recon_ros.__version__


def test_the_maintainer_has_an_address_that_colcon_accepts():
    for folder in (ROOT, MESSAGES):
        maintainer = ElementTree.parse(folder / 'package.xml').find('maintainer')
        assert re.fullmatch(r'[\w.-]+@[\w-]+(\.[\w-]+)*\.[a-z]{2,}', maintainer.get('email'))


def test_every_console_script_also_exists_where_ros2_run_looks():
    entries = ast.literal_eval(set_up_py()['entry_points'])['console_scripts']
    for name, _, target in (entry.partition(' = ') for entry in entries):
        script = ROOT / 'scripts' / name
        module, _, function = target.partition(':')
        assert script.stat().st_mode & stat.S_IXUSR
        assert f'from {module} import {function}\n' in script.read_text(encoding='utf-8')
    assert len(list((ROOT / 'scripts').iterdir())) == len(entries)


def test_launch_and_configuration_files_are_installed():
    share = Path(sys.prefix) / 'share' / 'spike_recon_ros'
    if not share.exists():
        pytest.skip('spike_recon_ros is not installed into this environment by pip')
    for folder in ('launch', 'config'):
        wanted = {file.name for file in (ROOT / folder).iterdir() if file.is_file()}
        assert wanted <= {file.name for file in (share / folder).iterdir()}


def test_the_message_has_the_type_hash_of_the_camera_drivers():
    store = get_typestore(Stores.ROS2_JAZZY)
    text = (MESSAGES / 'msg' / 'EventPacket.msg').read_text(encoding='utf-8')
    store.register(get_types_from_msg(text, EVENT_PACKET))
    assert store.hash_rihs01(EVENT_PACKET) == TYPE_HASH


def test_the_installed_message_has_the_type_hash_of_the_camera_drivers():
    description = Path(sys.prefix) / 'share' / 'event_camera_msgs' / 'msg' / 'EventPacket.json'
    if not description.exists():
        pytest.skip(f'event_camera_msgs was not built into this environment: no {description}')
    hashes = json.loads(description.read_text(encoding='utf-8'))['type_hashes']
    found = {entry['type_name']: entry['hash_string'] for entry in hashes}
    assert found[EVENT_PACKET] == TYPE_HASH


def test_the_shared_memory_profile_holds_a_large_segment_and_replaces_the_built_in_one():
    space = '{http://www.eprosima.com}'
    profile = ElementTree.parse(ROOT / 'config' / 'fastdds_shm64.xml').getroot()
    declared = {
        item.findtext(f'{space}transport_id'): item.findtext(f'{space}segment_size')
        for item in profile.iter(f'{space}transport_descriptor')
    }
    participant = profile.find(f'{space}participant')
    used = participant.find(f'.//{space}userTransports').findall(f'{space}transport_id')
    assert participant.get('is_default_profile') == 'true'
    assert participant.findtext(f'.//{space}useBuiltinTransports') == 'false'
    assert {item.text for item in used} == set(declared)
    assert str(SEGMENT_BYTES) in declared.values()


def test_a_second_run_does_nothing(tool, steps):
    tool.make(keep_interpreter=True)
    assert steps == [
        'venv',
        '.[ros,video,aedat4,hdf5,evaluation,openvino,onnxruntime,rtx,test]',
        './interfaces',
    ]
    steps.clear()
    tool.make(keep_interpreter=True)
    assert steps == []


def test_a_changed_file_repeats_only_its_own_step(tool, steps):
    tool.make(keep_interpreter=True)
    steps.clear()
    (tool.CHECKOUT / 'setup.py').write_text('changed')
    tool.make(keep_interpreter=True)
    assert steps == ['.[ros,video,aedat4,hdf5,evaluation,openvino,onnxruntime,rtx,test]']
    steps.clear()
    tool.MESSAGES.mkdir()
    (tool.MESSAGES / 'package.xml').write_text('changed')
    tool.make(keep_interpreter=True)
    assert steps == ['./interfaces']


def test_a_set_up_that_was_interrupted_starts_anew(tool, steps, monkeypatch):
    def interrupted(*what):
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(tool, 'pip_install', interrupted)
        with pytest.raises(KeyboardInterrupt):
            tool.make(keep_interpreter=True)
    monkeypatch.setattr(tool, 'works', lambda command: False)  # nothing can be imported yet
    steps.clear()
    tool.make(keep_interpreter=True)
    assert steps[0] == 'venv'
    assert len(steps) == 3


def test_another_interpreter_is_used_only_if_it_was_asked_for(tool, steps, monkeypatch):
    tool.make(keep_interpreter=False)
    steps.clear()
    monkeypatch.setattr(tool.sys, 'executable', '/opt/another/python')
    tool.make(keep_interpreter=True)
    assert steps == []
    tool.make(keep_interpreter=False)
    assert steps[0] == 'venv'


def test_a_checkout_that_was_moved_gets_a_new_environment(tool, steps, monkeypatch):
    tool.make(keep_interpreter=True)
    steps.clear()
    stamp = tool.STAMP.read_text().replace(str(tool.CHECKOUT), '/elsewhere')
    tool.STAMP.write_text(stamp)
    tool.make(keep_interpreter=True)
    assert steps[0] == 'venv'


@pytest.fixture
def installed(tool, steps, monkeypatch):
    """What pip was asked to install, whole."""
    asked = []
    monkeypatch.setattr(tool, 'pip_install', lambda *what: asked.append(' '.join(what)))
    return asked


CPU_BUILD = 'torch --index-url https://download.pytorch.org/whl/cpu'


@pytest.mark.parametrize(
    ('gpu', 'torch', 'expected'),
    [
        (False, None, CPU_BUILD),
        (False, '', CPU_BUILD),
        (True, None, 'torch'),
        (False, 'torch==2.8.0', 'torch==2.8.0'),
        (
            True,
            "'torch<3' --index-url 'https://a.org/a b'",
            'torch<3 --index-url https://a.org/a b',
        ),
    ],
)
def test_training_installs_the_cpu_build_unless_asked_or_a_gpu_is_there(
    tool, installed, monkeypatch, gpu, torch, expected
):
    monkeypatch.setattr(tool, 'has_nvidia_gpu', lambda: gpu)
    if torch is not None:
        monkeypatch.setenv(tool.TORCH_VARIABLE, torch)
    tool.make(keep_interpreter=True, training=True)
    assert installed[-2:] == [expected, '-e .[training]']
    assert len(installed) == 4


def test_training_is_added_to_an_environment_without_it_and_then_stays(tool, installed):
    tool.make(keep_interpreter=True)
    assert not any('torch' in one for one in installed)
    installed.clear()
    tool.make(keep_interpreter=True, training=True)
    assert installed == [CPU_BUILD, '-e .[training]']
    installed.clear()
    tool.make(keep_interpreter=True, training=True)
    tool.make(keep_interpreter=True)
    assert installed == []


def test_another_torch_replaces_the_one_that_is_there(tool, installed, monkeypatch):
    tool.make(keep_interpreter=True, training=True)
    installed.clear()
    monkeypatch.setenv(tool.TORCH_VARIABLE, 'torch==2.8.0')
    tool.make(keep_interpreter=True, training=True)
    assert installed == ['torch==2.8.0']
    installed.clear()
    monkeypatch.delenv(tool.TORCH_VARIABLE)
    tool.make(keep_interpreter=True, training=True)  # not replaced by the default
    assert installed == []


def test_a_torch_variable_with_an_open_quote_is_one_sentence(tool, steps, monkeypatch):
    monkeypatch.setenv(tool.TORCH_VARIABLE, "torch '")
    with pytest.raises(tool.SetUpError, match=r"^TORCH is \"torch '\" \(No closing quotation\);"):
        tool.make(keep_interpreter=True, training=True)


TRAINING_LIBRARY = r"pytest\.importorskip\('(torch|lightning|tensorboard|safetensors|onnxscript)"


def test_every_file_that_skips_without_the_training_extra_has_its_mark():
    unmarked = []
    for file in (ROOT / 'test').rglob('test_*.py'):
        text = file.read_text(encoding='utf-8')
        in_room = file.relative_to(ROOT / 'test').parts[0] in training_marker.ROOMS
        skips = re.search(rf'^(\w+ = )?{TRAINING_LIBRARY}', text, re.MULTILINE)
        if skips and not in_room and '\npytestmark = pytest.mark.training\n' not in text:
            unmarked.append(file.name)
    assert not unmarked


@pytest.mark.parametrize('missing', ['venv', 'ensurepip'])
def test_without_the_venv_module_the_apt_package_is_named(tool, monkeypatch, missing):
    monkeypatch.setattr(tool, 'has_module', lambda name: name != missing)
    with pytest.raises(tool.SetUpError, match=r'sudo apt install python3\.\d+-venv$'):
        tool.check_machine(None)


@pytest.mark.parametrize('compiler', ['cc', 'c++'])
def test_without_a_compiler_the_apt_package_is_named(tool, monkeypatch, compiler):
    monkeypatch.delenv('CC', raising=False)
    monkeypatch.delenv('CXX', raising=False)
    monkeypatch.setattr(tool.platform, 'machine', lambda: 'x86_64')
    monkeypatch.setattr(tool.shutil, 'which', lambda name: None if name == compiler else name)
    with pytest.raises(tool.SetUpError, match=r'sudo apt install g\+\+$'):
        tool.check_machine(None)


def test_without_the_python_headers_the_apt_package_is_named(tool, monkeypatch, tmp_path):
    monkeypatch.setattr(tool.platform, 'machine', lambda: 'x86_64')
    monkeypatch.setattr(tool.shutil, 'which', lambda name: name)
    monkeypatch.setattr(tool.sysconfig, 'get_path', lambda name: str(tmp_path))
    with pytest.raises(tool.SetUpError, match=r'sudo apt install python3\.\d+-dev$'):
        tool.check_machine(None)


def test_on_arm_ros_has_to_be_installed(tool, monkeypatch):
    monkeypatch.setattr(tool.platform, 'machine', lambda: 'aarch64')
    with pytest.raises(tool.SetUpError, match=r'source its setup\.bash'):
        tool.check_machine(None)


def test_a_sourced_ros_is_used_without_wheels(tool, steps, monkeypatch):
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setattr(tool.sys, 'prefix', tool.sys.base_prefix)
    monkeypatch.setattr(tool.importlib.util, 'find_spec', lambda name: object())
    tool.make(keep_interpreter=True)
    assert steps == ['venv', '.[video,aedat4,hdf5,evaluation,openvino,onnxruntime,rtx,test]']


@pytest.mark.parametrize(
    ('module', 'cure'),
    [
        ('rclpy', r'make PYTHON=/usr/bin/python3$'),
        ('event_camera_msgs.msg', r'sudo apt install ros-jazzy-event-camera-msgs$'),
    ],
)
def test_a_sourced_ros_that_cannot_be_used_is_explained(tool, monkeypatch, module, cure):
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setattr(tool.sys, 'prefix', tool.sys.base_prefix)
    monkeypatch.setattr(tool.importlib.util, 'find_spec', lambda name: object())
    monkeypatch.setattr(tool, 'can_import', lambda name: name != module)
    with pytest.raises(tool.SetUpError, match=cure):
        tool.sourced_ros_distro()


def test_a_failed_step_shows_the_end_of_its_output(tool, capfd):
    fail = 'import sys; print(*range(99), sep="\\n"); sys.exit(3)'
    with pytest.raises(tool.SetUpError, match='this failed'):
        tool.run_quietly([sys.executable, '-c', fail])
    shown = capfd.readouterr().err.splitlines()
    assert shown[-1] == '  | 98'
    assert '  | 1' not in shown


def test_the_environment_of_other_wheels_is_not_handed_on(tool, monkeypatch):
    monkeypatch.setenv('LD_LIBRARY_PATH', '/kept')
    assert tool.clean_environment()['LD_LIBRARY_PATH'] == '/kept'
    monkeypatch.setenv(tool.WHEELS_MARK, '1')
    assert not {tool.WHEELS_MARK, 'LD_LIBRARY_PATH'} & set(tool.clean_environment())


def test_the_run_of_a_build_machine_can_be_started():
    assert os.access(ROOT / '.ci' / 'run', os.X_OK)
