# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Our network for event cameras: two recurrent units, at a half and a quarter of the resolution.

Comes in: voxel grids. Goes out: intensity in 0..1. Knows nothing about how it is trained or run.

      x --unshuffle--> events --> LightGru 1/2 --------------------------- + --detail--> image
                                    |                                      |
                                    +--unshuffle--> LightGru 1/4 - + --> middle
                                                      ^      |     |       |
                                                      |     context 1/8    |
                                                      +----- feedback -----+

Pixel-unshuffle (space to depth) lowers the resolution without losing anything, so no layer works
on full-resolution features: a CPU spends most of its time there in the usual designs. The fine
unit keeps edges, the coarse one sees twice as far and carries what is flat, and the context, an
eighth of the resolution and without state, lets both ends of a flat area agree on its grey from
the first window on. An edge along the motion sends no event at all: that an area ends there must
be told from where the edges around it end, and wider context sees them.

The other parts are blocks that a trained network can grow. Those of events let the fine unit
remember more than one convolution sees in them. The middle ones bring together what the context
says of areas and the edges that bound them; each sees twice as far as the one before, because the
grey that an edge tells must be carried along the motion to where the next one is. By feedback the
coarse unit remembers what they found, and the next window begins there. The detail blocks see both
units together before the image is drawn, without which fine cells are too soft. Once trained, most
channels inside the blocks do next to nothing: `spike-recon prune` takes them out (pruning.py).

The image ends in a sigmoid rather than a clamp: a clamp has no gradient outside 0..1, and pixels
that training once pushed out would stay there.
"""

import functools
import math

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.light_gru import LightGru
from spike_recon_models.networks.recurrent_network import (
    RecurrentNetwork,
    StateSpec,
    initialise,
)
from spike_recon_models.networks.residual_block import LinearResidualBlock, ResidualBlock

WIDE_REACH = 2
"""Of the blocks that see far, pixels at an eighth of the resolution: no hole between the taps is
wider than what the block before them sees."""

AT_ONCE = 16
"""Channels of which a CPU computes as many in the time of one."""


class TwoScaleGru(RecurrentNetwork):
    """The network.

    Args:
        channels: width of the fine scale; the coarse one has twice as many.
        bins: channels of the voxel grid.
        context: channels at an eighth of the resolution.
        wider: residual blocks more there, which reach 32 pixels further to all sides, each. They
            start as the identity, so that weights of a network without them can be trained on.
        detail: residual blocks at half the resolution before the image, which start so too.
        middle: the same at a quarter, behind the context; their taps are 1, 2, 4 ... pixels apart.
        events: the same on the events, before anything is remembered.
        feedback: whether the coarse unit reads what the middle blocks made of the last window; at
            first it looks away.
        reduction: how many times fewer channels lie between the two convolutions of a residual
            block than outside, rounded up to a multiple of AT_ONCE.
        seed: of the initial weights.
    """

    pad_multiple = 8

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
        fine, coarse, *areas = self._state_or_zeros(x, state)
        fine = self.fine(self.events(functional.pixel_unshuffle(x, 2)), fine)
        seen = self.down(fine)
        if areas:
            seen = seen + self.feedback(areas[0])
        coarse = self.coarse(torch.relu(seen), coarse)
        context = self.wider(self.context(torch.relu(self.context_down(coarse))))
        wide = torch.relu(coarse + functional.pixel_shuffle(self.context_up(context), 2))
        wide = self.middle(wide)
        near = torch.relu(fine + functional.pixel_shuffle(self.up(wide), 2))
        drawn = self.image(self.detail(near))
        state = fine, coarse, *([wide] if areas else [])
        return torch.sigmoid(functional.pixel_shuffle(drawn, 2)), state


def _inner(channels: int, reduction: int) -> int:
    """Return how many channels a block has between its convolutions."""
    return min(channels, math.ceil(channels / reduction / AT_ONCE) * AT_ONCE)
