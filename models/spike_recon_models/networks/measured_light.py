# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Keep the mean brightness that a spike camera has measured.

The mean rate of many pixels is known almost without noise, so a network has nothing to add to it.
What it learns to add all the same is the average of its training: one that was trained on sensors
with dark current, against truth without, subtracted as much from the images of every sensor.
"""

import torch
from torch.nn import functional

CELL = 4
"""Side of the squares whose means are compared, pixels; the image consists of whole ones."""
CELLS = 9
"""Side of the region that is averaged, in squares: wide enough that where motion compensation
fails, as at an occlusion, the difference is spread until it does not show."""


def keep_light(image: torch.Tensor, measured: torch.Tensor) -> torch.Tensor:
    """Shift an image slowly in space so that it is as bright as measured.

    Args:
        image: [batch, 1, height, width], sides that are multiples of CELL.
        measured: [batch, 1, height, width], unbiased, whatever its noise.
    """
    lost = functional.avg_pool2d(measured - image, CELL)
    lost = functional.avg_pool2d(lost, CELLS, 1, CELLS // 2, count_include_pad=False)
    return image + functional.interpolate(
        lost, scale_factor=CELL, mode='bilinear', align_corners=False
    )
