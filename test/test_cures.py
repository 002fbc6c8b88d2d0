# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is missing is noticed, and the commands that errors name install it."""

import ast
import re
import runpy
import tempfile
from pathlib import Path

import pytest
import setuptools

from spike_recon_ros.cli import doctor_checks, ros_guard
from spike_recon_ros.cures import EXTRAS, pip_install, pip_install_module
from spike_recon_ros.errors import os_error_sentence

ROOT = Path(__file__).resolve().parents[1]
NODES = ROOT / 'spike_recon_ros' / 'nodes'
ROS_PACKAGE = re.compile(r'(rclpy|ament_\w+|\w+_msgs|\w+_interfaces|std_srvs)\b')
# Needed by developers alone; no error names it.
DEVELOPMENT = {'test', 'docs'}


@pytest.fixture(scope='module')
def set_up():
    """The arguments of setup()."""
    with pytest.MonkeyPatch.context() as patch:
        arguments = {}
        patch.setattr(setuptools, 'setup', arguments.update)
        patch.chdir(ROOT)
        runpy.run_path(str(ROOT / 'setup.py'))
    return arguments


def without_versions(libraries):
    return {re.match(r'[\w.\[\]-]+', library)[0] for library in libraries}


@pytest.fixture(scope='module')
def extras(set_up):
    return {name: without_versions(listed) for name, listed in set_up['extras_require'].items()}


def test_the_doctor_looks_for_every_library_that_the_package_requires(set_up):
    findings = [*doctor_checks.basics(), *doctor_checks.optional()]
    modules = {module for finding in findings for module in finding.name.split(' or ')}
    looked_for = {pip_install_module(module).removeprefix('pip install ') for module in modules}
    assert without_versions(set_up['install_requires']) - {'setuptools'} <= looked_for


def test_the_nodes_import_no_ros_package_that_is_not_looked_for_first():
    trees = [ast.parse(file.read_text('utf-8')) for file in NODES.glob('*.py')]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    ros = {name.partition('.')[0] for name in names if ROS_PACKAGE.match(name)}
    assert ros <= {*ros_guard.NEEDED}


def test_the_cures_name_the_libraries_of_the_extras(extras):
    named = {extra: set(libraries) for extra, libraries in EXTRAS.items()}
    assert named == {extra: extras[extra] for extra in extras.keys() - DEVELOPMENT}


def test_a_name_with_brackets_is_quoted_for_the_shell():
    assert pip_install('ros').startswith("pip install 'ros-rclpy[fastrtps]' ros-sensor-msgs")
    assert pip_install('openvino') == 'pip install openvino'


def test_a_module_is_installed_by_the_library_that_brings_it():
    assert pip_install_module('cv2') == 'pip install opencv-python-headless'
    assert pip_install_module('rosbags') == 'pip install rosbags'


def test_no_error_names_an_extra_of_a_package_that_no_index_has():
    for file in (ROOT / 'spike_recon_ros').rglob('*.py'):
        assert 'spike_recon_ros[' not in file.read_text(encoding='utf-8'), file


def test_a_machine_without_a_temporary_folder_gets_its_own_cure(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, 'tempdir', None)
    monkeypatch.setattr(tempfile, '_candidate_tempdir_list', lambda: [str(tmp_path / 'gone')])
    with pytest.raises(FileNotFoundError) as raised:
        tempfile.gettempdir()
    assert os_error_sentence(raised.value).endswith('set TMPDIR to a folder that can be written')
