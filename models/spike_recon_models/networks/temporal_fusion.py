# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The last image carried to now and averaged with the new one, pixel by pixel.

Comes in: features, a new image, and what was carried. Goes out: a better image. Knows nothing
about how the features were made.

A running mean along the motion, as in recursive filters (Kalman, "A New Approach to Linear
Filtering and Prediction Problems", 1960): each pixel carries how many images its value is worth,
and a new image counts as one. The network says how things have moved and what share of that worth
to keep: none where something else has come into view. So what is still becomes the cleaner the
longer it is seen, and the first image is the new one as it is.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.residual_block import LEAK
from spike_recon_models.networks.warp import warp

MOST_IMAGES = 32.0
"""That a value may be worth; the state holds the share of it."""
CARRIED_CHANNELS = 2
"""Of the state: image and worth."""
FIRST_TRUST = -2.0
"""Before training: logit of the share that is kept."""


class TemporalFusion(nn.Module):
    """The running mean.

    Args:
        channels: of the features, at half the resolution of the sensor.
        motion_channels: of the features that tell the motion, at a quarter of it; 0 = the motion
            is known.
        width: of the layer that judges.
        scale: pixels of the image to a side of one of the sensor.
    """

    def __init__(
        self, channels: int, motion_channels: int, width: int = 12, scale: int = 1
    ) -> None:
        super().__init__()
        self._scale = scale
        self.flow = nn.Conv2d(motion_channels, 2, 3, padding=1) if motion_channels else None
        self.judge = nn.Conv2d(channels + 4, width, 3, padding=1)
        self.trust = nn.Conv2d(width, 4, 3, padding=1)

    def start_still(self) -> None:
        """Make the motion zero and the trust small and the same everywhere."""
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
            image: the new one, [batch, 1, scale height, scale width].
            carried: [batch, 2, height, width].
            features: of now, [batch, channels, height / 2, width / 2].
            motion: [batch, motion_channels, height / 4, width / 4]; or where what is seen here
                was at the last image, pixels to the right and down, [batch, 2, height, width].

        Returns: the better image, 0 to 1, and what to carry.
        """
        if self.flow is not None:
            motion = functional.interpolate(
                self.flow(motion), scale_factor=4, mode='bilinear', align_corners=False
            )
        # Nothing but what can run in float32 lies between here and the image, so a runtime that
        # computes in bfloat16 keeps the coordinates of a whole image apart.
        before, worth = warp(carried, motion).chunk(2, 1)
        change = before - self._seen_by_sensor(image)
        seen = torch.cat([features, functional.pixel_unshuffle(change, 2)], 1)
        logits = self.trust(functional.leaky_relu(self.judge(seen), LEAK))
        kept = torch.sigmoid(functional.pixel_shuffle(logits, 2)) * worth * MOST_IMAGES
        change = kept / (kept + 1) * change
        if self._scale > 1:
            change = functional.interpolate(
                change, scale_factor=self._scale, mode='bilinear', align_corners=False
            )
        image = (image + change).clamp(0, 1)
        worth = (kept + 1).clamp(max=MOST_IMAGES) / MOST_IMAGES
        return image, torch.cat([self._seen_by_sensor(image), worth], 1)

    def _seen_by_sensor(self, image: torch.Tensor) -> torch.Tensor:
        """Return the image in the sensor's pixels."""
        return image if self._scale == 1 else functional.avg_pool2d(image, self._scale)
