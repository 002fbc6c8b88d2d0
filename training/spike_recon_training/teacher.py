# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A trained network whose images a smaller one learns to imitate.

Hinton et al., "Distilling the Knowledge in a Neural Network", 2015. Much of the truth cannot be
known from the sensor's data, such as the brightness of what has not moved. It differs from
sequence to sequence and makes gradients noisy, above all with small batches. The images of a
teacher hold only what the data shows.
"""

from pathlib import Path

import torch

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_models.trained_network import trained_network
from spike_recon_ros.bundles.bundle import Bundle, read_bundle
from spike_recon_ros.errors import UserError
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import Recipe
from spike_recon_training.reconstruction import reconstructed


class Teacher:
    """Runs the network beside the one that is trained.

    It is no module of the training, so checkpoints do not hold its weights.

    Args:
        network: with its weights.
    """

    def __init__(self, network: RecurrentNetwork) -> None:
        self._network = network.eval().requires_grad_(False)
        self._state: tuple[torch.Tensor, ...] | None = None

    def images(self, segment: Segment) -> torch.Tensor:
        """Return its video [windows, batch, 1, height, width] of the segment after the last one.

        The state is carried from segment to segment, and reset at a cold one.
        """
        if segment.cold:
            self._state = None
        self._network.to(segment.grids.device)
        with torch.no_grad():
            video, self._state = reconstructed(self._network, segment.grids, self._state)
        return video

    def reset(self) -> None:
        """Reset the state."""
        self._state = None


def teacher_of(folder: Path, recipe: Recipe, network: RecurrentNetwork) -> Teacher:
    """Return the network of a bundle as the teacher of a run.

    Args:
        folder: of the bundle.
        recipe: of the run.
        network: that is trained.

    Raises:
        UserError: the bundle reads or makes other tensors than the network, or is damaged.
    """
    bundle = read_bundle(folder)
    if difference := _difference(bundle, recipe, network):
        raise UserError(f'{bundle.name} cannot teach {recipe.name}: {difference}')
    return Teacher(trained_network(bundle))


def _difference(bundle: Bundle, recipe: Recipe, network: RecurrentNetwork) -> str | None:
    """Return the first difference between the tensors of both, if there is one."""
    grid = {
        'kind': 'voxel_grid',
        'bins': network.grid_bins,
        'normalisation': recipe.normalisation,
    }
    pairs = {
        'sensor': (bundle.sensor.value, recipe.sensor),
        'representation': (bundle.representation, recipe.representation or grid),
        'number of input channels': (bundle.bins, network.bins),
        'output scale': (bundle.output_scale, network.output_scale),
    }
    return next(
        (
            f'its {name} is {its}, but that of {recipe.name} is {ours}'
            for name, (its, ours) in pairs.items()
            if its != ours
        ),
        None,
    )
