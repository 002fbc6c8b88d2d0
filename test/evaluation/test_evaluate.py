# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Comparing models from Python, with values instead of a command line."""

import io
import json

import cv2
import numpy as np
import pytest
from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.evaluate import evaluate
from spike_recon_ros.evaluation.sheet import GAP
from spike_recon_ros.offline.simulation import simulate_board
from spike_recon_ros.settings import Settings

QUIET = Console(quiet=True)


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    bag = tmp_path_factory.mktemp('simulated') / 'board'
    simulate_board(bag, duration_s=0.1, size=(64, 48))
    return bag


def test_a_call_returns_the_scores_and_writes_them(board, tmp_path):
    scores = evaluate(['fibar'], [str(board)], str(tmp_path / 'out'), console=QUIET)
    assert scores['datasets']['board']['frames'] == 4
    assert 0 < scores['mean']['fibar']['ssim'] < 1
    assert json.loads((tmp_path / 'out' / 'summary.json').read_text()) == scores


def test_settings_and_metrics_are_values(board, tmp_path):
    errors = [
        evaluate(['fibar'], [board], tmp_path / name, settings, metrics=['mse'], console=QUIET)
        for name, settings in (('usual', None), ('slow', Settings(cutoff_num_events=400.0)))
    ]
    means = [one['mean']['fibar'] for one in errors]
    assert all(list(mean) == ['mse'] for mean in means)
    assert means[0] != means[1]


def test_a_wrong_value_is_one_sentence(board, tmp_path):
    with pytest.raises(UserError, match='there is no model'):
        evaluate(['fiber'], [board], tmp_path / 'out', console=QUIET)
    assert not (tmp_path / 'out').exists()


def test_a_table_that_cannot_be_written_names_the_folder(board, tmp_path):
    (tmp_path / 'frames.csv').mkdir()
    with pytest.raises(UserError, match=r'frames\.csv: is a directory'):
        evaluate(['fibar'], [board], tmp_path, overwrite=True, metrics=['mse'], console=QUIET)


def test_a_size_that_no_header_states_can_be_given(tmp_path):
    raw = tmp_path / 'bare.raw'
    times = (8 << 28 | np.arange(1, 1001)).astype('<u4')
    events = (1 << 28 | np.arange(1000) % 64 << 11 | np.arange(1000) % 48).astype('<u4')
    raw.write_bytes(b'% evt 2.0\n% end\n' + np.stack([times, events], 1).tobytes())
    facts = {'size': (64, 48)}
    scores = evaluate(
        ['fibar'], [raw], tmp_path / 'out', metrics=['flicker'], facts=facts, console=QUIET
    )
    assert scores['datasets']['bare']['events'] == 1000
    page = cv2.imread(str(tmp_path / 'out' / 'sheets' / 'bare.png'))
    cell = 400 // 64 * 64
    assert (page.shape[1] - GAP) % (cell + GAP) == 0


def test_what_inspect_warns_of_is_printed(tmp_path):
    raw = tmp_path / 'wrong.raw'
    times = (8 << 28 | np.arange(1, 1001)).astype('<u4')
    events = (1 << 28 | np.arange(1000) % 64 << 11 | np.arange(1000) % 48).astype('<u4')
    raw.write_bytes(b'% evt 2.0\n% geometry 32x48\n' + np.column_stack([times, events]).tobytes())
    console = Console(record=True, width=200, quiet=False, file=io.StringIO())
    evaluate(['fibar'], [raw], tmp_path / 'out', metrics=['flicker'], console=console)
    printed = console.export_text()
    assert 'wrong: 488 events (48.8 %) lie outside the sensor of 32x48 pixels' in printed
