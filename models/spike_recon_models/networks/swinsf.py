# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""SwinSF: a transformer over 41 spike planes before, around and after the instant.

Jiang, Zhu, Chen: "SwinSpikeFormer: Learning Comprehensive Spatial-Temporal Representation to
Reconstruct Dynamic Scenes from Spike Streams", ICVRV 2024.

        planes 0..27  -> left   --+--> two groups of six Swin blocks,  --+--> left image
        planes 0..40  -> middle --+    joined by temporal attention    --+--> image of all three
        planes 13..40 -> right  --+                                    --+--> right image

The left and the right image show the instants in the middle of their planes and are used in
training only. Two sizes are published: every pixel a token of 96 channels, for 400x250, and
patches of 4x4 pixels to a token of 64 channels, for 1000x1000. There is no recurrent state.

Differences from the authors' code: there is no stochastic depth, and the images end without a
ReLU, because `forward` limits them. Unless `as_coded` is set, query, key and value have separate
weights, as in their paper, and left and right pass the attention unchanged.
"""

import torch
from torch import nn

from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_models.networks.recurrent_network import initialise
from spike_recon_models.networks.swin_block import WINDOW, Streams, SwinBlock

PLANES, SIDE_PLANES = 41, 28
SIDE_OFFSET = 7
"""Planes between the instant and those of the side images, as in the authors' training."""
SIDE_WEIGHT = 0.1
GROUPS = 2


class SwinSf(PlaneNetwork):
    """The network.

    Args:
        channels: of a token, a multiple of `heads`.
        patch: pixels to a side of a token.
        depth: blocks in each group.
        heads: of the attentions.
        seed: of the initial weights.
        as_coded: whether the temporal attention is that of the authors' code (see SwinBlock), as
            their weights need.
    """

    bins = PLANES
    state_specs = ()
    other_instants = (-SIDE_OFFSET, SIDE_OFFSET)

    def __init__(
        self,
        channels: int = 96,
        patch: int = 1,
        depth: int = 6,
        heads: int = 2,
        seed: int = 0,
        as_coded: bool = False,
    ) -> None:
        super().__init__()
        self.patch = patch
        self.pad_multiple = WINDOW * patch
        self.embed_side = nn.Conv2d(SIDE_PLANES, channels, 3, padding=1)
        self.embed = nn.Conv2d(PLANES, channels, 3, padding=1)
        self.tokens = Tokens(channels, patch)
        self.norm_first = nn.LayerNorm(channels)
        self.groups = nn.ModuleList(
            ResidualGroup(channels, patch, depth, heads, as_coded) for _ in range(GROUPS)
        )
        self.norm_last = nn.LayerNorm(channels)
        self.pixels = Pixels(channels, patch)
        self.draw = nn.Conv2d(3 * channels, 1, 3, padding=1)
        self.draw_side = nn.Conv2d(channels, 1, 3, padding=1)
        initialise(self, seed)

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """See PlaneNetwork: the image, then those of the left and of the right planes."""
        embedded = (
            self.embed_side(x[:, :SIDE_PLANES]),
            self.embed(x),
            self.embed_side(x[:, PLANES - SIDE_PLANES :]),
        )
        left, middle, right = (self.norm_first(self.tokens(one)) for one in embedded)
        streams: Streams = left, middle, right
        for group in self.groups:
            streams = group(streams)
        left, middle, right = (self.pixels(self.norm_last(stream)) for stream in streams)
        return (
            Estimate(self.draw(torch.cat([left, middle, right], 1))),
            Estimate(self.draw_side(left), SIDE_WEIGHT, -SIDE_OFFSET),
            Estimate(self.draw_side(right), SIDE_WEIGHT, SIDE_OFFSET),
        ), ()


class ResidualGroup(nn.Module):
    """Swin blocks and a convolution over pixels, with a residual connection around both.

    Args:
        channels: of a token.
        patch: pixels to a side of a token.
        depth: number of blocks.
        heads: of the attentions.
        as_coded: of the blocks.
    """

    def __init__(
        self, channels: int, patch: int, depth: int, heads: int, as_coded: bool = False
    ) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(
                SwinBlock(channels, heads, shifted=bool(number % 2), as_coded=as_coded)
                for number in range(depth)
            )
        )
        self.pixels = Pixels(channels, patch)
        self.near = nn.Conv2d(channels, channels, 3, padding=1)
        self.tokens = Tokens(channels, patch)

    def forward(self, streams: Streams) -> Streams:
        """Return the three streams, of the same shape."""
        left, middle, right = (
            before + self.tokens(self.near(self.pixels(stream)))
            for before, stream in zip(streams, self.blocks(streams), strict=True)
        )
        return left, middle, right


class Tokens(nn.Module):
    """Pixels [batch, channels, height, width] to tokens [batch, rows, columns, channels].

    Args:
        channels: of a pixel and of a token.
        patch: pixels to a side of a token.
    """

    def __init__(self, channels: int, patch: int) -> None:
        super().__init__()
        self.join = nn.Conv2d(channels, channels, patch, stride=patch) if patch > 1 else None

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the tokens."""
        return (self.join(pixels) if self.join is not None else pixels).permute(0, 2, 3, 1)


class Pixels(nn.Module):
    """Tokens [batch, rows, columns, channels] to pixels [batch, channels, height, width].

    Args:
        channels: of a token and of a pixel.
        patch: pixels to a side of a token.
    """

    def __init__(self, channels: int, patch: int) -> None:
        super().__init__()
        self.split = (
            nn.ConvTranspose2d(channels, channels, patch, stride=patch) if patch > 1 else None
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the pixels."""
        tokens = tokens.permute(0, 3, 1, 2)
        return self.split(tokens) if self.split is not None else tokens
