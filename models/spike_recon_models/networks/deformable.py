# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Modulated deformable convolution, as published networks for spike cameras use it.

Zhu et al., "Deformable ConvNets v2", CVPR 2019. It is expressed with GridSample, which every
runtime has: sampling at each tap of the kernel, then a 1x1 convolution over the samples.
"""

import torch
from torch import nn
from torch.nn import functional

SIDE = 3
TAPS = SIDE**2


class Deformable(nn.Module):
    """A deformable 3x3 convolution, with offsets and weights of the samples given.

    Args:
        channels: of input and output, a multiple of `groups`.
        groups: of channels that share their offsets.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self._groups = groups
        self.weight = nn.Parameter(torch.empty(channels, channels, SIDE, SIDE))
        self.bias = nn.Parameter(torch.zeros(channels))

    def initialise(self, generator: torch.Generator) -> None:
        """Initialise the weights at random."""
        nn.init.kaiming_normal_(self.weight, nonlinearity='linear', generator=generator)

    def forward(
        self, features: torch.Tensor, offsets: torch.Tensor, shares: torch.Tensor
    ) -> torch.Tensor:
        """Return [batch, channels, height, width].

        Args:
            features: [batch, channels, height, width]; zero outside of the image.
            offsets: [batch, groups * 9 * 2, height, width], pixels down, then to the right.
            shares: [batch, groups * 9, height, width], factor of each sample.
        """
        batch, channels, height, width = features.shape
        each = channels // self._groups
        grouped = features.float().reshape(batch * self._groups, each, height, width)
        # In float32 also below autocast: bfloat16 cannot resolve a tenth of a pixel far right.
        offsets = offsets.float().reshape(batch * self._groups, TAPS, 2, height, width)
        factors = shares.float().reshape(batch * self._groups, TAPS, 1, height, width)
        x = torch.arange(width, dtype=torch.float32, device=features.device)
        y = torch.arange(height, dtype=torch.float32, device=features.device)[:, None]
        samples = []
        for tap in range(TAPS):
            row, column = divmod(tap, SIDE)
            down, across = offsets[:, tap].unbind(1)
            # From pixels to the range -1..1 of `grid_sample`.
            down = (down + y + (row - SIDE // 2)) * 2 / (height - 1) - 1
            across = (across + x + (column - SIDE // 2)) * 2 / (width - 1) - 1
            sampled = functional.grid_sample(
                grouped, torch.stack([across, down], -1), padding_mode='zeros', align_corners=True
            )
            samples.append((sampled * factors[:, tap]).reshape(features.shape))
        kernel = self.weight.permute(0, 2, 3, 1).reshape(channels, TAPS * channels, 1, 1)
        return functional.conv2d(torch.cat(samples, 1).to(features.dtype), kernel, self.bias)
