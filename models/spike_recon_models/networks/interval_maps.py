# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Inter-spike intervals of each pixel at each plane of a stack, as BSF reads them.

Zhao et al., "Boosting Spike Camera Image Reconstruction from a Perspective of Dealing with Spike
Fluctuations", CVPR 2024. The light of a pixel is the number of intervals divided by their length.
One interval fluctuates by a plane; together with its neighbours it fluctuates less, but follows
the light less closely. Only operations that every runtime has are used, without a loop over the
planes, so the exported graph computes the intervals from binary planes.
"""

import torch
from torch.nn import functional


def interval_rates(planes: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return four estimates of the light at each plane, in spikes per plane.

    They are 1 / interval, 2 / (interval and next), 2 / (interval and previous), and 3 / (all
    three), where `interval` is the one that contains the plane. Intervals that begin before the
    stack or end after it count as if they ended at its border. Where the stack has too few spikes
    for a neighbour, the interval itself counts twice.

    Args:
        planes: float [batch, planes, height, width], 0 or 1.

    Returns: four tensors of that shape.
    """
    count = planes.shape[1]
    number = torch.arange(count, dtype=planes.dtype, device=planes.device)[:, None, None]
    last = _largest_so_far(planes * number)
    following = count - _shifted(_largest_to_come(planes * (count - number)), -1)
    own = following - last
    last_but_one = _largest_so_far(planes * _shifted(last, 1))
    next_but_one = count - _shifted(_largest_to_come(planes * (count - following)), -1)
    # As in the authors' code: an interval that ends with the stack counts only behind two spikes
    # in a row.
    in_a_row = planes * _shifted(planes, -1)
    after_known = (next_but_one < count) | (in_a_row > 0)
    after = torch.where(after_known, next_but_one - following, own)
    before = torch.where(planes.cumsum(1) >= 2, last - last_but_one, own)
    return 1 / own, 2 / (own + after), 2 / (own + before), 3 / (own + after + before)


def _shifted(x: torch.Tensor, planes: int) -> torch.Tensor:
    """Return what was at earlier planes (planes > 0) or later ones; zero beyond the stack."""
    if planes > 0:
        return functional.pad(x[:, :-planes], (0, 0, 0, 0, planes, 0))
    return functional.pad(x[:, -planes:], (0, 0, 0, 0, 0, -planes))


def _largest_so_far(x: torch.Tensor, direction: int = 1) -> torch.Tensor:
    """Return the maximum of each plane and all before it, for values of at least 0."""
    reach = 1
    while reach < x.shape[1]:
        x = torch.maximum(x, _shifted(x, direction * reach))
        reach *= 2
    return x


def _largest_to_come(x: torch.Tensor) -> torch.Tensor:
    """Return the maximum of each plane and all after it, for values of at least 0."""
    return _largest_so_far(x, -1)
