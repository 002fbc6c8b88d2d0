# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recursive temporal averaging: warps the last image and averages it with the new one.

A running mean along the motion, as in recursive filters (Kalman, "A New Approach to Linear
Filtering and Prediction Problems", 1960). Each pixel stores a weight, the number of images that
are averaged in it; a new image has a weight of 1. The network estimates the flow and which share
of the weight to keep: none at disocclusions. So still parts get less noisy over time, and the
first image is the new one unchanged.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.residual_block import LEAK
from spike_recon_models.networks.warp import warp

MOST_IMAGES = 32.0
"""Largest weight of a pixel, in images; the state stores the weight as a share of it."""
CARRIED_CHANNELS = 2
"""Of the state: image and weight."""
JUDGE_WIDTH = 12
"""Channels of the hidden layer for the share to keep."""
FIRST_TRUST = -2.0
"""Initial logit of the share of the weight that is kept."""


class TemporalFusion(nn.Module):
    """The running mean.

    Args:
        channels: of the features, at half the resolution of the sensor.
        motion_channels: of the features of the motion, at a quarter of it; 0 = optical flow is
            given.
    """

    def __init__(self, channels: int, motion_channels: int) -> None:
        super().__init__()
        self.flow = nn.Conv2d(motion_channels, 2, 3, padding=1) if motion_channels else None
        self.judge = nn.Conv2d(channels + 4, JUDGE_WIDTH, 3, padding=1)
        self.trust = nn.Conv2d(JUDGE_WIDTH, 4, 3, padding=1)

    def start_still(self) -> None:
        """Initialise the flow to zero, and the share to keep to a small constant."""
        if self.flow is not None:
            nn.init.zeros_(self.flow.weight)
        nn.init.zeros_(self.trust.weight)
        assert self.trust.bias is not None
        nn.init.constant_(self.trust.bias, FIRST_TRUST)

    def forward(
        self,
        image: torch.Tensor,
        carried: torch.Tensor,
        features: torch.Tensor,
        motion: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Average.

        Args:
            image: the new image, [batch, 1, height, width].
            carried: last image and weight, [batch, 2, height, width].
            features: present features, [batch, channels, height / 2, width / 2].
            motion: features, [batch, motion_channels, height / 4, width / 4]; or optical flow to
                the last image, pixels to the right and down, [batch, 2, height, width].

        Returns: the averaged image, 0 to 1, and the next value of `carried`.
        """
        if self.flow is not None:
            motion = functional.interpolate(
                self.flow(motion), scale_factor=4, mode='bilinear', align_corners=False
            )
        # From here to the image everything can run in float32, so a runtime that computes in
        # bfloat16 can keep the coordinates of a whole image precise.
        before, weight = warp(carried, motion).chunk(2, 1)
        change = before - image
        judged = torch.cat([features, functional.pixel_unshuffle(change, 2)], 1)
        logits = self.trust(functional.leaky_relu(self.judge(judged), LEAK))
        kept = torch.sigmoid(functional.pixel_shuffle(logits, 2)) * weight * MOST_IMAGES
        image = (image + kept / (kept + 1) * change).clamp(0, 1)
        weight = (kept + 1).clamp(max=MOST_IMAGES) / MOST_IMAGES
        return image, torch.cat([image, weight], 1)
