# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""WGSE: a wavelet transform over time, learned processing of its coefficients, and convolutions.

Zhang et al., "Learning Temporal-Ordered Representation for Spike Streams Based on Discrete Wavelet
Transforms", AAAI 2023: the 41 planes of each pixel are decomposed into five levels of the wavelet
db8, each level passes temporal convolutions, and what the inverse transform gives is read by three
residual blocks of 256 channels. There is no state. `load_published` reads a file of weights in the
layout of the authors' code; the file itself was not available here.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.checkpoint_file import (
    load_renamed,
    published_file,
    weights_by_name,
)
from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_models.networks.recurrent_network import initialise
from spike_recon_models.networks.residual_block import ResidualBlock
from spike_recon_models.networks.wavelet import wavelet_matrices

PLANES, LEVELS = 41, 5
_UNUSED = 'wvl.dwt.h0', 'wvl.dwt.h1', 'wvl.idwt.g0', 'wvl.idwt.g1'
"""The filters, which are no weights."""


class Wgse(PlaneNetwork):
    """The network.

    Args:
        channels: of the residual blocks.
        narrow: of the layer before the image.
        temporal: of the convolutions over time.
        depth: number of residual blocks.
        seed: of the initial weights.
    """

    bins = PLANES
    pad_multiple = 1
    state_specs = ()

    def __init__(
        self,
        channels: int = 256,
        narrow: int = 64,
        temporal: int = 32,
        depth: int = 3,
        seed: int = 0,
    ) -> None:
        super().__init__()
        analyses, syntheses = wavelet_matrices(PLANES, LEVELS)
        for number, (analysis, synthesis) in enumerate(zip(analyses, syntheses, strict=True)):
            self.register_buffer(f'analysis_{number}', _layer(analysis), persistent=False)
            self.register_buffer(f'synthesis_{number}', _layer(synthesis), persistent=False)
        self.bands = nn.ModuleList(BandFilter(temporal) for _ in analyses)
        self.embed = nn.Conv2d(len(syntheses[0]), channels, 3, padding=1)
        self.refine = nn.Sequential(*(ResidualBlock(channels) for _ in range(depth)))
        self.draw = nn.Sequential(
            nn.Conv2d(channels, narrow, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(narrow, 1, 3, padding=1),
        )
        initialise(self, seed)

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """See PlaneNetwork."""
        parts = []
        for number, band in enumerate(self.bands):
            coefficients = functional.conv2d(x, getattr(self, f'analysis_{number}'))
            parts.append(
                functional.conv2d(band(coefficients), getattr(self, f'synthesis_{number}'))
            )
        features = torch.relu(self.embed(torch.stack(parts).sum(0)))
        return (Estimate(self.draw(self.refine(features))),), ()


class BandFilter(nn.Module):
    """Convolutions over time of the coefficients of one level, the same for all pixels.

    Args:
        channels: of the hidden layers.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()

        def convolution(inputs: int, outputs: int) -> nn.Conv2d:
            return nn.Conv2d(inputs, outputs, (3, 1), padding=(1, 0))

        self.first, self.second = convolution(1, channels), convolution(channels, channels)
        self.last = convolution(channels, 1)

    def forward(self, coefficients: torch.Tensor) -> torch.Tensor:
        """Return coefficients [batch, count, height, width] of the same shape."""
        flat = coefficients.flatten(2)[:, None]
        hidden = torch.relu(flat + self.second(torch.relu(self.first(flat))))
        return torch.relu(self.last(hidden)).reshape(coefficients.shape)


def _layer(matrix: np.ndarray) -> torch.Tensor:
    """Return the kernel of a 1x1 convolution."""
    return torch.from_numpy(matrix).float()[:, :, None, None]


def load_published(path: Path) -> Wgse:
    """Return WGSE with weights from a file in the layout of the authors.

    Nothing in the file is executed.

    Raises:
        ValueError: the file does not hold such weights.
    """
    network = Wgse()
    with published_file(path, 'WGSE') as content:
        theirs = weights_by_name(content)
        over_time = {name: value[..., None] for name, value in theirs.items() if value.ndim == 3}
        load_renamed(network, theirs | over_time, published_names(), _UNUSED)
    return network


def published_names() -> dict[str, str]:
    """Return our name of each layer -> that in the published file."""
    names = {'embed': 'conv.0', 'draw.0': 'tail.0', 'draw.2': 'tail.2'}
    for number in range(3):
        for place, layer in enumerate(('first', 'second')):
            names[f'refine.{number}.{layer}'] = f'resblocks.{number}.conv{place + 1}'
    for number in range(LEVELS + 1):
        band = 'wvl.yl_block' if number == LEVELS else f'wvl.yh_blocks.{number}'
        names |= {
            f'bands.{number}.first': f'{band}.0.tcn0.0',
            f'bands.{number}.second': f'{band}.0.tcn1.0',
            f'bands.{number}.last': f'{band}.1',
        }
    return names
