# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The network for event cameras of two_scale_gru.py, with a branch that reads frames.

The weights of the network for events keep their names, so those of a `two_scale_gru` bundle load
into it; training changes the branch only. The branch reads maps of the network for events and
changes nothing in it, so without frames all images are those of the network for events.
"""

from typing import Any

import torch

from spike_recon_models.networks.anchor_branch import AnchorBranch
from spike_recon_models.networks.recurrent_network import StateSpec
from spike_recon_models.networks.two_scale_gru import TwoScaleGru
from spike_recon_ros.representations import anchor_planes


class TwoScaleGruFrames(TwoScaleGru):
    """The network.

    Args:
        anchor_channels: width of the branch.
        **arguments: of TwoScaleGru.
    """

    reads_frames = True
    reflectable = False

    def __init__(self, anchor_channels: int = 24, **arguments: Any) -> None:
        super().__init__(**arguments)
        features = self.state_specs[0].channels
        self.anchor = AnchorBranch(
            self.bins, features, anchor_channels, seed=arguments.get('seed', 0)
        )
        self.bins += anchor_planes.CHANNELS
        self.state_specs += (StateSpec('carried', 2, 1),)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See RecurrentNetwork; the channels of `x` after the voxel grid hold the frame."""
        *own, carried = self._state_or_zeros(x, state)
        events, frame = x[:, : self.grid_bins], x[:, self.grid_bins :]
        drawn, new = self.drawn(events, tuple(own))
        image, carried = self.anchor(
            events, self.image_of(drawn), torch.cat([drawn, new[0]], 1), frame, carried
        )
        return image, (*new, carried)
