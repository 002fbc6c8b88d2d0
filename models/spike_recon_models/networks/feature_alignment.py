# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Alignment of earlier features with the present ones, and modulation by content.

Deformable convolution (Dai et al., "Deformable Convolutional Networks", ICCV 2017) is expressed
with GridSample, which every runtime has: sampling at each tap of the kernel, then a 1x1
convolution over the samples.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.residual_block import LEAK


class JointAlignment(nn.Module):
    """Alignment of earlier images' features with jointly estimated offsets.

    After the alignment of Spk2VidNet (CVPR 2026): the offsets of all images are estimated from
    all features at once, then each is refined with the others. The estimate works at half the
    resolution of the features, which doubles the receptive field at a quarter of the cost.

    Args:
        channels: of the features of one image, a multiple of `groups`.
        groups: of channels that share their offsets.
        width: channels of the motion estimate; 0 = as many as the features have.
        taps: samples per side of the kernel: 1 = plain warping, 3 = deformable 3x3 convolution.
        moments: number of earlier images.

    Attributes:
        groups: the argument.
        images: whose features are read: the present one and the earlier ones.
    """

    def __init__(
        self, channels: int, groups: int = 2, width: int = 0, taps: int = 1, moments: int = 2
    ) -> None:
        super().__init__()
        self.groups, self._taps, self._moments = groups, taps, moments
        self.images = 1 + moments
        self._coordinates = moments * 2 * groups * taps**2
        """Of all images, two axes."""
        width = width or channels
        self.motion = nn.Conv2d(self.images * channels, width, 3, stride=2, padding=1)
        self.wider = nn.Conv2d(width, width, 3, padding=2, dilation=2)
        self.offsets = nn.Conv2d(width, self._coordinates, 3, padding=1)
        self.correct = nn.Conv2d(width + self._coordinates, self._coordinates, 3, padding=1)
        self.kernel = nn.Conv2d(channels * taps**2, channels, 1) if taps > 1 else nn.Identity()

    def start_still(self) -> None:
        """Initialise all offsets to zero: training starts from a camera at rest."""
        for layer in (self.offsets, self.correct):
            nn.init.zeros_(layer.weight)

    def forward(
        self,
        now: torch.Tensor,
        earlier: tuple[torch.Tensor, ...],
        known: tuple[torch.Tensor, ...] | None = None,
    ) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Align.

        Args:
            now: present features [batch, channels, height, width].
            earlier: features of the earlier images.
            known: optical flow to these images, if it is known: pixels to the right and down,
                [batch, 2, height, width]. The offsets then only correct it.

        Returns: the earlier features [batch, channels, height, width], aligned with the present
            ones, and features of the motion, [batch, width, height / 2, width / 2].
        """
        motion = functional.leaky_relu(self.motion(torch.cat([now, *earlier], 1)), LEAK)
        motion = functional.leaky_relu(motion + self.wider(motion), LEAK)
        offsets = self.offsets(motion)
        offsets = offsets + self.correct(torch.cat([motion, offsets], 1))
        offsets = functional.interpolate(offsets, scale_factor=2, mode='nearest')
        flows = offsets.chunk(self._moments, 1)
        if known is not None:
            each = self.groups * self._taps**2
            flows = tuple(
                flow + offset.repeat(1, each, 1, 1)
                for offset, flow in zip(known, flows, strict=True)
            )
        aligned = [
            self.kernel(self._sampled(features, flow))
            for features, flow in zip(earlier, flows, strict=True)
        ]
        return aligned, motion

    def _sampled(self, features: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
        """Return the samples of all taps, [batch, taps^2 channels, height, width].

        Args:
            features: [batch, channels, height, width].
            offsets: [batch, taps^2 groups 2, height, width], in features' pixels.
        """
        batch, channels, height, width = features.shape
        # In float32 also below autocast: bfloat16 cannot resolve a tenth of a pixel far right.
        each = batch * self.groups, channels // self.groups, height, width
        grouped = features.float().reshape(each)
        offsets = offsets.float()
        x = torch.arange(width, dtype=torch.float32, device=features.device)
        y = torch.arange(height, dtype=torch.float32, device=features.device)[:, None]
        reach = self._taps // 2
        samples = []
        for number, offset in enumerate(offsets.chunk(self._taps**2, 1)):
            row, column = divmod(number, self._taps)
            across, down = offset.reshape(-1, 2, height, width).unbind(1)
            # From pixels to the range -1..1 of `grid_sample`.
            across = (across + x + (column - reach)) * 2 / (width - 1) - 1
            down = (down + y + (row - reach)) * 2 / (height - 1) - 1
            sampled = functional.grid_sample(
                grouped,
                torch.stack([across, down], -1),
                padding_mode='border',
                align_corners=True,
            )
            samples.append(sampled.to(features.dtype).reshape(features.shape))
        return torch.cat(samples, 1)


class ContentModulation(nn.Module):
    """(alpha F + beta) + F, with alpha and beta from convolutions of F at several dilations.

    The content-aware modulation of Spk2VidNet (CVPR 2026).

    Args:
        channels: of the features, at least the number of dilations.
        read: channels that alpha and beta are computed from; 0 = those of the features.
    """

    DILATIONS = 1, 2, 4

    def __init__(self, channels: int, read: int = 0) -> None:
        super().__init__()
        each = channels // len(self.DILATIONS)
        self.views = nn.ModuleList(
            nn.Conv2d(read or channels, each, 3, padding=dilation, dilation=dilation)
            for dilation in self.DILATIONS
        )
        self.modulate = nn.Conv2d(each * len(self.DILATIONS), 2 * channels, 1)

    def forward(self, features: torch.Tensor, read: torch.Tensor | None = None) -> torch.Tensor:
        """Return features of the same shape; alpha and beta are computed from `read`, if given."""
        read = features if read is None else read
        context = torch.cat([view(read) for view in self.views], 1)
        context = functional.leaky_relu(context, LEAK)
        alpha, beta = self.modulate(context).chunk(2, 1)
        return alpha * features + beta + features
