# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Copies the weights of a narrow TwoScaleGru or Hybrid into a wide one."""

from torch import nn

from spike_recon_models.networks.two_scale_gru import TwoScaleGru
from spike_recon_models.widening.convolutions import copy_weights, spread

_GATES = {'gate_and_candidate': 2, 'gates': 4}
"""Blocks of output channels of the convolution of a cell, by its name. It reads the input of the
cell and then its state."""


def copy_two_scale_gru(narrow: TwoScaleGru, wide: TwoScaleGru) -> None:
    """Copy all weights; old channels stay the first ones of each map."""
    for name, part in narrow.named_modules():
        if isinstance(part, nn.Conv2d):
            twin = wide.get_submodule(name)
            assert isinstance(twin, nn.Conv2d)
            gates = _GATES.get(name.rpartition('.')[2])
            if gates is None:
                copy_weights(part, twin)
            else:
                _copy_cell(part, twin, gates)
    weights = dict(wide.named_parameters())
    for name, value in narrow.named_parameters():
        if value.dim() == 3:  # decays and fusions, one per channel
            weights[name][: len(value)] = value


def _copy_cell(narrow: nn.Conv2d, wide: nn.Conv2d, gates: int) -> None:
    hidden, more = (one.out_channels // gates for one in (narrow, wide))
    read, state = narrow.in_channels - hidden, wide.in_channels - more
    inputs = [*range(read), *range(state, state + hidden)]
    copy_weights(narrow, wide, spread(range(hidden), more, gates), inputs)
