# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Earlier features brought to where things are now.

Comes in: features of now and of two earlier moments. Goes out: the earlier ones, moved. Knows
nothing about recurrence.

Deformable convolution (Dai et al., "Deformable Convolutional Networks", ICCV 2017) is written with
GridSample, which every runtime has: sampling at each tap of the kernel and a 1x1 convolution over
the samples is the same sum.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.residual_block import LEAK


class JointAlignment(nn.Module):
    """Multi-frame alignment whose offsets are found together and corrected by each other.

    Follows what Spk2VidNet (CVPR 2026) tells of its alignment: the motion of all moments is
    estimated from all their features at once, and each moment's offsets are corrected in the light
    of the other's. The estimate is made at half the resolution of the features, which sees twice
    as far at a quarter of the cost.

    Args:
        channels: of each of the features, a multiple of `groups`.
        groups: of channels that move together.
        width: channels of what sees the motion; 0 = as many as the features have.
        taps: samples a side of the kernel: 1 = the features move as they are, 3 = deformable
            3x3 convolution.
    """

    def __init__(self, channels: int, groups: int = 2, width: int = 0, taps: int = 1) -> None:
        super().__init__()
        self._groups, self._taps = groups, taps
        self._coordinates = 2 * 2 * groups * taps**2
        """Two moments, two axes."""
        width = width or channels
        self.motion = nn.Conv2d(3 * channels, width, 3, stride=2, padding=1)
        self.wider = nn.Conv2d(width, width, 3, padding=2, dilation=2)
        self.offsets = nn.Conv2d(width, self._coordinates, 3, padding=1)
        self.correct = nn.Conv2d(width + self._coordinates, self._coordinates, 3, padding=1)
        self.kernel = nn.Conv2d(channels * taps**2, channels, 1) if taps > 1 else nn.Identity()

    def start_still(self) -> None:
        """Make all offsets zero, so that learning starts from a camera at rest."""
        for layer in (self.offsets, self.correct):
            nn.init.zeros_(layer.weight)

    def forward(
        self,
        now: torch.Tensor,
        earlier: tuple[torch.Tensor, torch.Tensor],
        known: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Align.

        Args:
            now: features [batch, channels, height, width].
            earlier: those of two moments before.
            known: where what is seen here was at these moments, as far as that is known: pixels
                to the right and down, [batch, 2, height, width]. The offsets only correct it.

        Returns: the two earlier features [batch, channels, height, width], aligned to now, and
            what was seen of the motion, [batch, width of that, height / 2, width / 2].
        """
        seen = functional.leaky_relu(self.motion(torch.cat([now, *earlier], 1)), LEAK)
        seen = functional.leaky_relu(seen + self.wider(seen), LEAK)
        offsets = self.offsets(seen)
        offsets = offsets + self.correct(torch.cat([seen, offsets], 1))
        offsets = functional.interpolate(offsets, scale_factor=2, mode='nearest')
        moments = offsets.chunk(2, 1)
        if known is not None:
            each = self._groups * self._taps**2
            moments = tuple(
                moves + moved.repeat(1, each, 1, 1)
                for moves, moved in zip(moments, known, strict=True)
            )
        aligned = [
            self.kernel(self._moved(features, moves))
            for features, moves in zip(earlier, moments, strict=True)
        ]
        return aligned, seen

    def _moved(self, features: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
        """Return the samples of all taps, [batch, taps^2 channels, height, width].

        Args:
            features: [batch, channels, height, width].
            offsets: [batch, taps^2 groups 2, height, width], in features' pixels.
        """
        batch, channels, height, width = features.shape
        # In float32 also below autocast: bfloat16 has no tenth of a pixel left on the right.
        each = batch * self._groups, channels // self._groups, height, width
        grouped = features.float().reshape(each)
        offsets = offsets.float()
        x = torch.arange(width, dtype=torch.float32, device=features.device)
        y = torch.arange(height, dtype=torch.float32, device=features.device)[:, None]
        reach = self._taps // 2
        samples = []
        for number, moves in enumerate(offsets.chunk(self._taps**2, 1)):
            row, column = divmod(number, self._taps)
            across, down = moves.reshape(-1, 2, height, width).unbind(1)
            # From pixels to the -1 to 1 of `grid_sample`.
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
    """(alpha F + beta) + F, with alpha and beta read from F at several dilations.

    The content-aware modulation of Spk2VidNet (CVPR 2026).

    Args:
        channels: of the features, a multiple of the number of dilations.
    """

    DILATIONS = 1, 2, 4

    def __init__(self, channels: int) -> None:
        super().__init__()
        each = channels // len(self.DILATIONS)
        self.views = nn.ModuleList(
            nn.Conv2d(channels, each, 3, padding=dilation, dilation=dilation)
            for dilation in self.DILATIONS
        )
        self.modulate = nn.Conv2d(each * len(self.DILATIONS), 2 * channels, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return features of the same shape."""
        context = torch.cat([view(features) for view in self.views], 1)
        context = functional.leaky_relu(context, LEAK)
        alpha, beta = self.modulate(context).chunk(2, 1)
        return alpha * features + beta + features
