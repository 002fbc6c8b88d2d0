# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames of other cameras that lie outside the time of the events are counted and named."""

import json

import numpy as np
import pytest

from spike_recon_ros.cli.main import main


@pytest.fixture
def sequence(tmp_path):
    """Return a function that writes events from 5.0 to 5.5 s, and 20 frames 20 ms apart."""

    def write(first_frame_s):
        folder = tmp_path / 'sequence'
        folder.mkdir()
        chance, count = np.random.default_rng(0), 5_000
        np.save(folder / 'events_ts.npy', 5 + np.linspace(0, 0.5, count))
        np.save(folder / 'events_xy.npy', chance.integers(0, 30, (count, 2)))
        np.save(folder / 'events_p.npy', chance.integers(0, 2, count))
        np.save(folder / 'images.npy', chance.integers(0, 255, (20, 30, 32, 1), np.uint8))
        np.save(folder / 'images_ts.npy', first_frame_s + 0.02 * np.arange(20)[:, None])
        (folder / 'metadata.json').write_text('{"sensor_resolution": [30, 32]}')
        return folder

    return write


def call(capsys, *words):
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out.strip().splitlines()[-1:], ' '.join(err.split())


@pytest.mark.parametrize(
    ('first_s', 'sentence'),
    [
        (2.0, 'all 20 stamps on images lie before the first event, the last by 2.620 s'),
        (9.0, 'all 20 stamps on images lie after the last event, the first by 3.50'),
    ],
)
@pytest.mark.parametrize('command', ['run', 'evaluate'])
def test_frames_that_all_lie_outside_the_events_say_on_which_side(
    sequence, tmp_path, capsys, command, first_s, sentence
):
    path, out = sequence(first_s), tmp_path / 'out'
    words = {
        'run': [path, '--sync-mode', 'camera_image', '--reference-topic', 'images'],
        'evaluate': ['-d', path, '-q', 'mse'],
    }[command]
    status, _, err = call(capsys, command, *words, '-m', 'leaky_integrator', '-o', out)
    assert status == 1
    assert sentence in err
    assert 'clocks differ' in err


def test_some_frames_before_the_first_event_are_counted(sequence, tmp_path, capsys):
    path = sequence(4.85)
    words = ('--sync-mode', 'camera_image', '--reference-topic', 'images')
    status, [last], err = call(
        capsys, 'run', path, '-m', 'leaky_integrator', '-o', tmp_path / 'out', *words
    )
    assert status == 0
    assert 'of 20 stamps on images, these have no frame: 8 before the first event' in err
    result = json.loads(last)
    assert result['frames'] == 12
    counts = {'before_first_event': 8, 'after_last_event': 0, 'between': 0}
    assert result['references_without_frame'] == counts
    status, _, err = call(
        capsys, 'evaluate', '-d', path, '-m', 'leaky_integrator', '-o', tmp_path / 'scores'
    )
    assert status == 0
    assert 'these have no frame: 8 before the first event' in err


def test_frames_after_the_last_event_are_counted(sequence, tmp_path, capsys):
    words = ('--sync-mode', 'camera_image', '--reference-topic', 'images')
    status, _, err = call(
        capsys, 'run', sequence(5.21), '-m', 'leaky_integrator', '-o', tmp_path / 'out', *words
    )
    assert status == 0
    assert 'of 20 stamps on images, these have no frame: 5 after the last event' in err
