# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Corrects the images of a network for events by the frames of an aligned camera.

    carried --shift by the motion--> + <--gate-- frame, shifted to where the scene is now
                                     |
    image of the events ------------ + --gated correction--> image

`carried` is what frames have shown, moved along with the scene: for each pixel a grey times a
trust, and the trust, which is 0 where no frame has been seen. In each window it moves by small
filters, one along rows and one along columns, whose weights are computed for each pixel and add
up to one, as in the separable kernels of Niklaus et al. ("Video Frame Interpolation via Adaptive
Separable Convolution", ICCV 2017). A filter needs no coordinates, so unlike a sampled flow it runs
in 16 bits and on every backend.

A new frame shows the scene of some milliseconds ago, and not always exactly in register. Filters
of the same form move it to where the events show the scene now; a gate decides pixel by pixel what
replaces what is carried.

Every term of the correction is multiplied by the trust or by the frame, so without frames the
image is, bit for bit, that of the events alone.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.recurrent_network import initialise
from spike_recon_models.networks.residual_block import LinearResidualBlock

OFFSETS = (-4, -2, -1, 0, 1, 2, 4)
"""Shifts that a filter mixes, pixels; between two of them it interpolates."""
INSIDE = 16
"""Channels inside the residual blocks."""
STAYS = 4.0
"""Initial logit of the shift by 0, so that at first almost nothing moves."""


class AnchorBranch(nn.Module):
    """The branch.

    Args:
        bins: channels of the voxel grid.
        features: channels of each of the two feature maps of the network for events, at half the
            resolution.
        channels: width of the branch, at half the resolution.
        seed: of the initial weights.
    """

    def __init__(self, bins: int, features: int, channels: int = 24, seed: int = 0) -> None:
        super().__init__()
        shifts = 4 * 2 * len(OFFSETS)
        self.motion = nn.Conv2d(4 * bins + 2 * features + 8, channels, 3, padding=1)
        self.motion_block = LinearResidualBlock(channels, 2, INSIDE)
        self.carry = nn.Conv2d(channels, shifts, 1)
        self.look = nn.Conv2d(channels + 8 + 8 + 1, channels, 3, padding=1)
        self.look_block = LinearResidualBlock(channels, 2, INSIDE)
        self.align = nn.Conv2d(channels, shifts, 1)
        self.gate = nn.Conv2d(channels, 4, 3, padding=1)
        self.show = nn.Conv2d(channels + 8, INSIDE, 3, padding=1)
        self.correction = nn.Conv2d(INSIDE, 8, 3, padding=1)
        initialise(self, seed)
        with torch.no_grad():
            for head in (self.carry, self.align):
                head.weight.mul_(0.1)
                assert head.bias is not None
                head.bias.view(2, len(OFFSETS), 4)[:, OFFSETS.index(0)] = STAYS
            self.correction.weight[4:].zero_()

    def forward(
        self,
        events: torch.Tensor,
        image: torch.Tensor,
        features: torch.Tensor,
        frame: torch.Tensor,
        carried: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Correct the image of one window.

        Args:
            events: float [batch, bins, height, width], the voxel grid.
            image: float [batch, 1, height, width] of the events, 0 to 1.
            features: float [batch, 2 features, height / 2, width / 2] of the network for events.
            frame: float [batch, 3, height, width], as anchor_planes.py of the runtime writes it:
                grey, whether it is new, and how recent it is.
            carried: float [batch, 2, height, width]: grey times trust, and trust.

        Returns: the corrected image, and what is carried on.
        """
        grey, is_new, recency = frame[:, :1], frame[:, 1:2], frame[:, 2:]
        seen = torch.cat(
            [functional.pixel_unshuffle(part, 2) for part in (events, carried)] + [features], 1
        )
        motion = self.motion_block(functional.leaky_relu(self.motion(seen), 0.1))
        carried = shifted(carried, _filters(self.carry(motion)))
        both = torch.cat([grey, image, carried], 1)
        look = torch.cat([motion, functional.pixel_unshuffle(both, 2), recency[..., ::2, ::2]], 1)
        look = self.look_block(functional.leaky_relu(self.look(look), 0.1))
        aligned = shifted(torch.cat([grey, (recency > 0).to(grey)], 1), _filters(self.align(look)))
        gate = is_new * torch.sigmoid(functional.pixel_shuffle(self.gate(look), 2))
        carried = carried + gate * (aligned - carried)
        show = torch.cat([look, functional.pixel_unshuffle(carried, 2)], 1)
        drawn = self.correction(functional.leaky_relu(self.show(show), 0.1))
        mix, added = functional.pixel_shuffle(drawn, 2).chunk(2, 1)
        trust = carried[:, 1:]
        correction = torch.sigmoid(mix) * (carried[:, :1] - trust * image) + trust * added
        return (image + correction).clamp(0, 1), carried


def _filters(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the weights along rows and along columns, each [batch, shifts, height, width]."""
    rows, columns = functional.pixel_shuffle(logits, 2).chunk(2, 1)
    return torch.softmax(rows, 1), torch.softmax(columns, 1)


def shifted(maps: torch.Tensor, filters: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Return maps [batch, channels, height, width] after the filter of each pixel.

    The maps are 0 outside the image.

    Args:
        maps: to shift.
        filters: weights of OFFSETS along rows and along columns, [batch, shifts, height, width].
    """
    height, width = maps.shape[-2:]
    reach = OFFSETS[-1]
    rows, columns = filters
    padded = functional.pad(maps, (0, 0, reach, reach))
    parts = [
        rows[:, k : k + 1] * padded[:, :, reach + offset : reach + offset + height]
        for k, offset in enumerate(OFFSETS)
    ]
    padded = functional.pad(torch.stack(parts).sum(0), (reach, reach, 0, 0))
    parts = [
        columns[:, k : k + 1] * padded[..., reach + offset : reach + offset + width]
        for k, offset in enumerate(OFFSETS)
    ]
    return torch.stack(parts).sum(0)
