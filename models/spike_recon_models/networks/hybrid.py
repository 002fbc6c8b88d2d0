# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Hybrid-Large-v2: a spiking branch beside an analog one, before a ConvLSTM decoder.

                     +--> LightGru 1/2 --> analog 1/4
        x --unshuffle|         |               | fused --> ConvLSTM 1/4 --> context, middle --+
                     +--> LIF      1/2 --> LIF 1/4                                            |
                               | fused ------------------------------------------------------ +
                                                                    image <-- detail, shuffle +

Built from its authors' description; they report 15.47 dB, SSIM .7686 and a mean spike rate of
.4765. The neurons (lif.py) carry their membranes from window to window, the decoder its hidden
map and cell. Both branches have the same layers and are fused at either scale, channel by
channel: alpha analog + (1 - alpha) spikes, alpha learned.

Two parts are not its authors': the first analog layer is a recurrent unit, and the decoder has the
blocks of two_scale_gru.py. Without memory at half the resolution, all that stands still must pass
through 48 channels at a quarter: the images showed a grid of 4x4 pixels. So the analog branch and
the decoder can start from the weights of a trained TwoScaleGru (`start_from_two_scale_gru`).

As in two_scale_gru.py, no layer works at full resolution. There is no feedback from the decoder to
the neurons, so a spike that rounding flips is a local error that fades.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.lif import THRESHOLD, Lif, fired
from spike_recon_models.networks.recurrent_cells import KEEP_BIAS, ConvLstm
from spike_recon_models.networks.recurrent_network import StateSpec, initialise
from spike_recon_models.networks.two_scale_gru import TwoScaleGru

DRIVE = 10.0
"""Initial gain of the currents, at which about a tenth of the neurons fire. With that of the other
layers hardly any would, and rounding to bfloat16 would flip a larger share of the few spikes."""
HOLD_BLOCK, HOLD_REACH = 4, 2
"""The memory is updated in blocks of 8 pixels (HOLD_BLOCK at half the resolution) in which, or
within HOLD_REACH blocks of which, an event came."""
MOVING_SHARE = 0.4
"""Share of the blocks above which all are updated, as in the noise gate of the runtime."""
SHOW_BIAS = 3.0
"""Of the output gate of an LSTM that starts from a GRU: it shows 95 % of its cell."""


class Hybrid(TwoScaleGru):
    """The network.

    Args:
        channels: width of each branch at the fine scale; the coarse one has twice as many. 24
            suits a CPU in real time, 96 is the large network.
        bins: channels of the voxel grid.
        hold: whether memory and membranes keep their values, and neurons do not fire, where no
            event came nearby; not while events come in most of the image. See `_active`.
        seed: of the initial weights.
        **blocks: context, wider, detail, middle, events, feedback and reduction of TwoScaleGru.
    """

    spiking = True

    def __init__(
        self,
        channels: int = 24,
        bins: int = 5,
        hold: bool = False,
        seed: int = 0,
        **blocks: Any,
    ) -> None:
        super().__init__(channels, bins, seed=seed, **blocks)
        self.hold = hold
        coarse = 2 * channels
        fine, _, *areas = self.state_specs
        self.state_specs = (
            StateSpec('fine_membrane', channels, 2, fires_at=THRESHOLD),
            StateSpec('coarse_membrane', coarse, 4, fires_at=THRESHOLD),
            fine,
            StateSpec('hidden', coarse, 4),
            StateSpec('cell', coarse, 4),
            *areas,
        )
        self.coarse: Any = ConvLstm(coarse, coarse)  # in place of a LightGru
        self.fine_spikes = _SpikingLayer(4 * bins, channels, kernel_size=3, padding=1)
        self.coarse_spikes = _SpikingLayer(channels, coarse, kernel_size=2, stride=2)
        for number, part in enumerate((self.coarse, self.fine_spikes, self.coarse_spikes)):
            initialise(part, seed + number + 1)
        with torch.no_grad():
            for layer in (self.fine_spikes, self.coarse_spikes):
                layer.current.weight.mul_(DRIVE)

    def drawn(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See TwoScaleGru."""
        fine_membrane, coarse_membrane, fine, hidden, cell, *areas = state
        x = functional.pixel_unshuffle(x, 2)
        active = _active(x) if self.hold else None
        spikes, fine_membrane = self.fine_spikes(x, fine_membrane, active)
        fine = _where(active, self.fine(self.events(x), fine), fine)
        edges = self.fine_spikes.fused(fine, spikes)
        spikes, coarse_membrane = self.coarse_spikes(spikes, coarse_membrane, active)
        seen = self.coarse_spikes.fused(self._seen(fine, areas), spikes)
        new_hidden, new_cell = self.coarse(seen, hidden, cell)
        hidden, cell = _where(active, new_hidden, hidden), _where(active, new_cell, cell)
        near, wide = self._combined(edges, hidden)
        kept = [_where(active, wide, areas[0])] if areas else []
        return self.detail(near), (fine_membrane, coarse_membrane, fine, hidden, cell, *kept)


def _active(x: torch.Tensor) -> torch.Tensor:
    """Return 1 where the memory is updated, else 0, [batch, 1, height / 2, width / 2].

    That is near an event, and everywhere if it is so in more than MOVING_SHARE of the
    image: then the camera moves.

    Args:
        x: unshuffled events [batch, channels, height, width]; their sides are half of the image's.
    """
    blocks = functional.max_pool2d(x.abs().amax(1, keepdim=True), HOLD_BLOCK)
    near = functional.max_pool2d(blocks, 2 * HOLD_REACH + 1, stride=1, padding=HOLD_REACH)
    active = (near > 0).to(x.dtype)
    moves = (active.mean((2, 3), keepdim=True) > MOVING_SHARE).to(x.dtype)
    return _doubled(torch.maximum(active, moves))


def _doubled(active: torch.Tensor) -> torch.Tensor:
    """Repeat each value in both directions, without an operation that float16 engines lack."""
    return functional.pixel_shuffle(active.repeat(1, 4, 1, 1), 2)


def _where(active: torch.Tensor | None, new: torch.Tensor, old: torch.Tensor) -> torch.Tensor:
    """Return `new` where active, else `old`; active may have half of their resolution."""
    if active is None:
        return new
    if active.shape[-1] != new.shape[-1]:
        active = _doubled(active)
    return torch.where(active > 0, new, old)


def start_from_two_scale_gru(
    weights: dict[str, torch.Tensor], alpha: float
) -> dict[str, torch.Tensor]:
    """Return weights of analog branch and decoder of a Hybrid with the same blocks.

    The cell of an LSTM whose gates are `keep = 1 - enter` equals the hidden map of a LightGru.

    Args:
        weights: of a TwoScaleGru.
        alpha: share of the analog branch in both fusions, between 0 and 1.
    """
    started = {name: value for name, value in weights.items() if not name.startswith('coarse.')}
    for part in 'weight', 'bias':
        gate, candidate = weights[f'coarse.gate_and_candidate.{part}'].chunk(2)
        keep, show = -gate, torch.zeros_like(gate)
        if part == 'bias':
            keep, show = keep - KEEP_BIAS, show + SHOW_BIAS
        started[f'coarse.gates.{part}'] = torch.cat((gate, keep, show, candidate))
    coarse = len(weights['down.bias'])
    for name, channels in ('fine_spikes', coarse // 2), ('coarse_spikes', coarse):
        started[f'{name}.fusion'] = torch.full((channels, 1, 1), alpha).logit()
    return started


class _SpikingLayer(nn.Module):
    """A convolution, neurons, and their fusion with the analog branch.

    Args:
        inputs: input channels.
        channels: output channels.
        kernel_size: of the convolution, pixels.
        stride: of the convolution, pixels.
        padding: zeros around its input, pixels.
    """

    def __init__(
        self, inputs: int, channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.current = nn.Conv2d(inputs, channels, kernel_size, stride, padding)
        self.neurons = Lif(channels)
        self.fusion = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(
        self, x: torch.Tensor, membrane: torch.Tensor, active: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return spikes and the new membrane; where not active, neurons rest and do not fire."""
        spikes, new = self.neurons(self.current(x), membrane)
        rested = membrane * (1 - fired(membrane))
        return _where(active, spikes, torch.zeros_like(spikes)), _where(active, new, rested)

    def fused(self, analog: torch.Tensor, spikes: torch.Tensor) -> torch.Tensor:
        """Return alpha analog + (1 - alpha) spikes."""
        return spikes + torch.sigmoid(self.fusion) * (analog - spikes)
