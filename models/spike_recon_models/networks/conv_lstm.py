# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A convolutional long short-term memory.

Comes in: features, and hidden map and cell of the step before. Goes out: the new ones. Knows
nothing about the network around it.

    enter, keep, show = sigmoid(gates * [x, h])
    candidate         = tanh(gates * [x, h])
    c'                = keep c + enter candidate,   limited to -5..5
    h'                = show tanh(c')

(Shi et al., "Convolutional LSTM Network", NeurIPS 2015, without the connections from cell to
gates.) A gate that stands open would let the cell grow for ever; beyond 5, where tanh is flat,
that shows in nothing but the time that it takes to come back.
"""

import torch
from torch import nn

CELL_LIMIT = 5.0
KEEP_BIAS = 1.0
"""So that the cell remembers before it has learned to (Jozefowicz et al., "An Empirical
Exploration of Recurrent Network Architectures", ICML 2015)."""


class ConvLstm(nn.Module):
    """The unit, with 3x3 convolutions and zero padding.

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
