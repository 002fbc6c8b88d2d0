# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spikes around an instant, pixel by pixel, at a fixed cost a plane.

Comes in: packed planes. Goes out: the raw planes, sums over planes and the spikes next to an
instant that lies some planes back. Knows nothing about time in nanoseconds, packets, or what an
image is made of.
"""

import numpy as np
from numba import njit

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.bits import popcount

PLANES_KEPT = 64
"""Planes that can be looked at again: the bits of a word."""
ORDERS = 3
"""An interval of order k lasts from one spike to the k-th after it."""
NEVER = -(2**30)
"""Number of the plane of a spike that was not seen: so early that its rate is 0."""
_NEWEST = PLANES_KEPT - 1
_REBASE = 2**29
_SPREAD = np.unpackbits(np.arange(256, dtype=np.uint8), bitorder='little').view(np.uint64)
"""The eight bits of a byte as eight bytes, in the order of memory."""


class SpikeHistory:
    """One word a pixel for the last 64 planes, and the spikes before them that intervals need.

    The instant is `lookahead` planes before the newest plane. What comes after it is read from the
    word; what came before it is remembered for however long ago it was. Nothing is computed twice:
    a plane costs the same whatever is asked for and however often (24 bytes of state a pixel).

    Attributes:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead: planes between the instant and the newest plane.
        instant: number of the plane that the instant is at; negative until one is reached.
        words: uint64 [height, width], bit 63 = the newest plane, bit 62 = the one before.
        before: int32 [ORDERS + 1, height, width], numbers of the planes of the last spike at or
            before the instant, of the one before that, and so on; NEVER if there was none.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead: planes to look ahead, from 0 to 63.

    Raises:
        UserError: if that cannot be looked ahead.
    """

    def __init__(self, width: int, height: int, lookahead: int = 0) -> None:
        if not 0 <= lookahead < PLANES_KEPT:
            raise UserError(
                f'lookahead_planes is {lookahead}; it must be from 0 to {PLANES_KEPT - 1}'
            )
        self.width, self.height, self.lookahead = width, height, lookahead
        self.words = np.empty((height, width), np.uint64)
        self.before = np.empty((ORDERS + 1, height, width), np.int32)
        self.reset()
        self.push(np.empty((0, height, -(-width // 8)), np.uint8))  # compiles now, not later

    def push(self, bits: np.ndarray) -> None:
        """Take planes in, `bits` uint8 [n, height, ceil(width / 8)], bit 0 leftmost."""
        if self.instant >= _REBASE:
            _rebase(self.before)
            self.instant -= _REBASE
        delay = np.uint64(_NEWEST - self.lookahead)
        _push(self.words, self.before, bits, self.instant + 1, delay, _SPREAD)
        self.instant += len(bits)

    def reset(self) -> None:
        """Forget every plane."""
        self.instant = -1 - self.lookahead
        self.words.fill(0)
        self.before.fill(NEVER)

    def intervals(self, order: int) -> np.ndarray:
        """Return planes from the order-th last spike before the last one to it: int32 [h, w]."""
        return self.before[0] - self.before[order]

    def after(self) -> np.ndarray:
        """Return the numbers of the planes of the first and second spike after the instant.

        Returns: int32 [2, height, width]; where there is none yet, the plane after the newest.
        """
        found = np.empty((2, self.height, self.width), np.int32)
        _after(self.words, self.instant, self.lookahead, found)
        return found

    def count(self, first: int, end: int) -> np.ndarray:
        """Return the spikes in some planes: uint8 [height, width].

        Args:
            first: planes before the newest at which to begin, 0 = the newest itself.
            end: where to end, not included, at most 64.
        """
        mask = (1 << (PLANES_KEPT - first)) - (1 << (PLANES_KEPT - end))
        counts = np.empty((self.height, self.width), np.uint8)
        _count(self.words, np.uint64(mask), counts)
        return counts

    def stack(self, planes: int) -> np.ndarray:
        """Return the newest planes, the oldest of them first: uint8 [planes, height, width]."""
        stacked = np.empty((planes, self.height, self.width), np.uint8)
        _stack(self.words, stacked)
        return stacked


@njit(nogil=True, cache=True)
def _push(words, before, bits, number, delay, spread):
    # Row by row, so that what one row needs stays in the nearest cache for all planes; and one
    # short loop after the other, so that the compiler can tell that the arrays do not overlap.
    n_planes, height, row_bytes = bits.shape
    width = words.shape[1]
    row = np.empty(row_bytes, np.uint64)
    fired = row.view(np.uint8)
    for y in range(height):
        word = words[y]
        for plane in range(n_planes):
            for byte in range(row_bytes):
                row[byte] = spread[bits[plane, y, byte]]
            for x in range(width):
                newest = word[x] >> np.uint64(1) | np.uint64(fired[x]) << np.uint64(_NEWEST)
                word[x] = newest
                fired[x] = newest >> delay & np.uint64(1)
            for order in range(ORDERS, 0, -1):
                later, earlier = before[order - 1, y], before[order, y]
                for x in range(width):
                    one, other = later[x], earlier[x]
                    earlier[x] = one if fired[x] else other
            now, last = np.int32(number + plane), before[0, y]
            for x in range(width):
                one = last[x]
                last[x] = now if fired[x] else one


@njit(nogil=True, cache=True)
def _rebase(before):
    for index in np.ndindex(before.shape):
        before[index] = max(before[index] - _REBASE, NEVER)


@njit(nogil=True, cache=True)
def _popcount(word):
    return popcount(np.uint32(word)) + popcount(np.uint32(word >> np.uint64(32)))


@njit(nogil=True, cache=True)
def _after(words, instant, lookahead, found):
    one, none = np.uint64(1), np.uint32(lookahead)
    height, width = words.shape
    for y in range(height):
        for x in range(width):
            # Two shifts, because none is by the whole width of the word.
            later = words[y, x] >> one >> np.uint64(_NEWEST - lookahead)
            first = _popcount(~later & (later - one))
            later &= later - one
            second = _popcount(~later & (later - one))
            found[0, y, x] = instant + 1 + min(first, none)
            found[1, y, x] = instant + 1 + min(second, none)


@njit(nogil=True, cache=True)
def _count(words, mask, counts):
    height, width = words.shape
    for y in range(height):
        for x in range(width):
            counts[y, x] = _popcount(words[y, x] & mask)


@njit(nogil=True, cache=True)
def _stack(words, stacked):
    n_planes, height, width = stacked.shape
    for plane in range(n_planes):
        back = np.uint64(PLANES_KEPT - n_planes + plane)
        for y in range(height):
            for x in range(width):
                stacked[plane, y, x] = words[y, x] >> back & np.uint64(1)
