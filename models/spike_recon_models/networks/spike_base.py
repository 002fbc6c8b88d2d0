# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Five convolutions over 41 spike planes: the smallest network that is published with figures.

It is the "base" of the toolbox Spike-Zoo, after SpikeCLIP (Chen et al., 2025): 3x3 convolutions
of 64, 128, 64, 16 and 1 channels at full resolution with ReLUs in between, 180,705 parameters.
There is no state: each image depends on the planes around its instant only.
"""

from pathlib import Path

import torch
from torch import nn

from spike_recon_models.networks.checkpoint_file import (
    load_renamed,
    published_file,
    weights_by_name,
)
from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_models.networks.recurrent_network import initialise


class SpikeBase(PlaneNetwork):
    """The network.

    Args:
        planes: number of input planes; the instant is in their middle.
        widths: channels after each convolution but the last.
        seed: of the initial weights.
    """

    pad_multiple = 1
    state_specs = ()

    def __init__(
        self, planes: int = 41, widths: tuple[int, ...] = (64, 128, 64, 16), seed: int = 0
    ) -> None:
        super().__init__()
        self.bins = planes
        layers: list[nn.Module] = []
        inputs = planes
        for width in widths:
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Conv2d(inputs, 1, 3, padding=1))
        initialise(self, seed)

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """See PlaneNetwork."""
        return (Estimate(self.layers(x)),), ()


def load_published(path: Path) -> SpikeBase:
    """Return the network with weights from a file in the layout of Spike-Zoo.

    Nothing in the file is executed.

    Raises:
        ValueError: the file does not hold such weights.
    """
    names = {f'layers.{2 * number}': f'seq.{number}.0' for number in range(4)}
    names['layers.8'] = 'seq.4'
    with published_file(path, 'base') as content:
        theirs = weights_by_name(content)
        network = SpikeBase(planes=theirs['seq.0.0.weight'].shape[1])
        load_renamed(network, theirs, names)
    return network
