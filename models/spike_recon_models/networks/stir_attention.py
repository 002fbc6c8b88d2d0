# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""STIR's symmetric interactive attention between the middle window and each outer one.

It attends over channels instead of pixels (Zamir et al., "Restormer", CVPR 2022): the map of a
head is channels x channels for any image size, so the cost is linear in the pixels.
"""

import torch
from torch import nn
from torch.nn import functional

HEADS = 4
"""Of the attention."""
EXPANSION = 2.66
"""Hidden channels of the feed-forward network per channel, as in Restormer."""


class InteractiveAttention(nn.Module):
    """Attention with queries of the middle window, and keys and values of each outer one.

    Args:
        channels: of the features of a window, a multiple of HEADS.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm_middle = ChannelNorm(channels)
        self.norm_outer = nn.ModuleList(ChannelNorm(channels) for _ in range(2))
        self.query = nn.Conv2d(channels, 2 * channels, 1, bias=False)
        self.query_near = _near(2 * channels, groups=channels)
        self.key_value = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, 2 * channels, 1, bias=False),
                _near(2 * channels, groups=2 * channels),
            )
            for _ in range(2)
        )
        self.temperature = nn.Parameter(torch.ones(2, HEADS, 1, 1))
        self.norm = ChannelNorm(channels)
        self.feed_forward = GatedFeedForward(channels, int(EXPANSION * channels))

    def forward(
        self, middle: torch.Tensor, before: torch.Tensor, after: torch.Tensor
    ) -> torch.Tensor:
        """Return [batch, 3 channels, height, width]: before, middle, after."""
        queries = self.query_near(self.query(self.norm_middle(middle))).chunk(2, 1)
        attended = []
        for side, outer in enumerate((before, after)):
            keys, values = self.key_value[side](self.norm_outer[side](outer)).chunk(2, 1)
            found = self._attend(queries[side], keys, values, self.temperature[side])
            attended.append(self.feed_forward(self.norm(found)))
        return torch.cat([attended[0], middle, attended[1]], 1)

    def _attend(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, heat: torch.Tensor
    ) -> torch.Tensor:
        batch, channels, height, width = queries.shape

        def split(x: torch.Tensor) -> torch.Tensor:
            return x.reshape(batch, HEADS, channels // HEADS, height * width)

        # In float32 also below autocast: these are sums over all pixels.
        with torch.autocast(queries.device.type, enabled=False):
            query = functional.normalize(split(queries).float(), dim=-1)
            key = functional.normalize(split(keys).float(), dim=-1)
            share = torch.softmax(query @ key.transpose(-2, -1) * heat, -1)
        return (share.to(values.dtype) @ split(values)).reshape(batch, channels, height, width)


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of each pixel.

    Args:
        channels: of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of the same shape."""
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class GatedFeedForward(nn.Module):
    """project_out(gelu(a) b), with a and b from 3x3 depthwise convolutions.

    Args:
        channels: of the input and of the output.
        hidden: channels of a and of b.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.project_in = nn.Conv2d(channels, 2 * hidden, 1, bias=False)
        self.near = _near(2 * hidden, groups=2 * hidden)
        self.project_out = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of the same shape."""
        gate, value = self.near(self.project_in(x)).chunk(2, 1)
        return self.project_out(functional.gelu(gate) * value)


def _near(channels: int, groups: int) -> nn.Conv2d:
    """Return a grouped 3x3 convolution."""
    return nn.Conv2d(channels, channels, 3, padding=1, groups=groups, bias=False)
