# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Linear filters of the input at full resolution, mixed per pixel with weights from features.

Similar to networks that predict a basis of kernels and how to mix them (Xia et al., "Basis
Prediction Networks for Effective Burst Denoising with Large Kernels", CVPR 2020), but with a fixed
learned basis. So features at half the resolution need not carry every pixel through a few
channels; they only select among filters, such as one along an edge or one with a longer memory.
"""

import torch
from torch import nn
from torch.nn import functional

SIDE = 5
"""Side of the filters, pixels."""


class GatedViews(nn.Module):
    """Sum over the views of gate times view.

    Args:
        bins: channels of the input.
        channels: of the features.
        views: number of filters; each weights the input's channels, then filters the sum.
    """

    def __init__(self, bins: int, channels: int, views: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(bins, views, 1)
        self.look = nn.Conv2d(views, views, SIDE, padding=SIDE // 2, groups=views)
        self.gates = nn.Conv2d(channels, 4 * views, 1)

    def start_closed(self) -> None:
        """Set all gates to zero, so that the output starts at zero."""
        nn.init.zeros_(self.gates.weight)

    def forward(self, x: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Return [batch, 1, height, width].

        Args:
            x: [batch, bins, height, width].
            features: [batch, channels, height / 2, width / 2].
        """
        gates = functional.pixel_shuffle(self.gates(features), 2)
        return (gates * self.look(self.weigh(x))).sum(1, keepdim=True)
