# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Runs a network over consecutive windows, with gradients if they are enabled."""

from collections.abc import Iterator

import torch

from spike_recon_models.networks.recurrent_network import RecurrentNetwork


def reconstructed(
    network: RecurrentNetwork,
    grids: torch.Tensor,
    state: tuple[torch.Tensor, ...] | None = None,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Return video [windows, batch, 1, height, width] and the state after it."""
    images, states = zip(*steps(network, grids, state), strict=True)
    return torch.stack(images), states[-1]


def steps(
    network: RecurrentNetwork,
    grids: torch.Tensor,
    state: tuple[torch.Tensor, ...] | None = None,
) -> Iterator[tuple[torch.Tensor, tuple[torch.Tensor, ...]]]:
    """Yield the image [batch, 1, height, width] and the state after each window."""
    for grid in grids:
        image, state = network(grid, state)
        yield image, state
