# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ROS arguments, parameter files and folders that ROS or the node refuses are one sentence."""

import pytest

from spike_recon_ros.nodes.recon_process import main


def test_without_a_folder_for_logs_the_sentence_names_the_cure(capfd, monkeypatch):
    monkeypatch.setenv('ROS_LOG_DIR', '/proc/no/such/folder')
    assert main(['--ros-args', '-p', 'model:=fibar']) == 1
    assert 'set ROS_LOG_DIR to a folder that you may write' in capfd.readouterr().err


def test_a_namespace_without_its_slash_is_shown_how_it_looks(capfd):
    assert main(['--ros-args', '-r', '__ns:=front']) == 1
    assert '-r __ns:=/front' in capfd.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ('section', 'words'),
    [
        ('recon:', 'but none for this node, /event_camera/recon'),
        ('/event_camera/driver:', 'but none for this node, /event_camera/recon'),
        (None, 'does not exist'),
    ],
)
def test_a_parameter_file_for_another_node_or_a_missing_one_ends_the_node(
    capfd, tmp_path, section, words
):
    path = tmp_path / 'params.yaml'
    if section is not None:
        path.write_text(f'{section}\n  ros__parameters:\n    fps: 50.0\n', encoding='utf-8')
    arguments = ['--ros-args', '--params-file', str(path), '-p', 'autostart:=true']
    assert main(arguments) == 1
    message = capfd.readouterr().err
    assert words in message
    assert 'Traceback' not in message


def test_a_parameter_file_with_an_alias_which_ros_refuses_is_one_sentence(capfd, tmp_path):
    path = tmp_path / 'params.yaml'
    values = 'fps: &rate 50.0\n    statistics_period: *rate\n'
    path.write_text(f'/**:\n  ros__parameters:\n    {values}', encoding='utf-8')
    assert main(['--ros-args', '--params-file', str(path)]) == 1
    last = capfd.readouterr().err.splitlines()[-1]
    assert 'ROS cannot read a parameter file' in last
    assert 'without anchors and aliases' in last
    assert '.c:' not in last
