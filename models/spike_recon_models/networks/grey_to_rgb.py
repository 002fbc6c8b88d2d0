# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Guess the colours of a grey image: the autoencoder of "GenAI-powered spatio-temporal fusion".

The published form has 1-4-8-16-32-16-8-4-3 channels: four convolutions, then four transposed ones,
each with batch normalisation and leaky ReLU, the last with a sigmoid. All have 3x3 kernels and
stride 1, so an output pixel depends on 17x17 input pixels.
"""

from itertools import pairwise

import torch
from torch import nn

from spike_recon_models.networks.recurrent_network import RecurrentNetwork, initialise

WIDTHS = 4, 8, 16, 32
LEAK = 0.01
"""Slope of the leaky ReLU below zero; the publication does not state it."""


class GreyToRgb(RecurrentNetwork):
    """Maps a grey image to red, green and blue.

    Args:
        widths: channels after each convolution; the transposed ones go back through them.
        seed: of the initial weights.
    """

    bins = 1
    pad_multiple = 1
    state_specs = ()
    image_inputs = ('grey',)
    image_outputs = ('red', 'green', 'blue')

    def __init__(self, widths: tuple[int, ...] | list[int] = WIDTHS, seed: int = 0) -> None:
        super().__init__()
        up = (1, *widths)
        down = (*reversed(widths), len(self.image_outputs))
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(up):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), *_normalised(outputs)]
        for inputs, outputs in pairwise(down):
            layers += [nn.ConvTranspose2d(inputs, outputs, 3, padding=1), *_normalised(outputs)]
        layers[-2:] = [nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)
        initialise(self, seed)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Return [batch, 3, height, width], 0 to 1, of grey [batch, 1, height, width]."""
        return self.layers(x), ()


def _normalised(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(channels), nn.LeakyReLU(LEAK)
