# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The unit of training: consecutive windows of a batch of sequences."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch

NO_OTHERS: Mapping[int, torch.Tensor] = MappingProxyType({})


class Segment(NamedTuple):
    """Windows through which gradients flow back.

    Attributes:
        grids: input tensors float32 [windows, batch, bins, height, width].
        truths: images at the windows' instants float32 [windows, batch, 1, height, width], 0 to 1.
        cold: whether the sequences start here; otherwise they continue the segment before.
        others: truths of other instants, for networks that are trained on them, by planes after
            the instant; as `truths`.
    """

    grids: torch.Tensor
    truths: torch.Tensor
    cold: bool
    others: Mapping[int, torch.Tensor] = NO_OTHERS
