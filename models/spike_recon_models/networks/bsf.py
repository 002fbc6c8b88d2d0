# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""BSF: spike intervals of several orders, aligned by attention and deformable convolutions.

Zhao et al., "Boosting Spike Camera Image Reconstruction from a Perspective of Dealing with Spike
Fluctuations", CVPR 2024:

        planes -> intervals of four kinds -> features of five blocks -> aligned with the middle
        block at three scales, by attention, then by deformable convolutions -> image

64 channels, no state. The authors' code masks blocks of the attention that the border cuts; here
images are padded to whole blocks at every scale. `load_published` reads a file of weights in the
layout of the authors' code for 61 planes, or of Spike-Zoo for 41; the files themselves were not
available here.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from spike_recon_models.networks.checkpoint_file import (
    load_renamed,
    published_file,
    weights_by_name,
)
from spike_recon_models.networks.deformable import TAPS, Deformable
from spike_recon_models.networks.interval_maps import interval_rates
from spike_recon_models.networks.local_attention import LocalAttention
from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_models.networks.recurrent_network import initialise
from spike_recon_models.networks.residual_block import ResidualBlock
from spike_recon_models.networks.spk2img import BLOCKS, doubled, image_of_blocks

MIDDLE = BLOCKS // 2
BLOCK_AND_HOP = {61: (21, 10), 41: (13, 7)}
"""Planes of the stack -> planes of a block, and from one block to the next."""
KINDS, SCALES = 4, 3
FIRST_WEIGHT = 'rep.conv1.0.weight'
"""Published name of the weight whose shape tells the planes of a block."""
GROUPS = 4
"""Groups of channels that share the offsets of a deformable convolution."""


class Bsf(PlaneNetwork):
    """The network.

    Args:
        planes: of the stack, 61 or 41; the image shows the middle one.
        channels: of the features, a multiple of 4.
        depth: number of residual blocks of the features.
        seed: of the initial weights.
    """

    pad_multiple = 12
    state_specs = ()
    allows_bfloat16 = False

    def __init__(
        self, planes: int = 61, channels: int = 64, depth: int = 4, seed: int = 0
    ) -> None:
        super().__init__()
        if planes not in BLOCK_AND_HOP:
            raise ValueError(f'bsf reads 61 or 41 planes, not {planes}')
        self.bins = planes
        self._block, self._hop = BLOCK_AND_HOP[planes]
        self.embed = IntervalFeatures(self._block, channels)
        self.refine = nn.Sequential(*(ResidualBlock(channels) for _ in range(depth)))
        self.align = ThreeScaleAlignment(channels)
        self.draw = image_of_blocks(channels)
        initialise(self, seed)
        self.align.warp.initialise(torch.Generator().manual_seed(seed))

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """See PlaneNetwork."""
        rates = interval_rates(x)
        features = []
        for number in range(BLOCKS):
            first = number * self._hop
            block = [one[:, first : first + self._block] for one in rates]
            features.append(self.refine(self.embed(block)))
        joined = torch.cat(self.align(features), 1)
        return (Estimate(self.draw(joined)),), ()


class IntervalFeatures(nn.Module):
    """Features of a block: those of single intervals, corrected by those of several.

    Args:
        planes: of the block.
        channels: of the features.
    """

    def __init__(self, planes: int, channels: int) -> None:
        super().__init__()
        self.first = _two_convolutions(planes, channels)
        self.several = nn.ModuleList(
            _two_convolutions(channels, channels) for _ in range(KINDS - 1)
        )
        self.join = _two_convolutions((KINDS - 1) * channels, channels)

    def forward(self, rates: list[torch.Tensor]) -> torch.Tensor:
        """Return [batch, channels, height, width] of KINDS x [batch, planes, height, width]."""
        single, *others = (self.first(one) for one in rates)
        others = [layer(one) for layer, one in zip(self.several, others, strict=True)]
        return single + self.join(torch.cat(others, 1))


class ThreeScaleAlignment(nn.Module):
    """Alignment of the outer blocks with the middle one, from a quarter of the resolution up.

    All scales share the attention and the deformable convolution.

    Args:
        channels: of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attend = LocalAttention(channels)
        self.warp = Deformable(channels, GROUPS)
        self.halve = nn.ModuleList(
            _two_convolutions(channels, channels, stride=2) for _ in range(SCALES - 1)
        )
        self.scales = nn.ModuleList(
            ScaleAlignment(channels, coarsest=scale == SCALES - 1) for scale in range(SCALES)
        )

    def forward(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the aligned features of all blocks; the middle one stays as it is."""
        outer = [one for number, one in enumerate(features) if number != MIDDLE]
        # One batch for the outer blocks: the graph would be four times as large otherwise.
        scales = [(torch.cat(outer), features[MIDDLE])]
        for halve in self.halve:
            scales.append((halve(scales[-1][0]), halve(scales[-1][1])))
        found = None
        for align, (moving, middle) in zip(reversed(self.scales), reversed(scales), strict=True):
            target = middle.repeat(len(outer), 1, 1, 1)
            found = align(self.attend(target, moving), target, self.warp, found)
        assert found is not None
        aligned = list(found.features.chunk(len(outer)))
        return [*aligned[:MIDDLE], features[MIDDLE], *aligned[MIDDLE:]]


class Aligned(NamedTuple):
    """Result of a scale, which the next finer one continues.

    Attributes:
        features: [batch, channels, height, width].
        guide: offsets and weights of the samples, [batch, 3 * GROUPS * TAPS, height, width].
    """

    features: torch.Tensor
    guide: torch.Tensor

    def doubled(self) -> 'Aligned':
        """Return both at twice the resolution; offsets are read as features, not as pixels."""
        return Aligned(*(doubled(one) for one in self))


class ScaleAlignment(nn.Module):
    """Alignment at one scale by a deformable convolution.

    Args:
        channels: of the features.
        coarsest: whether there is no coarser scale.
    """

    def __init__(self, channels: int, *, coarsest: bool) -> None:
        super().__init__()
        offsets = 3 * GROUPS * TAPS
        self.compare = _two_convolutions(2 * channels, offsets if coarsest else channels, channels)
        self.combine: nn.Sequential | None = None
        self.join: nn.Sequential | None = None
        if not coarsest:
            self.combine = _two_convolutions(channels + offsets, offsets, channels)
            self.join = _two_convolutions(2 * channels, channels)

    def forward(
        self,
        moving: torch.Tensor,
        target: torch.Tensor,
        warp: Deformable,
        coarser: Aligned | None,
    ) -> Aligned:
        """Return the aligned features and what guided them.

        Args:
            moving: features to align, [batch, channels, height, width].
            target: features to align them with, the same shape.
            warp: the convolution that all scales share.
            coarser: result of the coarser scale.
        """
        guide = self.compare(torch.cat([moving, target], 1))
        before = coarser.doubled() if coarser else None
        if self.combine and before:
            guide = self.combine(torch.cat([guide, before.guide], 1))
        first, second, shares = guide.chunk(3, 1)
        features = warp(moving, torch.cat([first, second], 1), torch.sigmoid(shares))
        if self.join and before:
            features = self.join(torch.cat([features, before.features], 1))
        return Aligned(features, guide)


def _two_convolutions(
    inputs: int, outputs: int, inner: int = 0, *, stride: int = 1
) -> nn.Sequential:
    """Return convolution, ReLU, convolution; `inner` channels between, 0 = as many as after."""
    inner = inner or outputs
    return nn.Sequential(
        nn.Conv2d(inputs, inner, 3, stride, padding=1),
        nn.ReLU(),
        nn.Conv2d(inner, outputs, 3, padding=1),
    )


def load_published(path: Path) -> Bsf:
    """Return BSF with weights from a file in the layout of the authors.

    Nothing in the file is executed. The number of planes follows from the first layer.

    Raises:
        ValueError: the file does not hold such weights.
    """
    planes_of = {block: planes for planes, (block, _) in BLOCK_AND_HOP.items()}
    with published_file(path, 'BSF') as content:
        theirs = weights_by_name(content)
        first = theirs.get(FIRST_WEIGHT)
        network = Bsf(61 if first is None else planes_of.get(first.shape[1], 61))
        load_renamed(network, theirs, published_names())
    return network


def published_names() -> dict[str, str]:
    """Return our name of each layer -> that in the published file."""
    names = {
        'embed.first': 'rep.conv1',
        'embed.several': 'rep.conv_for_others',
        'embed.join': 'rep.conv_fuse',
        'align.attend.query': 'align.kpa.to_q',
        'align.attend.key': 'align.kpa.to_k',
        'align.attend.value': 'align.kpa.to_v',
        'align.attend.gain': 'align.kpa.gamma',
        'align.warp': 'align.deform_conv',
        'draw': 'recons',
    }
    for number in range(4):
        names[f'refine.{number}.first'] = f'encoder.conv_list.{number}.0'
        names[f'refine.{number}.second'] = f'encoder.conv_list.{number}.2'
    for scale in range(SCALES):
        level = f'align.align_L{scale + 1}'
        names[f'align.scales.{scale}.compare'] = f'{level}.offset_conv_1'
        if scale < SCALES - 1:
            names[f'align.halve.{scale}'] = f'align.conv_ds_L{scale + 2}'
            names[f'align.scales.{scale}.combine'] = f'{level}.offset_conv2_1'
            names[f'align.scales.{scale}.join'] = f'{level}.fuse_feat'
    return names
