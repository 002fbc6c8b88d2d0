# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Hybrid-Large-v2: a spiking branch beside an analog one, before a ConvLSTM decoder.

                     +--> analog 1/2 --> analog 1/4
        x --unshuffle|        |              | fused --> ConvLSTM 1/4 --> residual --shuffle--+
                     +--> LIF    1/2 --> LIF    1/4                                           |
                              | fused ------------------------------------------------------- +
                                                                 intensity <--shuffle, conv --+

Built from its authors' description; they report 15.47 dB, SSIM .7686 and a mean spike rate of
.4765. The neurons (lif.py) carry their membranes from window to window, the decoder its hidden
map and cell. Both branches have the same layers and are fused at either scale, channel by
channel: alpha analog + (1 - alpha) spikes, alpha learned.

As in two_scale_gru.py, no layer works at full resolution. There is no feedback from the decoder to
the neurons, so a spike that rounding flips is a local error that fades.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.lif import Lif, fired
from spike_recon_models.networks.recurrent_cells import ConvLstm
from spike_recon_models.networks.recurrent_network import (
    RecurrentNetwork,
    StateSpec,
    initialise,
)
from spike_recon_models.networks.residual_block import ResidualBlock

DRIVE = 10.0
"""Initial gain of the currents, at which about a tenth of the neurons fire. With that of the other
layers hardly any would, and rounding to bfloat16 would flip a larger share of the few spikes."""


class Hybrid(RecurrentNetwork):
    """The network.

    Args:
        channels: width of each branch at the fine scale; the coarse one has twice as many. 24
            suits a CPU in real time, 96 is the large network.
        bins: channels of the voxel grid.
        seed: of the initial weights.
    """

    pad_multiple = 4
    spiking = True

    def __init__(self, channels: int = 24, bins: int = 5, seed: int = 0) -> None:
        super().__init__()
        self.bins = bins
        coarse = 2 * channels
        self.state_specs = (
            StateSpec('fine_membrane', channels, 2),
            StateSpec('coarse_membrane', coarse, 4),
            StateSpec('hidden', coarse, 4),
            StateSpec('cell', coarse, 4),
        )
        self.fine = _TwoBranches(4 * bins, channels, kernel_size=3, padding=1)
        # A pixel-unshuffle and a 1x1 convolution in one.
        self.coarse = _TwoBranches(channels, coarse, kernel_size=2, stride=2)
        self.decoder = ConvLstm(coarse, coarse)
        self.refine = ResidualBlock(coarse)
        self.up = nn.Conv2d(coarse, 4 * channels, 1)
        self.image = nn.Conv2d(channels, 4, 3, padding=1)
        initialise(self, seed)
        with torch.no_grad():
            for layer in (self.fine, self.coarse):
                layer.current.weight.mul_(DRIVE)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See RecurrentNetwork."""
        fine_membrane, coarse_membrane, hidden, cell = self._state_or_zeros(x, state)
        x = functional.pixel_unshuffle(x, 2)
        analog, spikes, fine_membrane = self.fine(x, x, fine_membrane)
        edges = self.fine.fused(analog, spikes)
        analog, spikes, coarse_membrane = self.coarse(analog, spikes, coarse_membrane)
        hidden, cell = self.decoder(self.coarse.fused(analog, spikes), hidden, cell)
        up = functional.pixel_shuffle(self.up(self.refine(hidden)), 2)
        logits = functional.pixel_shuffle(self.image(torch.relu(edges + up)), 2)
        return torch.sigmoid(logits), (fine_membrane, coarse_membrane, hidden, cell)

    def observables(self, state: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
        """Return `spike_rate`: the share of all neurons that fired in the last window."""
        spikes = torch.cat([fired(membrane).flatten() for membrane in state[:2]])
        return {'spike_rate': spikes.float().mean()}


class _TwoBranches(nn.Module):
    """A layer of each branch, and their fusion.

    Args:
        inputs: input channels of each branch.
        channels: output channels of each branch.
        kernel_size: of the convolutions, pixels.
        stride: of the convolutions, pixels.
        padding: zeros around their input, pixels.
    """

    def __init__(
        self, inputs: int, channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.analog = nn.Conv2d(inputs, channels, kernel_size, stride, padding)
        self.current = nn.Conv2d(inputs, channels, kernel_size, stride, padding)
        self.neurons = Lif(channels)
        self.fusion = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(
        self, analog: torch.Tensor, spikes: torch.Tensor, membrane: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return features, spikes and the new membrane."""
        return torch.relu(self.analog(analog)), *self.neurons(self.current(spikes), membrane)

    def fused(self, analog: torch.Tensor, spikes: torch.Tensor) -> torch.Tensor:
        """Return alpha analog + (1 - alpha) spikes."""
        return spikes + torch.sigmoid(self.fusion) * (analog - spikes)
