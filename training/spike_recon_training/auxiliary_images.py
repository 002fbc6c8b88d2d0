# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Loss terms of the images that some networks are trained on besides the published one."""

from collections.abc import Iterator

import torch
from torch.nn import functional

from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.losses import Distance


def with_others(
    network: PlaneNetwork,
    segment: Segment,
    state: tuple[torch.Tensor, ...] | None = None,
    distance: Distance = functional.l1_loss,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
    """Reconstruct a segment with all images of the network.

    An image of an instant of which the segment has no truth adds 0 to the loss. So its layers get
    a gradient, of zeros, in every step, which training in several processes requires.

    Args:
        network: that reconstructs.
        segment: windows and truths.
        state: of the network before the segment; None = zeros.
        distance: of an image and its truth.

    Returns: video [windows, batch, 1, height, width], the state after it, and the weighted mean
        distance of the other images, if there are any, as `others`.
    """
    video: list[torch.Tensor] = []
    terms: list[torch.Tensor] = []
    after = state
    for number, grid in enumerate(segment.grids):
        (estimate, *others), after = network.estimates(grid, after)
        video.append(estimate.image)
        terms += _terms(others, segment, number, distance)
    assert after is not None
    added = {'others': torch.stack(terms).sum() / len(video)} if terms else {}
    return torch.stack(video), after, added


def _terms(
    estimates: list[Estimate], segment: Segment, window: int, distance: Distance
) -> Iterator[torch.Tensor]:
    for estimate in estimates:
        if not estimate.planes_later:
            yield _difference(estimate, segment.truths[window], distance)
        elif estimate.planes_later in segment.others:
            yield _difference(estimate, segment.others[estimate.planes_later][window], distance)
        else:
            yield 0 * estimate.image.float().sum()


def _difference(estimate: Estimate, truth: torch.Tensor, distance: Distance) -> torch.Tensor:
    """Return the weighted distance to the truth, averaged over the area of each pixel."""
    side = truth.shape[-1] // estimate.image.shape[-1]
    return estimate.weight * distance(
        estimate.image.float(), functional.avg_pool2d(truth.float(), side)
    )
