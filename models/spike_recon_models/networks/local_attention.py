# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Attention of the pixels of a block to all pixels of the block and its neighbours in another map.

Unlike Swin's, the windows of the keys overlap, so the borders of the blocks leave no seams.
"""

import torch
from torch import nn
from torch.nn import functional

SIDE = 3
"""Of a block, pixels; a pixel attends to 3 x 3 blocks."""
OUTSIDE = -99.0
"""Added to the similarity of pixels outside of the image: their share vanishes."""


class LocalAttention(nn.Module):
    """outer + gain * attention(target -> outer), the cross-attention of BSF before alignment.

    Args:
        channels: of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (
            nn.Conv2d(channels, channels, 1, bias=False) for _ in range(3)
        )
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, target: torch.Tensor, outer: torch.Tensor) -> torch.Tensor:
        """Return features [batch, channels, height, width] of `outer`.

        Args:
            target: features of the middle, [batch, channels, height, width], both sides multiples
                of SIDE.
            outer: features to collect from, the same shape.
        """
        batch, channels, height, width = target.shape
        inside = outer.new_ones(1, 1, height, width)
        queries = self._blocks(self.query(target))
        keys = self._neighbours(self.key(outer)) * channels**-0.5
        values = self._neighbours(self.value(outer))
        outside = OUTSIDE * (1 - self._neighbours(inside))
        shares = torch.softmax(queries @ keys.transpose(-2, -1) + outside.transpose(-2, -1), -1)
        rows, columns = queries.shape[1:3]
        found = (shares @ values).reshape(batch, rows, columns, SIDE, SIDE, channels)
        found = found.permute(0, 5, 1, 3, 2, 4)
        return outer + self.gain * found.reshape(batch, channels, height, width)

    def _blocks(self, features: torch.Tensor) -> torch.Tensor:
        """Return [batch, rows, columns, pixels of a block, channels]."""
        batch, channels, height, width = features.shape
        rows, columns = height // SIDE, width // SIDE
        blocks = features.reshape(batch, channels, rows, SIDE, columns, SIDE)
        blocks = blocks.permute(0, 2, 4, 3, 5, 1)
        return blocks.reshape(batch, rows, columns, SIDE**2, channels)

    def _neighbours(self, features: torch.Tensor) -> torch.Tensor:
        """Return [batch, rows, columns, pixels of 3 x 3 blocks, channels]."""
        blocks = self._blocks(features)
        rows, columns = blocks.shape[1:3]
        ringed = functional.pad(blocks, (0, 0, 0, 0, 1, 1, 1, 1))
        shifted = [
            ringed[:, row : row + rows, column : column + columns]
            for row in range(3)
            for column in range(3)
        ]
        return torch.cat(shifted, 3)
