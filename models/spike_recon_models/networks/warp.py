# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Warps features along optical flow."""

import torch
from torch.nn import functional


def warp(features: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """Sample at each pixel the features `flow` away from it; the border is replicated.

    Args:
        features: float [batch, channels, height, width], each side 2 or more.
        flow: [batch, 2, height, width], pixels to the right and down.
    """
    height, width = features.shape[-2:]
    # In float32 also below autocast: bfloat16 cannot resolve a tenth of a pixel far right.
    flow = flow.float()
    across = flow[:, 0] + torch.arange(width, dtype=torch.float32, device=flow.device)
    down = flow[:, 1] + torch.arange(height, dtype=torch.float32, device=flow.device)[:, None]
    # From pixels to the range -1..1 of `grid_sample`.
    grid = torch.stack([across * (2 / (width - 1)) - 1, down * (2 / (height - 1)) - 1], -1)
    warped = functional.grid_sample(
        features.float(), grid, padding_mode='border', align_corners=True
    )
    return warped.to(features.dtype)
