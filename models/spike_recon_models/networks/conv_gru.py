# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A convolutional gated recurrent unit.

Comes in: features and the hidden map of the step before. Goes out: the new hidden map. Knows
nothing about the network around it.

    update, reset = sigmoid(gates * [x, h])
    candidate     = tanh(candidate * [x, reset h])
    h'            = h + update (candidate - h)

(Ballas et al., "Delving Deeper into Convolutional Networks for Learning Video Representations",
ICLR 2016.) h' is a mean of values in -1..1, so the state is bounded, whatever comes in and for
however long.
"""

import torch
from torch import nn


class ConvGru(nn.Module):
    """The unit, with 3x3 convolutions and zero padding.

    Args:
        inputs: channels of x.
        hidden: channels of h.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        # Update and reset gate read the same, so they are the halves of one convolution.
        self.gates = nn.Conv2d(inputs + hidden, 2 * hidden, 3, padding=1)
        self.candidate = nn.Conv2d(inputs + hidden, hidden, 3, padding=1)

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        """Return the new hidden map [batch, hidden, height, width]."""
        update, reset = torch.sigmoid(self.gates(torch.cat((x, h), 1))).chunk(2, 1)
        candidate = torch.tanh(self.candidate(torch.cat((x, reset * h), 1)))
        return h + update * (candidate - h)
