# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The images that some networks are trained on besides the one that they are run for.

Comes in: a PlaneNetwork and a Segment. Goes out: video, and what the other images add to the loss.
Knows nothing about which images those are.
"""

import torch
from torch.nn import functional

from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_training.datasets.segments import Segment


def with_others(
    network: PlaneNetwork, segment: Segment, state: tuple[torch.Tensor, ...] | None = None
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
    """Reconstruct a segment.

    An image of another instant is left out, because a segment has no truth of it.

    Returns: video [windows, batch, 1, height, width], the state after it, and the weighted mean
        absolute difference of the other images, if there are any, as `others`.
    """
    video, terms = [], []
    after = state
    for grid, truth in zip(segment.grids, segment.truths, strict=True):
        (estimate, *others), after = network.estimates(grid, after)
        video.append(estimate.image)
        terms += [_difference(one, truth) for one in others if not one.planes_later]
    assert after is not None
    added = {'others': sum(terms, truth.new_zeros(())) / len(video)} if terms else {}
    return torch.stack(video), after, added


def _difference(estimate: Estimate, truth: torch.Tensor) -> torch.Tensor:
    """Return the weighted L1 to the truth, averaged over what each pixel covers."""
    covered = truth.shape[-1] // estimate.image.shape[-1]
    return estimate.weight * functional.l1_loss(
        estimate.image.float(), functional.avg_pool2d(truth.float(), covered)
    )
