# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spk2VidNet in the form of its paper (CVPR 2026): raw planes in, hierarchical propagation, image.

        21 planes -> embed -> Y --> first layer --> F --> second layer --> M --> head -> image
                                    ^ F-1, F-2            ^ M-2, M-4

Each layer aligns the features of K earlier images jointly, modulates each aligned one by its
content and that of Y, then joins them all. A new image comes every `hop` planes. It is causal; its
state is the features of earlier images. `spk2vid` is our own, smaller network after this one.

There is no public code. Where the paper is silent: the motion is estimated at half the
resolution, offsets have no modulation weights, and the layers end with residual blocks.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.feature_alignment import ContentModulation, JointAlignment
from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_models.networks.recurrent_network import StateSpec, initialise
from spike_recon_models.networks.residual_block import LEAK, LinearResidualBlock

FIRST_GAIN = 0.1
"""Initial gain of the residual blocks."""


class Spk2VidNet(PlaneNetwork):
    """The network.

    Args:
        channels: of all features, a multiple of `groups`, at least 3.
        planes: of a block.
        hop: planes between two images.
        neighbours: number of earlier images that each layer reads, K.
        dilation: images between those that the second layer reads.
        taps: samples per side of the kernel of the alignment: 1 = plain warping, 3 = deformable
            3x3 convolution.
        groups: of channels that share their offsets.
        blocks: residual blocks after the embedding and after each layer.
        scale: output pixels per sensor pixel, along each side.
        seed: of the initial weights.

    Raises:
        ValueError: `hop`, `neighbours` or `dilation` is below 1, or `channels` does not fit.
    """

    pad_multiple = 2
    allows_bfloat16 = False

    def __init__(
        self,
        channels: int = 64,
        planes: int = 21,
        hop: int = 10,
        neighbours: int = 2,
        dilation: int = 2,
        taps: int = 3,
        groups: int = 4,
        blocks: int = 10,
        scale: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if min(hop, neighbours, dilation) < 1:
            raise ValueError('hop, neighbours and dilation must be 1 or above')
        if channels < len(ContentModulation.DILATIONS) or channels % groups:
            raise ValueError(f'channels is {channels}; it must be a multiple of groups, {groups}')
        self.bins, self.hop_planes, self.output_scale = planes, hop, scale
        self._neighbours, self._dilation = neighbours, dilation
        self.state_specs = (
            StateSpec('recent', neighbours * channels, 1),
            StateSpec('wide', neighbours * dilation * channels, 1),
        )
        self.embed = nn.Conv2d(planes, channels, 3, padding=1)
        self.refine = nn.Sequential(*(LinearResidualBlock(channels) for _ in range(blocks)))
        self.first, self.second = (
            MomentPropagation(channels, neighbours, taps, groups, blocks) for _ in range(2)
        )
        self.head = nn.Conv2d(channels, scale**2, 3, padding=1)
        initialise(self, seed)
        for layer in (self.first, self.second):
            layer.align.start_still()
        for block in self.modules():
            if isinstance(block, LinearResidualBlock):
                block.second.weight.data *= FIRST_GAIN

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """See PlaneNetwork."""
        recent, wide = self._state_or_zeros(x, state)
        present = self.refine(functional.leaky_relu(self.embed(x), LEAK))
        earlier = recent.chunk(self._neighbours, 1)
        first = self.first(present, present, earlier)
        kept = wide.chunk(self._neighbours * self._dilation, 1)
        second = self.second(first, present, kept[self._dilation - 1 :: self._dilation])
        image = functional.pixel_shuffle(self.head(second), self.output_scale)
        return (Estimate(image),), (
            torch.cat([first, *earlier[:-1]], 1),
            torch.cat([second, *kept[:-1]], 1),
        )


class MomentPropagation(nn.Module):
    """One layer: align earlier features, modulate each by its content and Y, join them.

    Args:
        channels: of all features.
        moments: number of earlier images.
        taps: of the alignment.
        groups: of the alignment.
        blocks: residual blocks at the end.
    """

    def __init__(self, channels: int, moments: int, taps: int, groups: int, blocks: int) -> None:
        super().__init__()
        self.align = JointAlignment(channels, groups, taps=taps, moments=moments)
        self.modulate = nn.ModuleList(
            ContentModulation(channels, 2 * channels) for _ in range(moments)
        )
        self.join = nn.Conv2d((1 + moments) * channels, channels, 1)
        self.refine = nn.Sequential(*(LinearResidualBlock(channels) for _ in range(blocks)))

    def forward(
        self, now: torch.Tensor, base: torch.Tensor, earlier: tuple[torch.Tensor, ...]
    ) -> torch.Tensor:
        """Propagate.

        Args:
            now: present features of the layer below, [batch, channels, height, width].
            base: features of the present planes alone, Y.
            earlier: this layer's features of earlier images, the latest first.
        """
        aligned, _ = self.align(now, earlier)
        moments = [
            modulate(features, torch.cat([features, base], 1))
            for features, modulate in zip(aligned, self.modulate, strict=True)
        ]
        return self.refine(self.join(torch.cat([now, *moments], 1)))
