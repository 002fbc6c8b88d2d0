# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Simulated recordings, made from Python."""

import pytest

from spike_recon_ros.cli.main import main
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.simulation import (
    EventSensor,
    Simulation,
    SpikeSensor,
    simulate,
    simulate_board,
)
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.sources.open_source import open_source

SMALL = {'size': (64, 48), 'duration_s': 0.02}


def payload(path):
    with open_source(path) as source:
        return b''.join(packet.data.tobytes() for packet in source)


@pytest.mark.parametrize('kind', list(SensorKind))
def test_a_call_writes_what_the_command_writes(tmp_path, kind):
    simulate_board(tmp_path / 'call', kind, seed=3, **SMALL)
    words = ['--sensor', kind.value, '--size', '64x48', '--duration', '.02', '--seed', '3']
    assert main(['simulate', '-o', str(tmp_path / 'command'), *words]) == 0
    assert payload(tmp_path / 'call') == payload(tmp_path / 'command') != b''


@pytest.mark.parametrize(
    ('simulation', 'cure'),
    [
        (Simulation(size=(8, 48)), '8x48; each side must lie between 32 and 2048'),
        (Simulation(duration_s=-1.0), 'the duration is -1; it must be above 0'),
        (Simulation(EventSensor(contrast=5)), 'contrast is 5; it must lie between 0.01 and 2'),
        (Simulation(SpikeSensor(light_scale=0)), 'light scale is 0; it must lie above 0'),
        (Simulation(held_back=True), 'give the folder PHOTOS'),
    ],
)
def test_a_value_that_makes_no_sense_is_one_sentence(tmp_path, simulation, cure):
    with pytest.raises(UserError, match=cure):
        simulate(tmp_path / 'bag', simulation)
    assert not (tmp_path / 'bag').exists()
