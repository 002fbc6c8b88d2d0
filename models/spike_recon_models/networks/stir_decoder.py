# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""STIR's decoder: image and motion, from coarse to fine.

Each scale warps the features of the outer windows to the middle one along the flow found so far,
then refines image and flow from all of them.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.stir_encoder import ResidualPath
from spike_recon_models.networks.warp import warp

HANDED = 8
"""Channels of the features that one scale passes to the next."""
FLOWS = 4
"""Channels of the flow from the middle window to the previous one (2) and to the next one (2)."""

Windows = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Features of the previous, the middle and the next window, [batch, channels, height, width]."""


class Level(NamedTuple):
    """Result of a scale.

    Attributes:
        image: [batch, 1, height, width], spikes a plane.
        features: [batch, 3 channels, height, width].
        flow: [batch, 4, height, width], in pixels of this scale; to the previous window, then to
            the next.
        coming: the part of `flow` from the scale below.
    """

    image: torch.Tensor
    features: torch.Tensor
    flow: torch.Tensor
    coming: torch.Tensor


class CoarsestLevel(nn.Module):
    """First scale of the decoder, without warping.

    Args:
        channels: of a window's features.
        warping: whether it estimates flow.
    """

    def __init__(self, channels: int, warping: bool = True) -> None:
        super().__init__()
        wide = 3 * channels
        self.join = nn.Sequential(nn.Conv2d(wide, wide, 3, padding=1), nn.PReLU(wide))
        self.refine = ResidualPath(wide)
        self.draw = nn.Conv2d(wide, 1 + FLOWS if warping else 1, 3, padding=1)

    def forward(self, together: torch.Tensor) -> Level:
        """Decode the features of the attention [batch, 3 channels, height, width]."""
        features = self.refine(self.join(together))
        drawn = self.draw(features)
        flow = drawn[:, 1:]
        return Level(drawn[:, :1], features, flow, torch.zeros_like(flow))


class FinerLevel(nn.Module):
    """A scale with twice the resolution of the one below.

    Args:
        below: channels of a window's features one scale below.
        channels: of a window's features.
        groups: flows that are used side by side; 0 = none: the features of the outer windows are
            read where they are.
        last: whether it is the finest scale, which does not refine the flow.
    """

    def __init__(self, below: int, channels: int, groups: int = 1, last: bool = False) -> None:
        super().__init__()
        self._more = groups - 1
        self._refines = groups > 0 and not last
        wide = 3 * channels
        if self._more > 0:
            self.find_more = nn.Conv2d(3 * below, FLOWS * self._more, 3, padding=1)
            self.more_up = _twice(FLOWS * self._more, FLOWS * self._more)
        if groups:
            self.flow_up = _twice(FLOWS, FLOWS)
        self.features_up = _twice(3 * below, HANDED)
        read = 1 + channels + max(groups, 1) * 2 * channels + groups * FLOWS + HANDED
        self.join = nn.Sequential(
            nn.Conv2d(read, read, 3, padding=1),
            nn.PReLU(read),
            nn.Conv2d(read, wide, 3, padding=1),
            nn.PReLU(wide),
        )
        self.refine = ResidualPath(wide)
        self.draw = nn.Conv2d(wide, 1 + FLOWS if self._refines else 1, 3, padding=1)

    def forward(self, windows: Windows, below: Level) -> Level:
        """Decode the windows' features and the result of the scale below."""
        before, middle, after = windows
        flows = self._flows(below)
        moved: tuple[torch.Tensor, ...] = before, after
        if flows:
            motions = [motion for flow in flows for motion in flow.chunk(2, 1)]
            outer = torch.cat([before, after] * len(flows))
            moved = warp(outer, torch.cat(motions)).chunk(len(motions))
        image = functional.interpolate(
            below.image, scale_factor=2, mode='bilinear', align_corners=False
        )
        read = [image, middle, *moved, self.features_up(below.features), *flows]
        features = self.refine(self.join(torch.cat(read, 1)))
        drawn = self.draw(features)
        coming = flows[0] if flows else drawn[:, 1:]
        flow = coming + drawn[:, 1:] if self._refines else coming
        return Level(drawn[:, :1], features, flow, coming)

    def _flows(self, below: Level) -> list[torch.Tensor]:
        """Return the flows of this scale, that of the scale below first."""
        if self._more < 0:
            return []
        flows = [self.flow_up(below.flow)]
        if self._more:
            more = self.find_more(below.features) + below.coming.repeat(1, self._more, 1, 1)
            flows += self.more_up(more).chunk(self._more, 1)
        return flows


def _twice(inputs: int, channels: int) -> nn.ConvTranspose2d:
    """Return a layer that doubles the resolution."""
    return nn.ConvTranspose2d(inputs, channels, 4, stride=2, padding=1)
