# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the published networks for spike cameras have in common.

Comes in: the newest binary planes, as `spike_stack` makes them. Goes out: spikes a plane, 0 to 1.
Knows nothing about what is in each network, nor about losses.

These networks are trained on more images than the one they are run for: coarser ones, or those of
other instants. `estimates` has them all, each with what its authors weigh it by; `forward`, and so
the export, has the one, and the layers that only the others need are not in the graph.
"""

from typing import NamedTuple

import torch

from spike_recon_models.networks.recurrent_network import RecurrentNetwork


class Estimate(NamedTuple):
    """An image that training compares with the truth.

    Attributes:
        image: [batch, 1, height, width], not limited to 0..1. Where it is smaller than the input,
            its truth is the mean over the pixels that one of its pixels covers.
        weight: in the loss.
        planes_later: instant that it shows, in planes after that of the network's image.
    """

    image: torch.Tensor
    weight: float = 1.0
    planes_later: int = 0


class PlaneNetwork(RecurrentNetwork):
    """Base class; a network defines `estimates`, the first of which is its image."""

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """Return all images, the one to publish first, and the new state; see `forward`.

        Args:
            x: float [batch, bins, height, width], 0 or 1, the oldest plane first.
            state: what the last call returned; None = zeros.
        """
        raise NotImplementedError

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See RecurrentNetwork.

        In training the image is not limited to 0..1: beyond a limit there is no gradient.
        """
        estimates, state = self.estimates(x, state)
        image = estimates[0].image
        return (image if self.training else image.clamp(0, 1)), state
