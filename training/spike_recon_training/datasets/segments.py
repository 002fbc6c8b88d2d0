# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The unit of training: some windows in a row of a batch of sequences.

Comes in: nothing. Goes out: a value type. Knows nothing about where the windows come from.
"""

from typing import NamedTuple

import torch


class Segment(NamedTuple):
    """Windows through which gradients flow back.

    Attributes:
        grids: voxel grids float32 [windows, batch, bins, height, width].
        truths: images at the windows' ends float32 [windows, batch, 1, height, width], 0 to 1.
        cold: whether the sequences begin here; otherwise they go on from the segment before.
    """

    grids: torch.Tensor
    truths: torch.Tensor
    cold: bool
