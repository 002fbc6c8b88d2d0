# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A convolutional gated recurrent unit without a reset gate.

Comes in: features and the hidden map of the step before. Goes out: the new hidden map. Knows
nothing about the network around it.

    update    = sigmoid(U * [x, h])
    candidate = tanh(C * [x, h])
    h'        = h + update (candidate - h)

(Ravanelli et al., "Light Gated Recurrent Units for Speech Recognition", IEEE TETCI 2018, who drop
the reset gate as redundant; with their ReLU the state could grow without bound, so the candidate
keeps its tanh.) Both convolutions read the same and are the halves of one: a third less work than
ConvGru, and the image is as good after the same time of training. h' is a mean of values in
-1..1, so the state is bounded, whatever comes in and for however long.
"""

import math

import torch
from torch import nn

LONGEST_MEMORY = 40.0


class LightGru(nn.Module):
    """The unit, with 3x3 convolutions and zero padding.

    Args:
        inputs: channels of x.
        hidden: channels of h.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.gate_and_candidate = nn.Conv2d(inputs + hidden, 2 * hidden, 3, padding=1)

    @torch.no_grad()
    def spread_memory(self) -> None:
        """Let the channels remember for 1 to LONGEST_MEMORY windows before any training.

        With gates that all begin half open nothing survives a few windows, and a network must find
        out by chance that keeping things pays (Tallec and Ollivier, "Can Recurrent Neural Networks
        Warp Time?", ICLR 2018).
        """
        hidden = self.gate_and_candidate.out_channels // 2
        windows = torch.logspace(0, math.log10(LONGEST_MEMORY), hidden)
        assert self.gate_and_candidate.bias is not None
        self.gate_and_candidate.bias[:hidden] = -windows.log()

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        """Return the new hidden map [batch, hidden, height, width]."""
        gate, candidate = self.gate_and_candidate(torch.cat((x, h), 1)).chunk(2, 1)
        return h + torch.sigmoid(gate) * (torch.tanh(candidate) - h)
