# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every parameter of every recipe learns."""

import dataclasses
import math

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')

from spike_recon_training.datasets.simulated import SimulatedSegments  # noqa: E402
from spike_recon_training.initial_weights import first_network  # noqa: E402
from spike_recon_training.recipe import RECIPES, read_recipe  # noqa: E402
from spike_recon_training.task import ReconstructionTask  # noqa: E402

SIDE = 48
WINDOWS = {'spk2vid': 6}
"""Of networks that look back further than a few windows."""
NARROW = {
    'two_scale_gru': {'channels': 4, 'context': 8},
    'hybrid': {'channels': 4},
    'spk2vid': {'channels': 12, 'align_width': 6},
    'base': {'widths': [8, 8, 8, 8]},
    'stir': {'widths': [8, 8, 8, 8, 8]},
    'swinsf': {'channels': 8, 'depth': 2},
}


def small(recipe):
    """Return a recipe with fewer channels, small sensors and short sequences."""
    network = recipe.network
    arguments = {**network.arguments, **NARROW[network.name]}
    network = dataclasses.replace(network, arguments=arguments)
    recipe = dataclasses.replace(
        recipe,
        network=network,
        optimisation=dataclasses.replace(
            recipe.optimisation, batch=2, small_share=0.0, segments=(2, 2),
            windows=WINDOWS.get(network.name, 2), crop=16 * SIDE,
        ),
    )  # fmt: skip
    multiple = first_network(
        dataclasses.replace(
            recipe, optimisation=dataclasses.replace(recipe.optimisation, crop=240)
        ),
        None,
    ).pad_multiple
    crop = multiple * math.ceil(SIDE / multiple)
    optimisation = dataclasses.replace(recipe.optimisation, crop=crop)
    return dataclasses.replace(recipe, optimisation=optimisation)


@pytest.mark.parametrize('name', sorted(file.stem for file in RECIPES.glob('*.yaml')))
def test_every_parameter_of_a_recipe_gets_a_gradient(name, photographs):
    recipe = small(read_recipe(RECIPES / f'{name}.yaml'))
    network = first_network(recipe, None)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1 and not weight.any():  # zero-initialised: they hide other layers
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
