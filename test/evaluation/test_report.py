# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Means over recordings, and the names that they stand under."""

import io

import pytest
from rich.console import Console

from spike_recon_ros.evaluation.contenders import unique_names
from spike_recon_ros.evaluation.metrics import BY_DEFAULT, METRICS
from spike_recon_ros.evaluation.report import show, summarise


def test_recordings_of_one_name_get_different_labels():
    assert unique_names(['a', 'b', 'a', 'a']) == ['a', 'b', 'a_2', 'a_3']


class Known:
    """Stands in for a Score whose figures are known."""

    def __init__(self, **figures):
        self.figures = figures

    def summary(self, skip_s):
        return self.figures


def test_the_mean_is_over_recordings_however_long():
    scores = {'short': {'m': Known(mse=0.1)}, 'long': {'m': Known(mse=0.3)}}
    assert summarise(scores, 0.0)['mean'] == {'m': {'mse': pytest.approx(0.2)}}


def test_a_metric_counts_on_the_recordings_where_it_applies():
    scores = {
        'photos': {'a': Known(mse=0.1, tags=None), 'b': Known(mse=0.2, tags=None)},
        'board': {'a': Known(mse=None, tags=4.0), 'b': Known(mse=None, tags=0.0)},
    }
    means = summarise(scores, 0.0)['mean']
    assert means == {'a': {'mse': 0.1, 'tags': 4.0}, 'b': {'mse': 0.2, 'tags': 0.0}}


def test_a_model_that_never_read_a_tag_on_one_recording_has_no_mean_time():
    scores = {
        'one': {'a': Known(first_tag_ms=100.0), 'b': Known(first_tag_ms=80.0)},
        'two': {'a': Known(first_tag_ms=300.0), 'b': Known(first_tag_ms=None)},
    }
    means = summarise(scores, 0.0)['mean']
    assert means == {'a': {'first_tag_ms': 200.0}, 'b': {'first_tag_ms': None}}


def shown(names):
    out = io.StringIO()
    mean = {'two_scale_gru_small': dict.fromkeys(names, 0.12345)}
    console = Console(file=out, width=80)
    show(console, {'mean': mean, 'by_dataset': {'held': {}}})
    return out.getvalue()


def test_the_table_of_all_metrics_fits_a_terminal():
    text = shown(BY_DEFAULT)
    assert 'psnr' not in text
    assert '…' not in text
    for name in (one for one in BY_DEFAULT if METRICS[one].in_table):
        assert all(word in text for word in name.split('_'))


def test_the_rate_of_a_spiking_network_fits_beside_them():
    text = shown([*BY_DEFAULT, 'spike_rate'])
    assert 'psnr' not in text
    assert '…' not in text
    assert 'spike_' in text


def test_a_table_that_is_too_wide_is_continued_in_another():
    names = list(METRICS)
    text = shown(names)
    assert '…' not in text
    assert text.count('two_scale') > 1
    wanted = [one for one in names if METRICS[one].in_table]
    values = sum(
        line.split().count(f'{0.12345:.{n}f}') for n in range(6) for line in text.splitlines()
    )
    assert values == len(wanted)
    assert max(map(len, text.splitlines())) <= 80


def test_a_metric_that_was_asked_for_is_in_the_table():
    assert 'psnr' in shown(['psnr', 'mse'])
