# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Copies the weights of one convolution into a wider one."""

from collections.abc import Sequence

import torch
from torch import nn


def copy_weights(
    narrow: nn.Conv2d,
    wide: nn.Conv2d,
    outputs: Sequence[int] | None = None,
    inputs: Sequence[int] | None = None,
) -> None:
    """Copy the weights of a convolution.

    Args:
        narrow: to copy from.
        wide: to copy to.
        outputs: channels of the wide one that the old outputs become; None = the first ones.
        inputs: channels of the wide one that the first old inputs become, of which the others
            are the last ones of both; None = the first ones.
    """
    rows = torch.tensor([*(outputs or range(narrow.out_channels))])
    n_inputs, last = narrow.weight.shape[1], wide.weight.shape[1]
    inputs = range(n_inputs) if inputs is None else inputs
    columns = [*inputs, *range(last - n_inputs + len(inputs), last)]
    weight = torch.zeros_like(wide.weight[rows])
    weight[:, torch.tensor(columns)] = narrow.weight
    wide.weight[rows] = weight
    if narrow.bias is not None and wide.bias is not None:
        wide.bias[rows] = narrow.bias


def spread(channels: Sequence[int], size: int, times: int) -> list[int]:
    """Return the places of channels that are repeated in consecutive blocks of `size`."""
    return [block * size + channel for block in range(times) for channel in channels]
