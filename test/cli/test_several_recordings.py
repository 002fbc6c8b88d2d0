# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One damaged recording of several is named, and the others are finished; so does Ctrl-C."""

import json

import pytest

from spike_recon_ros.benchmarking import kernels
from spike_recon_ros.cli import inspect as cli_inspect
from spike_recon_ros.cli import run as cli_run
from spike_recon_ros.cli.interrupts import INTERRUPTED
from spike_recon_ros.evaluation import evaluate as evaluation
from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.evaluation.sheet import Sheet

PLANE_BYTES = 250 * 400 // 8


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / 'broken.raw'
    path.write_bytes(b'% evt 3.0\n% geometry 64x48\n% end\n')
    return path


def test_a_recording_that_cannot_be_read_does_not_end_the_evaluation_of_others(
    spike_recon, walk, broken, tmp_path
):
    words = '-m', 'fibar', '-q', 'flicker', '-o', tmp_path / 'out'
    status, out, err = spike_recon('evaluate', '-d', broken, walk, tmp_path / 'none', *words)
    result = json.loads(out[0])
    assert status == 1
    assert set(result['datasets']) == {'walk'}
    assert set(result['failed']) == {'broken', 'none'}
    assert json.loads((tmp_path / 'out/summary.json').read_text()) == result
    assert '2 of 3 recordings could not be used, the results are of the others' in err
    assert f'left out: {broken}' in err


def test_a_recording_that_cannot_be_scored_does_not_end_the_evaluation_of_others(
    spike_recon, walk, mixed, tmp_path
):
    words = '-m', 'fibar', '-q', 'mse', '-o', tmp_path / 'out'
    status, out, err = spike_recon('evaluate', '-d', mixed, walk, *words)
    result = json.loads(out[0])
    assert (status, set(result['failed']), set(result['mean']['fibar'])) == (1, {'mixed'}, {'mse'})
    assert set(result['datasets']) == set(result['by_dataset']) == {'walk'}
    assert 'have 8x6 pixels and the sensor 64x48' in err


def interrupted(work, call):
    """Return a function that does what `work` does, and is interrupted at a call (from 1)."""
    calls = []

    def interrupted(*args, **options):
        calls.append(args)
        if len(calls) == call:
            raise KeyboardInterrupt
        return work(*args, **options)

    return interrupted


def test_an_interrupt_keeps_the_scores_of_finished_recordings(
    spike_recon, walk, broken, tmp_path, monkeypatch
):
    monkeypatch.setattr(Sheet, 'draw', interrupted(Sheet.draw, 2))
    words = '-m', 'fibar', '-q', 'flicker', '-o', tmp_path / 'out'
    status, out, err = spike_recon('evaluate', '-d', broken, walk, walk, walk, *words)
    result = json.loads(out[0])
    assert status == INTERRUPTED
    assert set(result['datasets']) == set(result['by_dataset']) == {'walk'}
    assert result['unfinished'] == ['walk_2', 'walk_3']
    assert json.loads((tmp_path / 'out/summary.json').read_text()) == result
    last = err.splitlines()[-1]
    assert 'interrupted; the results are of 1 of 4 recordings; could not be used: ' in last


@pytest.mark.parametrize(('name', 'call'), [('survey', 2), ('Sheet', 1)])
def test_an_interrupt_before_the_first_score_writes_nothing(
    spike_recon, walk, tmp_path, monkeypatch, name, call
):
    monkeypatch.setattr(evaluation, name, interrupted(getattr(evaluation, name), call))
    words = '-m', 'fibar', '-q', 'flicker', '-o', tmp_path / 'out'
    status, out, err = spike_recon('evaluate', '-d', walk, walk, *words)
    assert (status, out) == (INTERRUPTED, [])
    assert err.splitlines()[-1] == 'spike-recon evaluate: interrupted'
    assert not (tmp_path / 'out').exists()


def test_without_any_usable_recording_all_reasons_are_given_and_nothing_is_written(
    spike_recon, broken, tmp_path
):
    words = '-m', 'fibar', '-o', tmp_path / 'out'
    status, out, err = spike_recon('evaluate', '-d', broken, tmp_path / 'none', *words)
    assert (status, out) == (1, [])
    last = err.splitlines()[-1]
    assert 'broken.raw' in last
    assert 'none' in last
    assert not (tmp_path / 'out').exists()


@pytest.fixture
def clips(tmp_path):
    """A data set of three clips: a whole one, a cut one and an empty one."""
    folder = tmp_path / 'clips/classA'
    folder.mkdir(parents=True)
    (folder / 'a.dat').write_bytes(b'\x55' * PLANE_BYTES * 60)
    (folder / 'b.dat').write_bytes(b'\x55' * (PLANE_BYTES * 60 + 77))
    (folder / 'c.dat').write_bytes(b'')
    return folder.parent


def words_of(command, clips, out):
    """Return the arguments with which a command uses all clips."""
    return {
        'inspect': [clips],
        'run': [clips, '-m', 'tfp', '-o', out],
        'evaluate': ['-d', clips, '-m', 'tfp', '-o', out],
    }[command]


@pytest.mark.parametrize('command', ['inspect', 'run', 'evaluate'])
def test_an_empty_clip_does_not_end_the_work_on_others(spike_recon, clips, tmp_path, command):
    status, out, err = spike_recon(command, *words_of(command, clips, tmp_path / 'out'))
    result = json.loads(out[0])
    assert status == 1
    assert set(result['clips']) == {'classA/a', 'classA/b'}
    assert set(result['failed']) == {'classA/c'}
    assert '1 of 3 recordings could not be used' in err


@pytest.mark.parametrize(
    ('command', 'owner', 'name'),
    [
        ('inspect', cli_inspect, '_inspected'),
        ('run', cli_run, '_run'),
        ('evaluate', ColdStart, 'intensity'),
    ],
)
def test_an_interrupt_keeps_the_results_of_finished_clips(
    spike_recon, clips, tmp_path, monkeypatch, command, owner, name
):
    monkeypatch.setattr(owner, name, interrupted(getattr(owner, name), 2))
    status, out, err = spike_recon(command, *words_of(command, clips, tmp_path / 'out'))
    result = json.loads(out[0])
    assert (status, set(result['clips'])) == (INTERRUPTED, {'classA/a'})
    assert result['unfinished'] == ['classA/b', 'classA/c']
    assert 'interrupted; the results are of 1 of 3 recordings' in err.splitlines()[-1]


@pytest.mark.parametrize('command', ['inspect', 'run', 'evaluate'])
def test_what_is_left_out_of_a_clip_is_named(spike_recon, clips, tmp_path, command):
    (clips / 'classA/c.dat').unlink()
    status, _, err = spike_recon(command, *words_of(command, clips, tmp_path / 'out'))
    assert (status, err.count('b.dat ends with 77 bytes that are no whole plane')) == (0, 1)


def test_a_measurement_that_fails_does_not_end_the_others(spike_recon, tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, 'ROUNDS', 1)
    words = '-m', 'no_such_network', '-o', tmp_path
    status, out, err = spike_recon('bench', 'network', 'render', *words)
    result = json.loads(out[0])
    assert (status, set(result), set(result['failed'])) == (1, {'render', 'failed'}, {'network'})
    assert [file.name for file in tmp_path.glob('*.json')] == ['render.json']
    assert '1 of 2 measurements could not be used' in err
