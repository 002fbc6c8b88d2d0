# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Super-resolution of an image from the features and the input that it was made from.

The result is the bicubic enlargement of the image plus a correction that starts at zero. So a
network with this part continues from the weights of the same network without it, and before any
training it is exactly as good as bicubic enlargement. The correction is computed at the sensor's
resolution and drawn by sub-pixel convolution (Shi et al., "Real-Time Single Image and Video
Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", CVPR 2016).
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.residual_block import LEAK, LinearResidualBlock

BLOCKS = 3
"""Residual blocks of the correction."""


class SuperResolution(nn.Module):
    """Enlarges an image.

    Args:
        bins: channels of the input.
        channels: of the features, a multiple of 4.
        scale: output pixels per sensor pixel, along each side.
        width: channels of the correction before it is drawn.
        phases: channels of light between the pixels, of the representation `spike_compensated`.
            Their weights start at zero, so that training can continue from weights without them.

    Raises:
        ValueError: `channels` is no multiple of 4.
    """

    def __init__(
        self,
        bins: int,
        channels: int,
        scale: int,
        width: int = 32,
        phases: int = 0,
    ) -> None:
        super().__init__()
        if channels % 4:
            raise ValueError(f'super-resolution needs a multiple of 4 channels, not {channels}')
        self._scale = scale
        self.read = nn.Conv2d(bins + 1 + channels // 4, width, 3, padding=1)
        self.between = nn.Conv2d(phases, width, 3, padding=1, bias=False) if phases else None
        self.refine = nn.Sequential(*(LinearResidualBlock(width) for _ in range(BLOCKS)))
        self.draw = nn.Conv2d(width, scale**2, 3, padding=1)

    def start_bicubic(self) -> None:
        """Set the correction to zero."""
        nn.init.zeros_(self.draw.weight)
        if self.between is not None:
            nn.init.zeros_(self.between.weight)

    def forward(
        self,
        image: torch.Tensor,
        x: torch.Tensor,
        features: torch.Tensor,
        between: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return [batch, 1, scale height, scale width], 0 to 1.

        Args:
            image: [batch, 1, height, width].
            x: input, [batch, bins, height, width].
            features: [batch, channels, height / 2, width / 2].
            between: light between the pixels, [batch, phases, height, width].
        """
        near = self.read(torch.cat([image, x, functional.pixel_shuffle(features, 2)], 1))
        if self.between is not None and between is not None:
            near = near + self.between(between)
        near = self.refine(functional.leaky_relu(near, LEAK))
        correction = functional.pixel_shuffle(self.draw(near), self._scale)
        enlarged = functional.interpolate(
            image, scale_factor=self._scale, mode='bicubic', align_corners=False
        )
        return (enlarged + correction).clamp(0, 1)
