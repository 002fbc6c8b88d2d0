# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""STIR's encoder of one window of 21 planes, to features at 1/1, 1/2, 1/4, 1/8 and 1/16.

By default it has neither biases nor normalisation layers. So planes without spikes give features
that are exactly zero: a recurrent state of zeros is a stream that was dark before its start. And
all features are proportional to the planes, which makes bias-free networks robust to noise levels
that they were not trained on (Mohan et al., "Robust and Interpretable Blind Image Denoising via
Bias-Free Convolutional Neural Networks", ICLR 2020). With `biases` it has the layers of the
authors' code, which their weights need.
"""

from itertools import pairwise

import torch
from torch import nn

WINDOW = 21
"""Number of planes; the image shows the middle one."""
CUTS = 0, 2, 4, 6, 8
"""Planes that each centred mean omits at each end: means over 21, 17, 13, 9 and 5."""


class HybridEmbedding(nn.Module):
    """Centred means, which are best for still scenes, and features of a residual block.

    Args:
        channels: of the embedding, the five means included.
        biases: whether the convolutions have biases and are followed by batch normalisation.
    """

    def __init__(self, channels: int = 16, biases: bool = False) -> None:
        super().__init__()
        learned = channels - len(CUTS)
        self.first = nn.Conv2d(WINDOW, learned, 3, padding=1, bias=biases)
        self.second = nn.Conv2d(learned, learned, 3, padding=1, bias=biases)
        self.shortcut = nn.Conv2d(WINDOW, learned, 1, bias=biases)
        self.norm_first = nn.BatchNorm2d(learned) if biases else nn.Identity()
        self.norm_second = nn.BatchNorm2d(learned) if biases else nn.Identity()

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Return [batch, channels, height, width] of planes [batch, 21, height, width]."""
        means = [planes[:, cut : WINDOW - cut].mean(1, keepdim=True) for cut in CUTS]
        learned = self.norm_second(self.second(torch.relu(self.norm_first(self.first(planes)))))
        learned = learned + self.shortcut(planes)
        return torch.cat([*means, torch.relu(learned)], 1)


class PyramidEncoder(nn.Module):
    """A 7x7 convolution, then steps that halve the resolution.

    Args:
        inputs: channels of the embedding.
        widths: channels at full resolution and after each step.
        biases: whether the convolutions have biases.
    """

    def __init__(self, inputs: int, widths: tuple[int, ...], biases: bool = False) -> None:
        super().__init__()
        self.head = nn.Sequential(
            nn.Conv2d(inputs, widths[0], 7, padding=3, bias=biases), nn.PReLU()
        )
        self.steps = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(fine, coarse, 3, stride=2, padding=1, bias=biases),
                nn.PReLU(),
                ResidualPath(coarse, bias=biases),
            )
            for fine, coarse in pairwise(widths)
        )

    def forward(self, embedding: torch.Tensor) -> list[torch.Tensor]:
        """Return the features after each step, the finest first."""
        features, found = self.head(embedding), []
        for step in self.steps:
            features = step(features)
            found.append(features)
        return found


class ResidualPath(nn.Module):
    """x + second(relu(first(x))), both 3x3 convolutions.

    Args:
        channels: of the input and of the output.
        bias: whether the convolutions have biases.
    """

    def __init__(self, channels: int, bias: bool = True) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of the same shape."""
        return x + self.second(torch.relu(self.first(x)))
