# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Linear views of the input at full resolution, mixed at each pixel as features say.

Comes in: the input, and features at half its resolution. Goes out: what they make of it. Knows
nothing about how the features were made.

As in networks that predict a basis of kernels and how to mix them (Xia et al., "Basis Prediction
Networks for Effective Burst Denoising with Large Kernels", CVPR 2020), but with a basis that is
learned once. Features at half the resolution need not carry every pixel through a few channels
then; they only say which of a few filters fits: one along an edge, one that waits longer.
"""

import torch
from torch import nn
from torch.nn import functional

SIDE = 5
"""Of the filters, pixels."""


class GatedViews(nn.Module):
    """sum of gate times view, over the views.

    Args:
        bins: channels of the input.
        channels: of the features.
        views: how many; each weighs the input's channels, then filters what comes out.
    """

    def __init__(self, bins: int, channels: int, views: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(bins, views, 1)
        self.look = nn.Conv2d(views, views, SIDE, padding=SIDE // 2, groups=views)
        self.gates = nn.Conv2d(channels, 4 * views, 1)

    def start_closed(self) -> None:
        """Make all gates zero, so that nothing is added to what there is."""
        nn.init.zeros_(self.gates.weight)

    def forward(self, x: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Return [batch, 1, height, width].

        Args:
            x: [batch, bins, height, width].
            features: [batch, channels, height / 2, width / 2].
        """
        gates = functional.pixel_shuffle(self.gates(features), 2)
        return (gates * self.look(self.weigh(x))).sum(1, keepdim=True)
