# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Base class of the published networks that read binary spike planes.

They are trained on more images than the one that is published: coarser ones, or those of other
instants. `estimates` returns all of them with their loss weights. `forward`, and so the exported
graph, returns only the first, without the layers that the others need.
"""

from typing import NamedTuple

import torch

from spike_recon_models.networks.recurrent_network import RecurrentNetwork


class Estimate(NamedTuple):
    """An image that the training compares with the truth.

    Attributes:
        image: [batch, 1, height, width], not limited to 0..1. If it is smaller than the input, its
            truth is averaged over the area of each pixel.
        weight: in the loss.
        planes_later: instant that it shows, in planes after that of the network's image; negative
            = earlier. One of the network's `other_instants`, or 0.
    """

    image: torch.Tensor
    weight: float = 1.0
    planes_later: int = 0


class PlaneNetwork(RecurrentNetwork):
    """Base class; a subclass defines `estimates`, the first of which is its image."""

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """Return all images, the one to publish first, and the new state; see `forward`.

        Args:
            x: float [batch, bins, height, width], 0 or 1, the oldest plane first.
            state: result of the last call; None = zeros.
        """
        raise NotImplementedError

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See RecurrentNetwork.

        In training the image is not limited to 0..1, because a clamp has no gradient outside.
        """
        estimates, state = self.estimates(x, state)
        image = estimates[0].image
        return (image if self.training else image.clamp(0, 1)), state
