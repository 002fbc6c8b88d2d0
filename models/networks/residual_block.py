# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A residual block of two 3x3 convolutions.

Comes in: features. Goes out: features of the same shape. Knows nothing about the network around.
"""

import torch
from torch import nn


class ResidualBlock(nn.Module):
    """relu(x + second(relu(first(x)))), without normalisation layers.

    Args:
        channels: of the input and of the output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [batch, channels, height, width]."""
        return torch.relu(x + self.second(torch.relu(self.first(x))))
