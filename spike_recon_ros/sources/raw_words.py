# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where to cut the words of a RAW file into packets, and which byte order they have."""

from typing import NamedTuple

import numpy as np

from spike_recon_ros.sources.raw_header import LEGACY

# Multiples of every word size (2, 4, 8 bytes), so no word is cut.
PACKET_BYTES = 65_536
SMALLEST_PACKET_BYTES = 16
TIME_HIGH = 8
LONGEST_STEP = 16
"""Successive TIME_HIGH words differ by few units where the byte order is right."""


class Words(NamedTuple):
    """How to find TIME_HIGH words.

    Attributes:
        word: NumPy type of the part of a word that holds type and time.
        stride: such parts in a whole word.
        offset: which of them it is.
        bits: bits of the time, below the type.
        per_period: units of TIME_HIGH in the longest packet, 8.192 ms.
    """

    word: str
    stride: int
    offset: int
    bits: int
    per_period: int

    @property
    def n_bytes(self) -> int:
        """Size of a whole word."""
        return self.stride * int(self.word[2])


WORDS = {
    'evt2': Words('<u4', 1, 0, 28, 128),
    'evt21': Words('<u4', 2, 1, 28, 128),
    LEGACY: Words('<u4', 2, 0, 28, 128),
    'evt3': Words('<u2', 1, 0, 12, 2),
}


def _time_highs(block: np.ndarray, words: Words) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes at which TIME_HIGH words begin, and their values."""
    word_bytes = words.n_bytes
    whole = block[: len(block) - len(block) % word_bytes].view(words.word)
    parts = whole[words.offset :: words.stride]
    places = np.flatnonzero(parts >> words.bits == TIME_HIGH)
    return places * word_bytes, parts[places].astype(np.int64) & ((1 << words.bits) - 1)


def steady_times(block: np.ndarray, words: Words) -> int:
    """Return how many TIME_HIGH words follow closely on the one before."""
    _, values = _time_highs(block, words)
    steps = np.diff(values)
    return int(((steps >= 0) & (steps <= LONGEST_STEP)).sum())


def packet_borders(
    block: np.ndarray, words: Words, period: int | None
) -> tuple[list[int], int | None]:
    """Return where the packets of a block begin and end, in bytes, and the period at its end.

    A packet begins at the TIME_HIGH word of each new period, and after 64 KiB.
    """
    places, values = _time_highs(block, words)
    periods = values // words.per_period
    if len(periods):
        before = periods[0] if period is None else period
        changes = places[np.diff(periods, prepend=before) != 0].tolist()
        period = int(periods[-1])
    else:
        changes = []
    borders = [0]
    for place in [*changes, len(block)]:
        while place - borders[-1] > PACKET_BYTES:
            borders.append(borders[-1] + PACKET_BYTES)
        if place - borders[-1] >= SMALLEST_PACKET_BYTES:
            borders.append(place)
    if borders[-1] != len(block):
        if len(borders) > 1 and len(block) - borders[-2] <= PACKET_BYTES:
            borders.pop()
        borders.append(len(block))
    return borders, period
