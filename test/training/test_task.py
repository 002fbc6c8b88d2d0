# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Steps of training and what is observed of them, without files."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')

from spike_recon_models.networks.registry import make_network  # noqa: E402
from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.datasets.segments import Segment  # noqa: E402
from spike_recon_training.losses import LossWeights  # noqa: E402
from spike_recon_training.recipe import Optimisation  # noqa: E402
from spike_recon_training.task import ReconstructionTask  # noqa: E402
from spike_recon_training.validation import scores  # noqa: E402


def segment(cold, seed=0):
    generator = torch.Generator().manual_seed(seed)
    grids = torch.randn((3, 2, 5, 16, 16), generator=generator)
    return Segment(grids, torch.rand((3, 2, 1, 16, 16), generator=generator), cold)


def test_state_is_carried_until_the_next_cold_segment():
    network = make_network('two_scale_gru', channels=4)
    task = ReconstructionTask(network, LossWeights(temporal=0), Optimisation())
    with torch.no_grad():
        cold = float(task.training_step(segment(True), 0))
        warm = float(task.training_step(segment(False), 1))
        again = float(task.training_step(segment(True), 2))
    assert cold == again
    assert cold != warm


def test_held_back_figures_include_the_observables():
    network, held = make_network('hybrid', channels=4), segment(True)
    rates, state = [], None
    with torch.no_grad():
        for grid in held.grids:
            _, state = network(grid, state)
            rates.append(float(network.observables(state)['spike_rate']))
    assert 0 < min(rates) < max(rates) < 1
    assert scores(network, [held])['spike_rate'] == pytest.approx(np.mean(rates), abs=1e-5)
    assert 'spike_rate' not in scores(make_network('two_scale_gru', channels=4), [held])


def test_a_loss_that_is_not_finite_stops_the_training():
    network = make_network('two_scale_gru', channels=4)
    task = ReconstructionTask(network, LossWeights(), Optimisation())
    broken = segment(True)
    broken.truths.fill_(float('nan'))
    task.training_step(broken, 0)
    with pytest.raises(UserError, match='learning_rate'):
        task.on_before_optimizer_step(task.configure_optimizers())


def test_loss_falls_on_one_segment():
    network = make_network('two_scale_gru', channels=4)
    task = ReconstructionTask(network, LossWeights(), Optimisation(learning_rate=1e-2))
    optimizer = task.configure_optimizers()
    losses = []
    for step in range(30):
        loss = task.training_step(segment(True), step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.97 * losses[0]
