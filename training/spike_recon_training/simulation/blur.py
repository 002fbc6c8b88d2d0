# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The blur of a lens or of a pixel's area.

Comes in: images. Goes out: the same, softer. Knows nothing about scenes or cameras.
"""

import math

import torch
from torch.nn import functional

REACH = 2.5
"""Of the kernel, in standard deviations."""


def blurred(images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Blur by a gaussian, mirrored at the edges.

    Args:
        images: float32 [n, channels, height, width].
        sigma: [n], standard deviation of each, pixels.
    """
    count = len(images)
    reach = max(1, math.ceil(REACH * float(sigma.max())))
    at = torch.arange(-reach, reach + 1, device=images.device)
    kernel = torch.exp(-0.5 * (at / sigma[:, None].clamp(min=1e-3)) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True))[:, None, None]
    stack = images.transpose(0, 1)
    stack = functional.conv2d(
        functional.pad(stack, (reach, reach, 0, 0), 'reflect'), kernel, groups=count
    )
    stack = functional.pad(stack, (0, 0, reach, reach), 'reflect')
    return functional.conv2d(stack, kernel.transpose(2, 3), groups=count).transpose(0, 1)
