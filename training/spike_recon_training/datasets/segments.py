# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The unit of training: consecutive windows of a batch of sequences."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch

NO_OTHERS: Mapping[int, torch.Tensor] = MappingProxyType({})


class Segment(NamedTuple):
    """Consecutive windows for one step of training; gradients flow back through all of them.

    Attributes:
        grids: float32 [windows, batch, bins, height, width], input tensors.
        truths: float32 [windows, batch, 1, height, width], 0 to 1, images at the instants.
        cold: whether the sequences start here, from a zero state; if false, they continue the
            previous segment.
        others: offset from the instant, in planes -> truths at that offset, shaped like `truths`;
            for networks whose loss uses them.
    """

    grids: torch.Tensor
    truths: torch.Tensor
    cold: bool
    others: Mapping[int, torch.Tensor] = NO_OTHERS

    def to(self, device: torch.device) -> 'Segment':
        """Return the segment with inputs and truths on `device`."""
        return self._replace(grids=self.grids.to(device), truths=self.truths.to(device))
