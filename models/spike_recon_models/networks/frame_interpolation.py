# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Interpolate a sequence of grey frames: the ConvLSTM of "GenAI-powered spatio-temporal fusion".

N frames become 2 N: one between each two, and one after the last. Each step reads a frame and the
next one; the last step reads the last frame twice, and its output is the frame after it.
"""

from itertools import pairwise

import torch
from torch import nn

from spike_recon_models.networks.recurrent_cells import ConvLstm
from spike_recon_models.networks.recurrent_network import (
    RecurrentNetwork,
    StateSpec,
    initialise,
)


class FrameInterpolation(RecurrentNetwork):
    """Returns the frame between two frames of a sequence, or after the last one.

    A layer reads the current frame, then the blend (1 - alpha) current + alpha next, as published.
    The publication states one hidden channel for each of three layers and takes the last hidden
    map as the image. With one channel this has only 240 weights; more channels need an output
    layer, which here gives a correction of the blend. It starts at zero, so an untrained network
    returns the blend.

    Args:
        hidden: channels of each layer.
        alpha: weight of the next frame in the blend.
        seed: of the initial weights.
    """

    bins = 2
    pad_multiple = 1
    image_inputs = ('current', 'next')
    image_outputs = ('between',)

    def __init__(
        self,
        hidden: tuple[int, ...] | list[int] = (16, 16),
        alpha: float = 0.5,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.state_specs = tuple(
            StateSpec(f'{kind}{number}', channels, 1)
            for number, channels in enumerate(hidden)
            for kind in ('hidden', 'cell')
        )
        self.cells = nn.ModuleList(
            ConvLstm(inputs, outputs) for inputs, outputs in pairwise((1, *hidden))
        )
        self.draw = nn.Conv2d(hidden[-1], 1, 3, padding=1)
        initialise(self, seed)
        nn.init.zeros_(self.draw.weight)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Process a frame and the next one.

        Args:
            x: [batch, 2, height, width], the current and the next frame, 0 to 1.
            state: result of the last call; None = zeros.

        Returns: the frame between them [batch, 1, height, width], 0 to 1, and the new state.
        """
        maps = list(self._state_or_zeros(x, state))
        current, following = x[:, :1], x[:, 1:]
        blend = torch.lerp(current, following, self.alpha)
        for frame in (current, blend):
            below = frame
            for number, cell in enumerate(self.cells):
                maps[2 * number : 2 * number + 2] = cell(below, *maps[2 * number : 2 * number + 2])
                below = maps[2 * number]
        return (blend + self.draw(below)).clamp(0, 1), tuple(maps)
