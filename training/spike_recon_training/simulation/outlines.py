# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Random outlines of objects."""

import math

import torch

from spike_recon_training.simulation.paths import uniform

HARMONICS = 5
"""Number of harmonics in an outline."""


def outlines(
    generator: torch.Generator, radius: torch.Tensor, edge: torch.Tensor, side: int
) -> torch.Tensor:
    """Return masks [n, 1, side, side]: 1 inside a smooth closed curve at the centre, 0 outside.

    Args:
        generator: random generator.
        radius: [n], mean distance of the curve from the centre, texture pixels.
        edge: [n], width of the transition from 1 to 0, texture pixels.
        side: height and width of the masks, pixels.
    """
    count, device = len(radius), generator.device
    offset = torch.arange(side, device=device) - (side - 1) / 2
    distance = torch.hypot(offset[:, None], offset[None, :])
    angle = torch.atan2(offset[:, None], offset[None, :])
    bumps = torch.zeros(count, side, side, device=device)
    for k in range(1, HARMONICS + 1):
        size = uniform(generator, (count, 1, 1), 0, 0.5 / k)
        phase = uniform(generator, (count, 1, 1), 0, 2 * math.pi)
        bumps += size * torch.cos(k * angle + phase)
    curve = radius[:, None, None] * (1 + bumps).clamp(min=0.2)
    return torch.sigmoid((curve - distance) / (0.4 * edge[:, None, None]))[:, None]
