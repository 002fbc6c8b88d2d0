# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spike rate of networks with spiking neurons, over the video and as one figure."""

import csv
import io
import re
import shutil

import numpy as np
import pytest
from rich.console import Console

from spike_recon_ros.backends.choice import CANDIDATES
from spike_recon_ros.bundles.zoo import zoo_folder, zoo_names
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contenders import contenders
from spike_recon_ros.evaluation.evaluate import evaluate
from spike_recon_ros.evaluation.score import EvaluatedFrame, Score
from spike_recon_ros.evaluation.spike_rate import spike_metrics
from spike_recon_ros.offline.simulation import simulate_board
from spike_recon_ros.packets.events import Events

needs_hybrid = pytest.mark.skipif('hybrid' not in zoo_names(), reason='no spiking network here')
needs_backend = pytest.mark.skipif(
    all(candidate.missing() for candidate in CANDIDATES), reason='no backend is installed'
)


def scored(metrics, rates):
    score, image = Score(metrics), np.zeros((8, 8), np.float32)
    for number, rate in enumerate(rates):
        t_s, levels = 0.02 * number, image.astype(np.uint8)
        score.add(EvaluatedFrame(t_s, image, levels, Events.empty(), spike_rate=rate))
    return score


def test_the_rate_is_a_curve_and_its_mean():
    score = scored(['spike_rate'], [lambda: 0.25, lambda: None, lambda: 0.75])
    assert [row['spike_rate'] for row in score.rows] == [0.25, None, 0.75]
    assert score.summary() == {'spike_rate': 0.5}


def test_a_rate_that_nobody_asked_for_is_not_computed():
    def unwanted():
        raise AssertionError('the state of the network is read')

    assert 'spike_rate' not in scored(['mse'], [unwanted]).rows[0]


def chosen(models, asked, tmp_path):
    """Return the metrics that are added, and what the console shows."""
    shown = io.StringIO()
    console = Console(file=shown, width=80)
    return spike_metrics(contenders(models, tmp_path), asked, console), shown.getvalue()


def test_without_a_spiking_network_nothing_is_added(tmp_path):
    assert chosen(['fibar'], None, tmp_path) == ((), '')


@needs_hybrid
def test_a_spiking_network_adds_the_rate(tmp_path):
    assert chosen(['fibar', 'hybrid'], None, tmp_path) == (('spike_rate',), '')
    assert chosen(['fibar', 'hybrid'], ['mse'], tmp_path) == ((), '')


@needs_hybrid
def test_a_model_without_spikes_is_named_if_the_rate_was_asked_for(tmp_path):
    assert chosen(['fibar', 'hybrid'], ['spike_rate'], tmp_path) == (
        (),
        'fibar has no spiking neurons, so no spike rate is measured there\n',
    )


def test_where_no_model_has_spikes_the_sentence_names_one_that_has(tmp_path):
    words = 'fibar and leaky_integrator have no spiking neurons.*add hybrid'
    with pytest.raises(UserError, match=words):
        chosen(['fibar', 'leaky_integrator'], ['tags', 'spike_rate'], tmp_path)


@needs_hybrid
def test_a_spiking_network_whose_state_declares_no_membranes_is_named(tmp_path):
    old = shutil.copytree(zoo_folder() / 'hybrid', tmp_path / 'old')
    text = (old / 'model.yaml').read_text()
    (old / 'model.yaml').write_text(re.sub(r'  fires_at: .*\n', '', text))
    added, shown = chosen([str(old)], None, tmp_path)
    assert added == ()
    assert 'old has spiking neurons, but its state does not declare' in shown
    with pytest.raises(UserError, match='export the network again'):
        chosen([str(old)], ['spike_rate'], tmp_path)


@needs_hybrid
@needs_backend
def test_an_evaluation_writes_the_rate_of_each_frame(tmp_path):
    simulate_board(tmp_path / 'board', duration_s=0.1, size=(64, 48))
    quiet, metrics = Console(quiet=True), ['mse', 'spike_rate']
    models, out = ['hybrid', 'fibar'], tmp_path / 'out'
    means = evaluate(models, [tmp_path / 'board'], out, metrics=metrics, console=quiet)['mean']
    with (out / 'frames.csv').open(encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    rates = {
        model: [float(row['spike_rate'] or 'nan') for row in rows if row['model'] == model]
        for model in models
    }
    assert len(rates['hybrid']) == 4
    assert np.nanmean(rates['hybrid']) == pytest.approx(means['hybrid']['spike_rate'], abs=1e-5)
    # No neuron fires before the board moves.
    assert 0.0 <= np.nanmin(rates['hybrid']) < np.nanmax(rates['hybrid']) < 0.5
    assert means['fibar']['spike_rate'] is None
    assert np.isnan(rates['fibar']).all()
