# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""FireNet, a common small network for event cameras: 37,777 parameters, all at full resolution.

Scheerlinck et al., "Fast Image Reconstruction with an Event Camera", WACV 2020: a convolution, a
ConvGRU, a residual block, a ConvGRU, a residual block, a 1x1 convolution, all of 16 channels. The
input is a voxel grid of 5 bins, normalised over its nonzero entries. The authors' weights may not
be redistributed; `load_published` reads a file that the user has. They were trained without an
activation after the last convolution, so intensity is about 0..1 but not limited.
"""

from pathlib import Path

import torch
from torch import nn

from spike_recon_models.networks.checkpoint_file import published_file, weights_by_name
from spike_recon_models.networks.recurrent_cells import ConvGru
from spike_recon_models.networks.recurrent_network import (
    RecurrentNetwork,
    StateSpec,
    initialise,
)
from spike_recon_models.networks.residual_block import ResidualBlock


class FireNet(RecurrentNetwork):
    """The network.

    Args:
        channels: width of every layer.
        bins: channels of the voxel grid.
        seed: of the initial weights.
    """

    pad_multiple = 1
    reflectable = True

    def __init__(self, channels: int = 16, bins: int = 5, seed: int = 0) -> None:
        super().__init__()
        self.bins = bins
        self.state_specs = StateSpec('first', channels, 1), StateSpec('second', channels, 1)
        self.head = nn.Conv2d(bins, channels, 3, padding=1)
        self.first = ConvGru(channels, channels)
        self.first_block = ResidualBlock(channels)
        self.second = ConvGru(channels, channels)
        self.second_block = ResidualBlock(channels)
        self.image = nn.Conv2d(channels, 1, 1)
        initialise(self, seed)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See RecurrentNetwork; the intensity is not limited to 0..1."""
        first, second = self._state_or_zeros(x, state)
        first = self.first(torch.relu(self.head(x)), first)
        second = self.second(self.first_block(first), second)
        return self.image(self.second_block(second)), (first, second)


# Our layers, and those of the published file; both gates of a ConvGRU are one layer here.
_PUBLISHED = {
    'head': ('net.head.conv.conv2d',),
    'first.gates': (
        'net.head.recurrent_block.update_gate',
        'net.head.recurrent_block.reset_gate',
    ),
    'first.candidate': ('net.head.recurrent_block.out_gate',),
    'first_block.first': ('net.resblocks.0.conv.conv1',),
    'first_block.second': ('net.resblocks.0.conv.conv2',),
    'second.gates': (
        'net.resblocks.0.recurrent_block.update_gate',
        'net.resblocks.0.recurrent_block.reset_gate',
    ),
    'second.candidate': ('net.resblocks.0.recurrent_block.out_gate',),
    'second_block.first': ('net.resblocks.1.conv1',),
    'second_block.second': ('net.resblocks.1.conv2',),
    'image': ('net.pred.conv2d',),
}


def load_published(path: Path) -> FireNet:
    """Return FireNet with weights from a file in the layout of the authors.

    Nothing in the file is executed.

    Raises:
        ValueError: the file does not hold such weights.
    """
    with published_file(path, 'FireNet') as content:
        theirs = weights_by_name(content)
        ours = {
            f'{layer}.{kind}': torch.cat([theirs[f'{name}.{kind}'] for name in names])
            for layer, names in _PUBLISHED.items()
            for kind in ('weight', 'bias')
        }
        network = FireNet(bins=ours['head.weight'].shape[1])
        network.load_state_dict(ours)
    return network
