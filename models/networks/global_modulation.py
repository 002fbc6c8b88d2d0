# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Features modulated by what the whole image tells.

Comes in: features. Goes out: features of the same shape. Knows nothing about cameras.

How noisy a camera is, how much its pixels leak and how soft its light is, is the same everywhere
in an image, and no single place tells it: whether a pixel is odd or has seen a small thing only
the others know. So features are averaged over the image, and what that says scales and shifts all
of them (Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018; Perez et al., "FiLM", AAAI 2018).
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.residual_block import LEAK

STRIDE = 2
"""Of the places that are asked: for a mean, a quarter of them are enough."""


class GlobalModulation(nn.Module):
    """(alpha F + beta) + F, with one alpha and beta a channel for the whole image.

    Args:
        channels: of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(channels, channels, 1, stride=STRIDE)
        self.think = nn.Conv2d(channels, channels, 1)
        self.modulate = nn.Conv2d(channels, 2 * channels, 1)

    def start_still(self) -> None:
        """Change nothing at first."""
        nn.init.zeros_(self.modulate.weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return [batch, channels, height, width]."""
        seen = functional.leaky_relu(self.look(features), LEAK).mean((2, 3), keepdim=True)
        seen = functional.leaky_relu(self.think(seen), LEAK)
        alpha, beta = self.modulate(seen).chunk(2, 1)
        return alpha * features + beta + features
