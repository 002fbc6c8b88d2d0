# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Removes the channels inside residual blocks that contribute least.

A channel between the two convolutions of a block is worth its contribution to the output of the
block: its activity times the weights that read it. Activity is measured on data, because weights
alone do not show which channels are never active (Hu et al., "Network Trimming: A Data-Driven
Neuron Pruning Approach towards Efficient Deep Architectures", 2016). The mean contribution of the
removed channels is added to the bias.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_models.networks.residual_block import ResidualBlock


class _Activity:
    """Statistics of the input of a block's second convolution, per channel."""

    def __init__(self) -> None:
        self._sums: list[torch.Tensor] = []

    def see(self, module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        """Hook of the convolution."""
        (x,) = inputs
        self._sums.append(torch.stack((x.mean((0, 2, 3)), x.square().mean((0, 2, 3)))))

    def mean_and_rms(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and root mean square over all windows, [channels]."""
        mean, square = torch.stack(self._sums).mean(0)
        return mean, square.sqrt()


def prune(
    network: RecurrentNetwork, narrow: RecurrentNetwork, sequences: Sequence[Sequence[np.ndarray]]
) -> dict[str, float]:
    """Copy the weights of a trained network to a narrower one, without its least useful channels.

    Args:
        network: the trained network.
        narrow: the same network with fewer channels inside its residual blocks; receives the
            weights.
        sequences: inputs [bins, height, width] of consecutive windows, of several sequences.

    Returns: by block, the share of its contribution that was lost (root mean square).

    Raises:
        ValueError: the networks differ in more than that, or there is nothing to remove.
    """
    blocks = _blocks(network)
    fewer = {
        name: block.first.out_channels
        for name, block in _blocks(narrow).items()
        if name in blocks and block.first.out_channels < blocks[name].first.out_channels
    }
    if not fewer:
        raise ValueError('no block has more channels inside than it is to have')
    seen = _activities(network, {name: blocks[name] for name in fewer}, sequences)
    weights = dict(network.state_dict())
    lost = {name: _thin(weights, name, count, *seen[name]) for name, count in fewer.items()}
    try:
        narrow.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f'the networks differ in more than their blocks: {error}') from None
    return lost


def _blocks(network: nn.Module) -> dict[str, ResidualBlock]:
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, ResidualBlock)
    }


@torch.no_grad()
def _activities(
    network: RecurrentNetwork,
    blocks: dict[str, ResidualBlock],
    sequences: Sequence[Sequence[np.ndarray]],
) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Run the network; return mean and rms of each channel inside its blocks."""
    seen = {name: _Activity() for name in blocks}
    hooks = [block.second.register_forward_hook(seen[name].see) for name, block in blocks.items()]
    for windows in sequences:
        state = None
        for window in windows:
            _, state = network(torch.from_numpy(window)[None], state)
    for hook in hooks:
        hook.remove()
    return {name: activity.mean_and_rms() for name, activity in seen.items()}


def _thin(
    weights: dict[str, torch.Tensor], name: str, count: int, mean: torch.Tensor, rms: torch.Tensor
) -> float:
    """Reduce a block to `count` channels; return the share of its contribution that is lost."""
    read = weights[f'{name}.second.weight']
    worth = (rms * read.flatten(2).norm(dim=2).norm(dim=0)).square()
    order = worth.argsort(descending=True)
    kept, gone = order[:count].sort().values, order[count:]
    for end in ('weight', 'bias'):
        weights[f'{name}.first.{end}'] = weights[f'{name}.first.{end}'][kept]
    weights[f'{name}.second.weight'] = read[:, kept]
    constant = read[:, gone].sum((2, 3)) @ mean[gone]
    weights[f'{name}.second.bias'] = weights[f'{name}.second.bias'] + constant
    return float((worth[gone].sum() / worth.sum().clamp(min=1e-30)).sqrt())
