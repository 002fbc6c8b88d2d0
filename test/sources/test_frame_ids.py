# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Two cameras on one topic are named, also where size, encoding and counts are equal."""

import dataclasses

import pytest

from spike_recon_ros.cli.main import main
from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.open_source import open_source

MS = 1_000_000


def sent_by(message, frame_id):
    header = dataclasses.replace(message.header, frame_id=frame_id)
    return dataclasses.replace(message, header=header)


def of_cameras(messages, topic, names):
    """Return packets that count for each camera."""
    return [
        (topic, sent_by(messages.packet((1 + at) * MS, names[:at].count(name)), name))
        for at, name in enumerate(names)
    ]


@pytest.fixture
def mixed(either_ros, write_bag, events_topic, tmp_path):
    content = of_cameras(either_ros, events_topic, ['left', 'right'] * 10)
    return write_bag(tmp_path / 'bag', either_ros, content)


def test_packets_of_two_cameras_that_come_in_turn_are_named(mixed, events_topic):
    with open_source(mixed) as source, pytest.raises(UserError) as error:
        list(source)
    assert f"in turn on {events_topic}, with frame_id 'left' and 'right'" in str(error.value)
    assert 'record each camera on a topic of its own' in str(error.value)


@pytest.mark.parametrize('command', ['run', 'convert', 'inspect'])
def test_each_command_fails_and_names_them(mixed, tmp_path, capsys, command):
    out = [] if command == 'inspect' else ['-o', str(tmp_path / 'out')]
    model = ['-m', 'fibar'] if command == 'run' else []
    assert main([command, str(mixed), *out, *model]) == 1
    assert 'packets of two cameras come in turn' in capsys.readouterr().err


def test_arrays_of_single_events_have_cameras_too(either_ros, write_bag, tmp_path):
    content = [
        ('/dvs/events', either_ros.event_array('dvs_msgs', at * MS, [(1, 1, 1, at * MS)], name))
        for at, name in enumerate(['left', 'right'] * 10, 1)
    ]
    with (
        open_source(write_bag(tmp_path / 'bag', either_ros, content)) as source,
        pytest.raises(UserError, match='two cameras'),
    ):
        list(source)


def test_recordings_that_were_joined_may_be_of_several_cameras(
    ros2, write_bag, events_topic, tmp_path
):
    content = of_cameras(ros2, events_topic, ['a'] * 4 + ['b'] * 4 + ['a'] * 4 + [''] * 4)
    with open_source(write_bag(tmp_path / 'bag', ros2, content)) as source:
        assert len(list(source)) == 16
