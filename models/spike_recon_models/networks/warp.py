# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Features moved along a motion field.

Comes in: features and how far to look. Goes out: features. Knows nothing about networks.
"""

import torch
from torch.nn import functional


def warp(features: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """Return at each place what lies `flow` pixels from it; outside, the border goes on.

    Args:
        features: float [batch, channels, height, width], each side 2 or more.
        flow: [batch, 2, height, width], pixels to the right and down.
    """
    height, width = features.shape[-2:]
    # In float32 also below autocast: bfloat16 has no tenth of a pixel left on the right.
    flow = flow.float()
    across = flow[:, 0] + torch.arange(width, dtype=torch.float32, device=flow.device)
    down = flow[:, 1] + torch.arange(height, dtype=torch.float32, device=flow.device)[:, None]
    # From pixels to the -1 to 1 of `grid_sample`.
    grid = torch.stack([across * (2 / (width - 1)) - 1, down * (2 / (height - 1)) - 1], -1)
    moved = functional.grid_sample(
        features.float(), grid, padding_mode='border', align_corners=True
    )
    return moved.to(features.dtype)
