# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every subcommand ends with a line for people, so that a terminal does not stay empty."""

import importlib
import sys

import numpy as np
import pytest

from spike_recon_ros.cli.main import SUBCOMMANDS, main
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.bag_writer import BagWriter

# They print their own tables and lines, and `node` logs until it is interrupted.
PRINT_THEMSELVES = {'demo', 'doctor', 'inspect', 'run', 'node', 'evaluate', 'bench', 'build'}
LATE = {'published': 3, 'packets': 2_000, 'seconds': 4.04, 'late_p99_ms': 4_900.2}
RECORDED = {
    'frames': 75, 'written': 75, 'unreadable': 0, 'dropped': 0, 'latency_p50_ms': 45.02,
    'latency_p99_ms': 371.1,
}  # fmt: skip


def last_line(name, result):
    return importlib.import_module(f'spike_recon_ros.cli.{name}').in_words(result)


@pytest.mark.parametrize('name', sorted({*SUBCOMMANDS} - PRINT_THEMSELVES))
def test_every_other_subcommand_describes_its_result(name):
    module = importlib.import_module(f'spike_recon_ros.cli.{name}')
    assert callable(module.in_words)


def test_simulate_and_convert_name_what_they_wrote(tmp_path, capsys):
    planes, bag = tmp_path / 'planes.dat', tmp_path / 'bag'
    options = ['--sensor', 'spike', '--size', '64x48', '--duration', '0.01']
    assert main(['simulate', *options, '-o', str(planes)]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == f'200 planes in 0.01 s -> {planes}'
    assert main(['convert', str(planes), '--plane-size', '64x48', '-o', str(bag)]) == 0
    assert capsys.readouterr().err.splitlines()[-1].endswith(f' packets -> {bag}')


@pytest.mark.parametrize(('fps', 'hinted'), [('25', True), ('1000', False)])
def test_a_clip_that_gives_a_single_frame_asks_for_a_higher_rate(tmp_path, capsys, fps, hinted):
    planes, out = tmp_path / 'planes.dat', tmp_path / 'out'
    options = ['--sensor', 'spike', '--size', '64x48', '--duration', '0.01']
    assert main(['simulate', *options, '-o', str(planes)]) == 0
    capsys.readouterr()
    options = ['--plane-size', '64x48', '-m', 'tfi', '--fps', fps]
    assert main(['run', str(planes), *options, '-o', str(out)]) == 0
    lines = capsys.readouterr().err.splitlines()
    hint = 'the recording gives 1 frame at 25 frames per second; a higher --fps gives more'
    assert any(line.startswith(hint) for line in lines) == hinted
    assert lines[-1].startswith('1 frame from 200 planes') == hinted


@pytest.mark.parametrize(
    ('late_ms', 'end'),
    [(4_900.2, ' in 4.0 s, p99 4900 ms late: this machine is busy'), (2.0, ' in 4.0 s')],
)
def test_a_player_that_falls_behind_blames_the_machine(late_ms, end):
    line = last_line('play', {**LATE, 'late_p99_ms': late_ms})
    assert line == f'2,000 packets published{end}'
    assert last_line('play', {**LATE, 'packets': 0, 'late_p99_ms': None}).startswith('0 packets')


def test_a_recorder_shows_the_latency_unless_the_stamps_are_old():
    assert last_line('record', RECORDED) == '75 images, latency p50 45.02 ms, p99 371.1 ms'
    old = {**RECORDED, 'latency_p50_ms': 3e9}
    assert (
        last_line('record', old)
        == '75 images; no latency, because their stamps are not of today (play --restamp?)'
    )


def test_images_a_little_ahead_of_the_clock_of_a_player_have_a_latency():
    early = {**RECORDED, 'latency_p50_ms': -3.25, 'latency_p99_ms': 1.5}
    assert last_line('record', early) == '75 images, latency p50 -3.25 ms, p99 1.5 ms'


def test_train_and_export_name_the_next_command():
    trained = {'run': 'runs/toy', 'steps': 1_452, 'minutes': 1.03}
    assert last_line('train', trained).endswith('spike-recon export runs/toy -o BUNDLE')
    assert 'run SOURCE -m bundles/toy ' in last_line('export', {'bundle': 'bundles/toy'})


def test_a_command_runs_without_a_stdout(tmp_path, monkeypatch):
    path = tmp_path / 'a.txt'
    path.write_text('4 4\n0.1 1 1 1\n0.2 2 2 0\n', encoding='utf-8')
    monkeypatch.setattr(sys, 'stdout', None)  # as Python sets it where a service closed it
    assert main(['inspect', str(path)]) == 0


def test_a_recorder_states_what_it_could_not_write():
    result = {**RECORDED, 'written': 70, 'unreadable': 2, 'dropped': 3}
    assert last_line('record', result) == (
        '70 images, 2 malformed or in an encoding that is not supported, 3 dropped because the '
        'disk is too slow, latency p50 45.02 ms, p99 371.1 ms'
    )


def test_a_single_frame_between_resets_asks_for_a_look_at_the_recording(tmp_path, capsys):
    data = np.arange(5, dtype=np.uint64).view(np.uint8)
    with BagWriter(tmp_path / 'bag') as bag:
        for seq in range(20):
            width = 64 + 32 * (seq % 2)  # two cameras on one topic
            bag.write_packet(Packet('mono', width, 48, seq, seq * 4_000_000, seq + 1, data))
    assert main(['run', str(tmp_path / 'bag'), '-m', 'fibar', '-o', str(tmp_path / 'out')]) == 0
    lines = capsys.readouterr().err
    assert 'the state was reset 19 times, see spike-recon inspect' in lines.replace('\n', ' ')
