# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Residual blocks of two 3x3 convolutions, without normalisation layers."""

import torch
from torch import nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """relu(x + second(relu(first(x)))).

    Args:
        channels: of the input and of the output.
        reach: dilation of both convolutions; 2 sees twice as far for the same work.
        inner: channels between both convolutions; 0 = as many as outside.
    """

    def __init__(self, channels: int, reach: int = 1, inner: int = 0) -> None:
        super().__init__()
        inner = inner or channels
        self.first = nn.Conv2d(channels, inner, 3, padding=reach, dilation=reach)
        self.second = nn.Conv2d(inner, channels, 3, padding=reach, dilation=reach)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [batch, channels, height, width]."""
        return torch.relu(x + self.second(torch.relu(self.first(x))))


LEAK = 0.1
"""Slope of the leaky ReLU below zero."""


class LinearResidualBlock(ResidualBlock):
    """x + second(leaky_relu(first(x))): the shortcut is not cut off by a ReLU.

    For chains in which small differences matter (Lim et al., "Enhanced Deep Residual Networks for
    Single Image Super-Resolution", CVPRW 2017). The leak lets units learn again that a large step
    of the optimiser has pushed below zero.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [batch, channels, height, width]."""
        return x + self.second(functional.leaky_relu(self.first(x), LEAK))
