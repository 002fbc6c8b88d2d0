# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Convolutional recurrent cells with 3x3 convolutions and zero padding.

The states of all three are bounded for any input and any number of steps: hidden maps are means of
values in -1..1, and the cell of the LSTM is clamped.
"""

import math

import torch
from torch import nn

LONGEST_MEMORY = 40.0
"""Windows that the slowest channel of a LightGru remembers before training."""
CELL_LIMIT = 5.0
"""Tanh is flat beyond it, so a larger cell would only take longer to decay."""
KEEP_BIAS = 1.0
"""Makes the cell remember before training (Jozefowicz et al., "An Empirical Exploration of
Recurrent Network Architectures", ICML 2015)."""


class ConvGru(nn.Module):
    """Gated recurrent unit.

        update, reset = sigmoid(gates * [x, h])
        candidate     = tanh(candidate * [x, reset h])
        h'            = h + update (candidate - h)

    Ballas et al., "Delving Deeper into Convolutional Networks for Learning Video Representations",
    ICLR 2016.

    Args:
        inputs: channels of x.
        hidden: channels of h.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        # Update and reset gate have the same input, so one convolution computes both.
        self.gates = nn.Conv2d(inputs + hidden, 2 * hidden, 3, padding=1)
        self.candidate = nn.Conv2d(inputs + hidden, hidden, 3, padding=1)

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        """Return the new hidden map [batch, hidden, height, width]."""
        update, reset = torch.sigmoid(self.gates(torch.cat((x, h), 1))).chunk(2, 1)
        candidate = torch.tanh(self.candidate(torch.cat((x, reset * h), 1)))
        return h + update * (candidate - h)


class LightGru(nn.Module):
    """Gated recurrent unit without a reset gate.

        update    = sigmoid(U * [x, h])
        candidate = tanh(C * [x, h])
        h'        = h + update (candidate - h)

    Ravanelli et al., "Light Gated Recurrent Units for Speech Recognition", IEEE TETCI 2018, drop
    the reset gate as redundant. Their ReLU would leave the state unbounded, so the candidate keeps
    its tanh. One convolution computes both: a third less work than ConvGru, with equally good
    images after the same training time.

    Args:
        inputs: channels of x.
        hidden: channels of h.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.gate_and_candidate = nn.Conv2d(inputs + hidden, 2 * hidden, 3, padding=1)

    @torch.no_grad()
    def spread_memory(self) -> None:
        """Initialise the gates so that channels remember for 1 to LONGEST_MEMORY windows.

        If all gates start half open, nothing survives a few windows, and a network must discover
        by chance that remembering helps (Tallec and Ollivier, "Can Recurrent Neural Networks Warp
        Time?", ICLR 2018).
        """
        hidden = self.gate_and_candidate.out_channels // 2
        windows = torch.logspace(0, math.log10(LONGEST_MEMORY), hidden)
        assert self.gate_and_candidate.bias is not None
        self.gate_and_candidate.bias[:hidden] = -windows.log()

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        """Return the new hidden map [batch, hidden, height, width]."""
        gate, candidate = self.gate_and_candidate(torch.cat((x, h), 1)).chunk(2, 1)
        return h + torch.sigmoid(gate) * (torch.tanh(candidate) - h)


class ConvLstm(nn.Module):
    """Long short-term memory.

        enter, keep, show = sigmoid(gates * [x, h])
        candidate         = tanh(gates * [x, h])
        c'                = keep c + enter candidate,   limited to -5..5
        h'                = show tanh(c')

    Shi et al., "Convolutional LSTM Network", NeurIPS 2015, without connections from cell to gates.

    Args:
        inputs: channels of x.
        hidden: channels of h and of c.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(inputs + hidden, 4 * hidden, 3, padding=1)

    def forward(
        self, x: torch.Tensor, h: torch.Tensor, c: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the new hidden map and cell, both [batch, hidden, height, width]."""
        enter, keep, show, candidate = self.gates(torch.cat((x, h), 1)).chunk(4, 1)
        c = torch.sigmoid(keep + KEEP_BIAS) * c + torch.sigmoid(enter) * torch.tanh(candidate)
        c = c.clamp(-CELL_LIMIT, CELL_LIMIT)
        return torch.sigmoid(show) * torch.tanh(c), c
