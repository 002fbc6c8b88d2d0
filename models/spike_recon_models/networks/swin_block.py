# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A Swin block over three streams, with temporal spike attention between them.

    middle += self_attention(middle) + .1 temporal_attention(left, right, middle)
    each   += mlp(each)

Attention works within windows of 5x5 tokens. Every other block shifts the windows by two tokens,
so that neighbours in different windows interact (Liu et al., "Swin Transformer", ICCV 2021). The
temporal attention is that of SwinSF (Jiang et al., ICVRV 2024): its queries come from the left
planes, its keys from the right and its values from the middle ones. All streams share their
layers.
"""

import torch
from torch import nn

WINDOW = 5
SHIFT = WINDOW // 2
WIDENING = 4
"""Hidden channels of the perceptron per channel."""
TEMPORAL_SHARE = 0.1
APART = -100.0
"""Added to the score of two tokens that are neighbours only because of the cyclic shift."""

Streams = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Left, middle and right tokens, [batch, rows, columns, channels]."""


class SwinBlock(nn.Module):
    """The block.

    Args:
        channels: of a token, a multiple of `heads`.
        heads: of both attentions.
        shifted: whether its windows are shifted.
        as_coded: whether the temporal attention is that of the authors' code instead of their
            paper: queries, keys and values have the same weights, and each outer stream is
            increased by its own normalised tokens, permuted within their window.
    """

    def __init__(
        self,
        channels: int,
        heads: int,
        shifted: bool,
        as_coded: bool = False,
    ) -> None:
        super().__init__()
        self._shift = SHIFT if shifted else 0
        self._as_coded = as_coded
        self.norm = nn.LayerNorm(channels)
        self.spatial = WindowAttention(channels, heads)
        self.temporal = WindowAttention(channels, heads, shared=as_coded)
        self.mlp = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, WIDENING * channels),
            nn.GELU(),
            nn.Linear(WIDENING * channels, channels),
        )

    def forward(self, streams: Streams) -> Streams:
        """Return the three streams, of the same shape."""
        rows, columns = streams[1].shape[1:3]
        left_tokens, middle_tokens, right_tokens = (
            into_windows(_rolled(self.norm(stream), -self._shift)) for stream in streams
        )
        seam = _seam(rows, columns, like=middle_tokens) if self._shift else None
        found = self.spatial(middle_tokens, middle_tokens, middle_tokens, seam)
        between = self.temporal(left_tokens, right_tokens, middle_tokens, seam)
        found = found + TEMPORAL_SHARE * between
        left, middle, right = streams
        middle = middle + _rolled(out_of_windows(found, rows, columns), self._shift)
        if self._as_coded:
            left, right = (
                outer + _rolled(out_of_windows(permuted(tokens), rows, columns), self._shift)
                for outer, tokens in ((left, left_tokens), (right, right_tokens))
            )
        return left + self.mlp(left), middle + self.mlp(middle), right + self.mlp(right)


class WindowAttention(nn.Module):
    """Attention within windows, with a learned bias for each relative position.

    Args:
        channels: of a token, a multiple of `heads`.
        heads: of the attention.
        shared: whether queries, keys and values have the same weights.
    """

    relative: torch.Tensor

    def __init__(self, channels: int, heads: int, shared: bool = False) -> None:
        super().__init__()
        self._heads = heads
        self.query = nn.Linear(channels, channels)
        self.key = None if shared else nn.Linear(channels, channels)
        self.value = None if shared else nn.Linear(channels, channels)
        self.project = nn.Linear(channels, channels)
        self.preference = nn.Parameter(torch.zeros(heads, (2 * WINDOW - 1) ** 2))
        place = torch.arange(WINDOW**2)
        down = place[:, None] // WINDOW - place // WINDOW + WINDOW - 1
        across = place[:, None] % WINDOW - place % WINDOW + WINDOW - 1
        self.register_buffer('relative', down * (2 * WINDOW - 1) + across, persistent=False)

    def forward(
        self,
        for_queries: torch.Tensor,
        for_keys: torch.Tensor,
        for_values: torch.Tensor,
        seam: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return [batch, windows, 25, channels].

        Args:
            for_queries: tokens, [batch, windows, 25, channels].
            for_keys: tokens of the same shape.
            for_values: tokens of the same shape.
            seam: added to the scores, [windows, 1, 25, 25]; None = nothing.
        """
        queries = self._split(self.query(for_queries))
        keys = self._split((self.key or self.query)(for_keys))
        values = self._split((self.value or self.query)(for_values))
        scores = queries @ keys.transpose(-2, -1) * queries.shape[-1] ** -0.5
        scores = scores + self.preference[:, self.relative]
        if seam is not None:
            scores = scores + seam
        found = (torch.softmax(scores, -1) @ values).transpose(2, 3)
        return self.project(found.flatten(3))

    def _split(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return [batch, windows, heads, 25, channels / heads]."""
        batch, windows, places, channels = tokens.shape
        each = channels // self._heads
        return tokens.reshape(batch, windows, places, self._heads, each).transpose(2, 3)


def into_windows(tokens: torch.Tensor) -> torch.Tensor:
    """Return [batch, windows, 25, channels] of tokens [batch, rows, columns, channels]."""
    batch, rows, columns, channels = tokens.shape
    down, across = rows // WINDOW, columns // WINDOW
    cut = tokens.reshape(batch, down, WINDOW, across, WINDOW, channels).transpose(2, 3)
    return cut.reshape(batch, down * across, WINDOW**2, channels)


def out_of_windows(windows: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Undo `into_windows`."""
    batch, channels = windows.shape[0], windows.shape[3]
    down, across = rows // WINDOW, columns // WINDOW
    cut = windows.reshape(batch, down, across, WINDOW, WINDOW, channels).transpose(2, 3)
    return cut.reshape(batch, rows, columns, channels)


def permuted(windows: torch.Tensor) -> torch.Tensor:
    """Return windows [batch, windows, 25, channels] with values in the order of their channels."""
    return windows.transpose(2, 3).reshape(windows.shape)


def _rolled(tokens: torch.Tensor, by: int) -> torch.Tensor:
    """Shift tokens down and to the right, cyclically."""
    if not by:
        return tokens
    tokens = torch.cat([tokens[:, -by:], tokens[:, :-by]], 1)
    return torch.cat([tokens[:, :, -by:], tokens[:, :, :-by]], 2)


def _seam(rows: int, columns: int, like: torch.Tensor) -> torch.Tensor:
    """Return [windows, 1, 25, 25]: APART for two tokens from opposite borders of the image."""
    # After the shift, the last rows and columns come from the other side.
    round_down = torch.arange(rows, device=like.device) >= rows - SHIFT
    round_across = torch.arange(columns, device=like.device) >= columns - SHIFT
    side = (2 * round_down[:, None] + round_across).to(like.dtype)
    side = into_windows(side[None, :, :, None])[0, :, :, 0]
    apart = (side[:, None, :] != side[:, :, None]).to(like.dtype)
    return APART * apart[:, None]
