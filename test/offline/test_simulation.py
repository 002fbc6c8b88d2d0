# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Simulated recordings, made from Python."""

import pytest

from spike_recon_ros.cli.main import main
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.simulated_sensors import SENSORS, EventSensor, SpikeSensor
from spike_recon_ros.offline.simulation import Simulation, simulate, simulate_board
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.sources import spike_file
from spike_recon_ros.sources.bag_writer import BagWriter
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
def test_a_value_out_of_range_is_refused_in_one_sentence(tmp_path, simulation, cure):
    with pytest.raises(UserError, match=cure):
        simulate(tmp_path / 'bag', simulation)
    assert not (tmp_path / 'bag').exists()


def files(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob('*')
        if file.is_file()
    }


@pytest.mark.parametrize(('kind', 'name'), [('event', 'a'), ('spike', 'a'), ('spike', 'a.dat')])
def test_a_full_disk_leaves_the_earlier_recording(tmp_path, monkeypatch, kind, name):
    simulation = Simulation(SENSORS[SensorKind(kind)](), **SMALL)
    simulate(tmp_path / name, simulation)
    before = files(tmp_path)
    assert before

    def disk_full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(BagWriter, 'write_packet', disk_full)
    monkeypatch.setattr(spike_file, 'encode_spike_planes', disk_full)
    with pytest.raises(UserError, match=f'{name} cannot be written.*no space left'):
        simulate(tmp_path / name, simulation, overwrite=True)
    assert files(tmp_path) == before


def test_a_complete_recording_takes_the_place_of_the_earlier_one(tmp_path):
    for seed in (1, 2):
        simulate_board(tmp_path / 'b.dat', SensorKind.SPIKE, seed=seed, **SMALL)
    simulate_board(tmp_path / 'c.dat', SensorKind.SPIKE, seed=2, **SMALL)
    left = files(tmp_path)
    assert left['b.dat'] == left['c.dat']
    assert sorted(name[1:] for name in left if name[0] == 'b') == sorted(
        name[1:] for name in left if name[0] == 'c'
    )


def test_a_folder_of_other_files_is_not_replaced(tmp_path):
    (tmp_path / 'a_truth').mkdir()
    (tmp_path / 'a_truth' / 'mine.txt').touch()
    with pytest.raises(UserError, match='holds more than ground truth, so it stays'):
        simulate_board(tmp_path / 'a.dat', SensorKind.SPIKE, **SMALL)
    with pytest.raises(UserError, match='holds more than a bag, so it stays'):
        simulate_board(tmp_path / 'a_truth', **SMALL)
    assert [file.name for file in tmp_path.rglob('*')] == ['a_truth', 'mine.txt']
