# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Batched Gaussian blur: models the lens and the area over which a pixel gathers light."""

import math

import torch
from torch.nn import functional

RADIUS_SIGMAS = 2.5
"""Radius of the blur kernel, in standard deviations."""


def is_blurrable(sigma: float, side: int) -> bool:
    """Return whether images with this shorter side are large enough for a blur, both in pixels."""
    return _radius(sigma) < side


def blurred(images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Blur each image with its own Gaussian; the border is padded by reflection.

    The kernel radius is that of the largest `sigma`, so it must be smaller than the images.

    Args:
        images: float32 [n, channels, height, width].
        sigma: float32 [n], standard deviation for each image, pixels.

    Returns: float32 [n, channels, height, width].
    """
    count = len(images)
    radius = _radius(float(sigma.max()))
    offset = torch.arange(-radius, radius + 1, device=images.device)
    kernel = torch.exp(-0.5 * (offset / sigma[:, None].clamp(min=1e-3)) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True))[:, None, None]
    stack = images.transpose(0, 1)
    stack = functional.conv2d(
        functional.pad(stack, (radius, radius, 0, 0), 'reflect'), kernel, groups=count
    )
    stack = functional.pad(stack, (0, 0, radius, radius), 'reflect')
    return functional.conv2d(stack, kernel.transpose(2, 3), groups=count).transpose(0, 1)


def _radius(sigma: float) -> int:
    return max(1, math.ceil(RADIUS_SIGMAS * sigma))
