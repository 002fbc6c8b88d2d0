# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Our network for event cameras: recurrent units at a half and a quarter of the resolution.

      x --unshuffle--> events --> LightGru 1/2 --------------------------- + --detail--> image
                                    |                                      |
                                    +--unshuffle--> LightGru 1/4 - + --> middle
                                                      ^      |     |       |
                                                      |     context 1/8    |
                                                      +----- feedback -----+

Pixel-unshuffle (space to depth) lowers the resolution without losing information, so no layer
works at full resolution, where a CPU spends most of its time in the usual designs. The fine unit
stores edges. The coarse one has twice the receptive field and stores flat areas. The context, at
an eighth of the resolution and without state, makes both ends of a flat area agree on its grey
from the first window on. An edge parallel to the motion causes no events: where such an area ends
must be inferred from the ends of the edges around it, which needs the wide context.

The other parts are optional blocks that a trained network can be extended with. `events` blocks
give the fine unit more than one convolution over the events. `middle` blocks combine context and
edges; the receptive field doubles from one to the next, because the grey on one side of an area
must propagate along the motion to the other side. With `feedback` the coarse unit stores their
result, so the next window starts from it. `detail` blocks read both units before the image is
drawn; without them small cells are too soft. After training, most channels inside the blocks
contribute next to nothing; `spike-recon prune` removes them (pruning.py).

The image ends in a sigmoid instead of a clamp: a clamp has no gradient outside 0..1, so pixels
that training once pushed there would stay.
"""

import functools
import math

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.recurrent_cells import LightGru
from spike_recon_models.networks.recurrent_network import (
    RecurrentNetwork,
    StateSpec,
    initialise,
)
from spike_recon_models.networks.residual_block import LinearResidualBlock, ResidualBlock

WIDE_REACH = 2
"""Dilation of the `wider` blocks, small enough that the block before them fills the holes."""

AT_ONCE = 16
"""Channels that a CPU computes in the time of one."""


class TwoScaleGru(RecurrentNetwork):
    """The network.

    Args:
        channels: width of the fine scale; the coarse one has twice as many.
        bins: channels of the voxel grid.
        context: channels at an eighth of the resolution.
        wider: number of further residual blocks there, each of which extends the receptive field
            by 32 pixels to all sides. They start as the identity, so that training can continue
            from weights without them.
        detail: number of such blocks at half the resolution, before the image.
        middle: number of such blocks at a quarter, after the context, with dilations 1, 2, 4 ...
        events: number of such blocks on the events, before the first unit.
        feedback: whether the coarse unit reads the output of the middle blocks of the last window;
            its weights start at zero.
        reduction: channels outside a residual block per channel inside; the inside is rounded up
            to a multiple of AT_ONCE.
        seed: of the initial weights.
    """

    pad_multiple = 8
    reflectable = True

    def __init__(
        self,
        channels: int = 24,
        bins: int = 5,
        context: int = 64,
        wider: int = 0,
        detail: int = 0,
        middle: int = 0,
        events: int = 0,
        feedback: bool = False,
        reduction: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.bins = bins
        coarse = 2 * channels
        self.state_specs = StateSpec('fine', channels, 2), StateSpec('coarse', coarse, 4)
        if feedback:
            self.state_specs += (StateSpec('areas', coarse, 4),)
            self.feedback = nn.Conv2d(coarse, coarse, 1, bias=False)
        unshuffled = 4 * bins
        inner = functools.partial(_inner, reduction=reduction)
        self.events = nn.Sequential(
            *(LinearResidualBlock(unshuffled, inner=inner(unshuffled)) for _ in range(events))
        )
        self.fine = LightGru(unshuffled, channels)
        # A pixel-unshuffle and a 1x1 convolution in one.
        self.down = nn.Conv2d(channels, coarse, 2, stride=2)
        self.coarse = LightGru(coarse, coarse)
        self.context_down = nn.Conv2d(coarse, context, 2, stride=2)
        self.context = ResidualBlock(context, inner=inner(context))
        self.wider = nn.Sequential(
            *(ResidualBlock(context, WIDE_REACH, inner(context)) for _ in range(wider))
        )
        self.context_up = nn.Conv2d(context, 4 * coarse, 1)
        self.middle = nn.Sequential(
            *(ResidualBlock(coarse, 2**k, inner(coarse)) for k in range(middle))
        )
        self.up = nn.Conv2d(coarse, 4 * channels, 1)
        self.detail = nn.Sequential(
            *(ResidualBlock(channels, inner=inner(channels)) for _ in range(detail))
        )
        self.image = nn.Conv2d(channels, 4, 3, padding=1)
        initialise(self, seed)
        for block in (*self.events, *self.wider, *self.middle, *self.detail):
            nn.init.zeros_(block.second.weight)
        if feedback:
            nn.init.zeros_(self.feedback.weight)
        self.fine.spread_memory()
        self.coarse.spread_memory()

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See RecurrentNetwork."""
        drawn, state = self.drawn(x, self._state_or_zeros(x, state))
        return self.image_of(drawn), state

    def image_of(self, drawn: torch.Tensor) -> torch.Tensor:
        """Return the image [batch, 1, height, width] of the maps that `drawn` returns."""
        return torch.sigmoid(functional.pixel_shuffle(self.image(drawn), 2))

    def drawn(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Return the maps [batch, channels, height / 2, width / 2] of the image, and the state."""
        fine, coarse, *areas = state
        fine = self.fine(self.events(functional.pixel_unshuffle(x, 2)), fine)
        coarse = self.coarse(self._seen(fine, areas), coarse)
        near, wide = self._combined(fine, coarse)
        return self.detail(near), (fine, coarse, *([wide] if areas else []))

    def _seen(self, fine: torch.Tensor, areas: list[torch.Tensor]) -> torch.Tensor:
        """Return the input of the coarse unit."""
        seen = self.down(fine)
        if areas:
            seen = seen + self.feedback(areas[0])
        return torch.relu(seen)

    def _combined(
        self, fine: torch.Tensor, coarse: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both scales joined at 1/2, and context and edges joined at 1/4."""
        context = self.wider(self.context(torch.relu(self.context_down(coarse))))
        wide = torch.relu(coarse + functional.pixel_shuffle(self.context_up(context), 2))
        wide = self.middle(wide)
        return torch.relu(fine + functional.pixel_shuffle(self.up(wide), 2)), wide


def _inner(channels: int, reduction: int) -> int:
    """Return the number of channels between the convolutions of a block."""
    return min(channels, math.ceil(channels / reduction / AT_ONCE) * AT_ONCE)
