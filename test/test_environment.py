# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How `.venv` is made, and which tests run with and without PyTorch."""

import importlib.util
import itertools
import os
import re
import sys
import threading
from pathlib import Path

import pytest
import training_marker

ROOT = Path(__file__).resolve().parent.parent
WITHOUT_ROS = '.[video,viewer,aedat4,hdf5,evaluation,openvino,onnxruntime,rtx,docs,test]'
WITH_ROS = WITHOUT_ROS.replace('[', '[ros,')


@pytest.fixture
def machine(monkeypatch):
    """`tools/machine.py` as a module, in an environment without ROS."""
    monkeypatch.syspath_prepend(ROOT / 'tools')
    module = importlib.import_module('machine')
    monkeypatch.delenv('ROS_DISTRO', raising=False)
    monkeypatch.delenv(module.WHEELS_MARK, raising=False)
    return module


@pytest.fixture
def tool(machine, monkeypatch, tmp_path):
    """`tools/make_environment.py` as a module, working on an empty checkout."""
    path = ROOT / 'tools' / 'make_environment.py'
    spec = importlib.util.spec_from_file_location('make_environment', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
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


def test_a_second_run_does_nothing(tool, steps):
    tool.make(keep_interpreter=True)
    assert steps == ['venv', WITH_ROS, './interfaces']
    steps.clear()
    tool.make(keep_interpreter=True)
    assert steps == []


def test_a_changed_file_repeats_only_its_own_step(tool, steps):
    tool.make(keep_interpreter=True)
    steps.clear()
    (tool.CHECKOUT / 'setup.py').write_text('changed')
    tool.make(keep_interpreter=True)
    assert steps == [WITH_ROS]
    steps.clear()
    tool.MESSAGES.mkdir()
    (tool.MESSAGES / 'package.xml').write_text('changed')
    tool.make(keep_interpreter=True)
    assert steps == ['./interfaces']


def test_a_set_up_that_was_interrupted_starts_over(tool, steps, monkeypatch):
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
    monkeypatch.setattr(tool, 'pip', lambda *words: asked.append(' '.join(words)))
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
    assert installed == ['uninstall --yes torch', 'torch==2.8.0']
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
def test_without_the_venv_module_the_apt_package_is_named(machine, monkeypatch, missing):
    monkeypatch.setattr(machine, 'has_module', lambda name: name != missing)
    with pytest.raises(machine.SetUpError, match=r'sudo apt install python3\.\d+-venv$'):
        machine.check_machine(None)


@pytest.mark.parametrize('compiler', ['cc', 'c++'])
def test_without_a_compiler_the_apt_package_is_named(machine, monkeypatch, compiler):
    monkeypatch.delenv('CC', raising=False)
    monkeypatch.delenv('CXX', raising=False)
    monkeypatch.setattr(machine.platform, 'machine', lambda: 'x86_64')
    monkeypatch.setattr(machine.shutil, 'which', lambda name: None if name == compiler else name)
    with pytest.raises(machine.SetUpError, match=r'sudo apt install g\+\+$'):
        machine.check_machine(None)


def test_without_the_python_headers_the_apt_package_is_named(machine, monkeypatch, tmp_path):
    monkeypatch.setattr(machine.platform, 'machine', lambda: 'x86_64')
    monkeypatch.setattr(machine.shutil, 'which', lambda name: name)
    monkeypatch.setattr(machine.sysconfig, 'get_path', lambda name: str(tmp_path))
    with pytest.raises(machine.SetUpError, match=r'sudo apt install python3\.\d+-dev$'):
        machine.check_machine(None)


def test_on_arm_ros_has_to_be_installed(machine, monkeypatch):
    monkeypatch.setattr(machine.platform, 'machine', lambda: 'aarch64')
    with pytest.raises(machine.SetUpError, match=r'source its setup\.bash'):
        machine.check_machine(None)


def test_a_sourced_ros_is_used_without_wheels(tool, steps, monkeypatch):
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setattr(sys, 'prefix', sys.base_prefix)
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: object())
    tool.make(keep_interpreter=True)
    assert steps == ['venv', WITHOUT_ROS]


@pytest.mark.parametrize(
    ('module', 'cure'),
    [
        ('rclpy', r'make PYTHON=/usr/bin/python3$'),
        ('event_camera_msgs.msg', r'sudo apt install ros-jazzy-event-camera-msgs$'),
    ],
)
def test_a_sourced_ros_that_cannot_be_used_is_explained(machine, monkeypatch, module, cure):
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setattr(sys, 'prefix', sys.base_prefix)
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: object())
    monkeypatch.setattr(machine, 'can_import', lambda name: name != module)
    with pytest.raises(machine.SetUpError, match=cure):
        machine.sourced_ros_distro()


def test_a_failed_step_shows_the_end_of_its_output(tool, capfd):
    fail = 'import sys; print(*range(99), sep="\\n"); sys.exit(3)'
    with pytest.raises(tool.SetUpError, match='this failed'):
        tool.run_quietly([sys.executable, '-c', fail])
    shown = capfd.readouterr().err.splitlines()
    assert shown[-1] == '  | 98'
    assert '  | 1' not in shown


def test_a_step_counts_its_seconds_on_a_terminal_only(tool, capsys, monkeypatch):
    counted = threading.Event()

    def print_and_note(text, **options):
        print(text, **options)
        if text.endswith(' 9 s'):
            counted.set()

    monkeypatch.setattr(tool, 'print', print_and_note, raising=False)
    clock = itertools.count(0, 9)
    monkeypatch.setattr(tool.time, 'monotonic', lambda: next(clock))
    monkeypatch.setattr(tool.sys.stdout, 'isatty', lambda: True)
    with tool.step('build'):
        assert counted.wait(20)
    shown = capsys.readouterr().out
    assert f'\r  {"build":<40}    9 s' in shown
    assert re.search(r'\r  build +\d+\.0 s\n$', shown)
    monkeypatch.setattr(tool.sys.stdout, 'isatty', lambda: False)
    with tool.step('build'):
        pass
    assert '\r' not in capsys.readouterr().out


def test_the_environment_of_other_wheels_is_not_handed_on(machine, monkeypatch):
    monkeypatch.setenv('LD_LIBRARY_PATH', '/kept')
    assert machine.clean_environment()['LD_LIBRARY_PATH'] == '/kept'
    monkeypatch.setenv(machine.WHEELS_MARK, '1')
    assert not {machine.WHEELS_MARK, 'LD_LIBRARY_PATH'} & set(machine.clean_environment())


def test_the_run_of_a_build_machine_can_be_started():
    assert os.access(ROOT / '.ci' / 'run', os.X_OK)
