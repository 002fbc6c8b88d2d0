# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every parameter of every recipe learns."""

import pytest
from small_recipes import narrow_recipes, small_recipe

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')

from spike_recon_training.datasets.simulated import SimulatedSegments  # noqa: E402
from spike_recon_training.initial_weights import first_network  # noqa: E402
from spike_recon_training.recipe import RECIPES, read_recipe  # noqa: E402
from spike_recon_training.task import ReconstructionTask  # noqa: E402


@pytest.mark.parametrize('name', narrow_recipes())
def test_every_parameter_of_a_recipe_gets_a_gradient(name, photographs):
    recipe = small_recipe(read_recipe(RECIPES / f'{name}.yaml'))
    network = first_network(recipe, None)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            is_gain = weight.ndim > 1 or weight.numel() == 1
            if is_gain and not weight.any():  # zero-initialised: they hide other layers
                weight.copy_(0.1 * torch.randn(weight.shape, generator=generator))
    task = ReconstructionTask(network, recipe.loss, recipe.optimisation)
    segments = iter(SimulatedSegments(photographs, recipe, network.bins, network.other_instants))
    task.training_step(next(segments), 0)
    task.training_step(next(segments), 1).backward()  # with a state that is not zero
    still = [
        parameter
        for parameter, weight in network.named_parameters()
        if weight.requires_grad and (weight.grad is None or not weight.grad.any())
    ]
    assert not still
