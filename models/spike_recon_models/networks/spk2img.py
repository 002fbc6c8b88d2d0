# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spk2ImgNet: the first learned reconstruction for spike cameras.

Zhao et al., "Spk2ImgNet: Learning to Reconstruct Dynamic Scene from Continuous Spike Stream",
CVPR 2021:

        five blocks of 13 planes -> light at four exposures -> features -> aligned with the middle
        block by deformable convolutions at three scales -> weighted -> image

41 planes, 64 channels, no state. `spk2img_published.py` reads the weights of the authors.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.deformable import TAPS, Deformable
from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_models.networks.recurrent_network import initialise
from spike_recon_models.networks.residual_block import LEAK

BLOCK, HOP, BLOCKS = 13, 7, 5
OUTER = 0, 1, 3, 4
"""The blocks that are aligned with the middle one."""
CUTS = 0, 1, 2, 3
"""Planes that each exposure omits at each end of a block."""
NARROW = 16
GROUPS = 8
"""Groups of channels that share the offsets of a deformable convolution."""


class Spk2Img(PlaneNetwork):
    """The network.

    Args:
        channels: of the features, a multiple of GROUPS.
        depth: residual blocks of the features.
        seed: of the initial weights.
    """

    bins = (BLOCKS - 1) * HOP + BLOCK
    pad_multiple = 4
    state_specs = ()
    allows_bfloat16 = False

    def __init__(self, channels: int = 64, depth: int = 10, seed: int = 0) -> None:
        super().__init__()
        self.extract = BlockFeatures(channels, depth)
        self.align = PyramidAlignment(channels)
        self.weigh = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(2 * channels, channels, 3, padding=1),
                nn.PReLU(),
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.PReLU(),
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.Sigmoid(),
            )
            for _ in OUTER
        )
        self.draw = image_of_blocks(channels)
        initialise(self, seed)
        self.align.initialise(torch.Generator().manual_seed(seed))

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """See PlaneNetwork."""
        blocks = [x[:, HOP * number : HOP * number + BLOCK] for number in range(BLOCKS)]
        features = [self.extract(block) for block in blocks]
        middle = features[BLOCKS // 2]
        joined = [middle]
        for place, weigh in zip(OUTER, self.weigh, strict=True):
            aligned = self.align(features[place], middle)
            joined.insert(place, aligned * weigh(torch.cat([aligned, middle], 1)))
        return (Estimate(self.draw(torch.cat(joined, 1))),), ()


def image_of_blocks(channels: int) -> nn.Sequential:
    """Return the layers from the joined features of all blocks, `channels` each, to the image."""
    return nn.Sequential(
        nn.Conv2d(BLOCKS * channels, 3 * channels, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(3 * channels, channels, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, 1, 3, padding=1),
    )


class BlockFeatures(nn.Module):
    """Features of a block of 13 planes, by way of its light at four exposures.

    Args:
        channels: of the features.
        depth: number of residual blocks.
    """

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.exposures = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(BLOCK - 2 * cut, NARROW, 3, padding=1),
                nn.ReLU(),
                nn.Conv2d(NARROW, 1, 3, padding=1),
            )
            for cut in CUTS
        )
        count = len(CUTS)
        self.choose = nn.Sequential(
            nn.Conv2d(count, 2 * count, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * count, count, 3, padding=1),
            nn.Sigmoid(),
        )
        self.embed = nn.Conv2d(count, channels, 3, padding=1)
        self.refine = nn.Sequential(*(ThreeConvolutions(channels) for _ in range(depth)))

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Return [batch, channels, height, width] of planes [batch, 13, height, width]."""
        light = torch.cat(
            [
                expose(planes[:, cut : BLOCK - cut])
                for cut, expose in zip(CUTS, self.exposures, strict=True)
            ],
            1,
        )
        features = torch.relu(self.embed(self.choose(light) * light))
        return features + self.refine(features)


class ThreeConvolutions(nn.Module):
    """relu(x + third(relu(second(relu(first(x)))))).

    Args:
        channels: of input and output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second, self.third = (
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(3)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of the same shape."""
        return torch.relu(x + self.third(torch.relu(self.second(torch.relu(self.first(x))))))


class PyramidAlignment(nn.Module):
    """Alignment with another block, from a quarter of the resolution to the full one.

    The alignment of EDVR (Wang et al., CVPRW 2019).

    Args:
        channels: of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()

        def convolution(inputs: int, stride: int = 1) -> nn.Conv2d:
            return nn.Conv2d(inputs * channels, channels, 3, stride, padding=1)

        self.halve = nn.ModuleList(
            nn.Sequential(
                convolution(1, 2), nn.LeakyReLU(LEAK), convolution(1), nn.LeakyReLU(LEAK)
            )
            for _ in range(2)
        )
        self.compare = nn.ModuleList(convolution(2) for _ in range(3))
        self.refine = nn.ModuleList(convolution(1) for _ in range(3))
        self.combine = nn.ModuleList(convolution(2) for _ in range(2))
        self.join = nn.ModuleList(convolution(2) for _ in range(2))
        self.warps = nn.ModuleList(GuidedDeformable(channels, GROUPS) for _ in range(3))
        self.compare_last, self.refine_last = convolution(2), convolution(1)
        self.warp_last = GuidedDeformable(channels, GROUPS)

    def initialise(self, generator: torch.Generator) -> None:
        """Initialise the kernels at random and all offsets to zero."""
        for warp in (*self.warps, self.warp_last):
            warp.initialise(generator)

    def forward(self, features: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return features [batch, channels, height, width], aligned with those of the target."""
        scales = [(features, target)]
        for halve in self.halve:
            scales.append((halve(scales[-1][0]), halve(scales[-1][1])))
        guide = aligned = features  # replaced at the coarsest scale
        for scale in reversed(range(3)):
            moving, fixed = scales[scale]
            found = _leaky(self.compare[scale](torch.cat([moving, fixed], 1)))
            if scale < 2:
                both = torch.cat([found, 2 * doubled(guide)], 1)
                found = _leaky(self.combine[scale](both))
            guide = _leaky(self.refine[scale](found))
            moved = self.warps[scale](moving, guide)
            if scale < 2:
                moved = self.join[scale](torch.cat([moved, doubled(aligned)], 1))
            aligned = _leaky(moved) if scale else moved
        guide = _leaky(self.compare_last(torch.cat([aligned, target], 1)))
        return _leaky(self.warp_last(aligned, _leaky(self.refine_last(guide))))


class GuidedDeformable(nn.Module):
    """Deformable convolution with offsets from other features.

    Args:
        channels: of the features.
        groups: of channels that share their offsets.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.kernel = Deformable(channels, groups)
        self.guide = nn.Conv2d(channels, 3 * groups * TAPS, 3, padding=1)

    def initialise(self, generator: torch.Generator) -> None:
        """Initialise the kernel at random and the offsets to zero."""
        self.kernel.initialise(generator)
        nn.init.zeros_(self.guide.weight)

    def forward(self, features: torch.Tensor, guide: torch.Tensor) -> torch.Tensor:
        """Return features of the same shape."""
        first, second, shares = self.guide(guide).chunk(3, 1)
        return self.kernel(features, torch.cat([first, second], 1), torch.sigmoid(shares))


def _leaky(x: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(x, LEAK)


def doubled(x: torch.Tensor) -> torch.Tensor:
    """Return features at twice the resolution."""
    return functional.interpolate(x, scale_factor=2, mode='bilinear', align_corners=False)
