# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C before a program has begun, or again while it ends, is an interrupt like any other."""

import pytest

from spike_recon_ros.cli.interrupts import INTERRUPTED
from spike_recon_ros.cli.main import main
from spike_recon_ros.nodes.play_node import PlayNode
from spike_recon_ros.nodes.record_node import RecordNode
from spike_recon_ros.nodes.view_node import ViewNode
from spike_recon_ros.viewer.server import PageServer

ONCE = [('record', RecordNode), ('play', PlayNode), ('view', ViewNode)]
AGAIN = [
    ('record', RecordNode, 'finish'),
    ('play', PlayNode, 'summary'),
    ('view', PageServer, 'stop'),
]


def interrupt(*arguments, **options):
    raise KeyboardInterrupt


@pytest.fixture
def run(tmp_path, capfd):
    """A function that runs a command and returns its status and its last line."""

    events = tmp_path / 'events.txt'
    events.write_text('60 50\n' + ''.join(f'{i / 1000:.3f} {i % 50} 3 1\n' for i in range(99)))

    def call(command):
        source = {'record': [str(tmp_path / 'out')], 'play': [str(events)], 'view': []}[command]
        status = main([command, *source])
        return status, capfd.readouterr().err.splitlines()[-1]

    return call


@pytest.mark.parametrize(('command', 'node'), ONCE)
def test_an_interrupt_while_the_node_is_made(run, monkeypatch, command, node):
    monkeypatch.setattr(node, '__init__', interrupt)
    assert run(command) == (INTERRUPTED, f'spike-recon {command}: interrupted')


@pytest.mark.parametrize(('command', 'owner', 'end'), AGAIN)
def test_an_interrupt_while_the_program_ends(run, monkeypatch, command, owner, end):
    for target, name in (
        (RecordNode, 'why_silent'), (PlayNode, 'give_subscribers_time'), (PageServer, 'start'),
    ):  # fmt: skip
        monkeypatch.setattr(target, name, interrupt)
    monkeypatch.setattr(owner, end, interrupt)
    assert run(command) == (INTERRUPTED, f'spike-recon {command}: interrupted')
