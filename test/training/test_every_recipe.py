# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every recipe can fit a batch, and trains in two processes, with narrow networks."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_recipes import narrow_recipes, small_recipe

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')
pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing can be trained')
pytest.importorskip('safetensors', reason='safetensors is not installed: nothing can be trained')

from spike_recon_training.budget import learning_rate_share  # noqa: E402
from spike_recon_training.datasets.simulated import SimulatedSegments  # noqa: E402
from spike_recon_training.initial_weights import first_network  # noqa: E402
from spike_recon_training.recipe import RECIPES, read_recipe, write_recipe  # noqa: E402
from spike_recon_training.reconstruction import reconstructed  # noqa: E402
from spike_recon_training.task import ReconstructionTask  # noqa: E402

NAMES = narrow_recipes()
STATELESS = 'base', 'bsf', 'stir', 'swinsf'
LEARNING_RATES = {'event': 1e-2, 'spike': 3e-3}
MOST_STEPS = 250
NEAR_ZERO = 0.25
"""Largest mean absolute error after training, as a share of that of a flat image."""
CONTRAST = 0.1
"""Smallest standard deviation of the truths that are fitted."""


@pytest.mark.parametrize('name', NAMES)
def test_every_recipe_can_fit_a_batch(name, photographs):
    recipe = read_recipe(RECIPES / f'{name}.yaml')
    rate = LEARNING_RATES[recipe.sensor]
    windows = {'windows': 1} if recipe.network.name in STATELESS else {}
    recipe = small_recipe(
        recipe, 16, batch=1, segments=(1, 1), learning_rate=rate, weight_decay=0.0, **windows
    )
    network = first_network(recipe, None)
    # These terms are not about the batch, or need larger images.
    loss = dataclasses.replace(recipe.loss, rest=0.0, noise=0.0, structure=0.0)
    task = ReconstructionTask(network, loss, recipe.optimisation)
    segments = SimulatedSegments(photographs, recipe, network.bins, network.other_instants)
    segment = next(one for one in segments if one.truths.std() > CONTRAST)
    flat = float((segment.truths - segment.truths.mean()).abs().mean())
    optimizer = task.configure_optimizers()
    errors = []
    for step in range(MOST_STEPS):
        loss = task.training_step(segment, step)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.optimisation.gradient_clip)
        optimizer.param_groups[0]['lr'] = rate * learning_rate_share(step / MOST_STEPS, 0.05)
        optimizer.step()
        if step % 10 == 9:
            with torch.no_grad():
                video, _ = reconstructed(network, segment.grids)
            errors.append(float((video - segment.truths).abs().mean()) / flat)
            if errors[-1] < NEAR_ZERO:
                return
    pytest.fail(f'errors as shares of that of a flat image: {errors}')


def test_every_recipe_trains_in_two_processes(tmp_path, photo_folder):
    for name in NAMES:
        recipe = read_recipe(RECIPES / f'{name}.yaml')
        recipe = small_recipe(
            recipe, 32, windows=2, segments=(1, 1), precision='32', budget_minutes=60, epochs=1
        )
        recipe = dataclasses.replace(
            recipe,
            photographs=dataclasses.replace(recipe.photographs, side=64, held_share=0.0),
        )
        write_recipe(recipe, tmp_path / f'{name}.yaml')
    result = subprocess.run(
        [
            *(sys.executable, '-m', 'torch.distributed.run', '--standalone'),
            *('--nproc-per-node', '2', Path(__file__).with_name('train_recipes.py')),
            *(photo_folder, tmp_path, *NAMES),
        ],
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    assert result.returncode == 0, result.stderr[-4000:]
    for name in NAMES:
        figures = json.loads((tmp_path / f'{name}_run' / 'run.json').read_text())
        assert figures['processes'] == 2
        assert figures['steps'] == 3
        sums = [(tmp_path / f'{name}_{rank}.txt').read_text() for rank in range(2)]
        assert sums[0] == sums[1], f'{name}: the processes have other weights'
