# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spikes around an instant, pixel by pixel, at a fixed cost a plane.

Comes in: packed planes. Goes out: the raw planes, sums over planes and the spikes next to an
instant that lies some planes back. Knows nothing about time in nanoseconds, packets, or what an
image is made of.
"""

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.bit_operations import popcount64

PLANES_KEPT = 64
"""Planes that can be looked at again: the bits of a word."""
ORDERS = 3
"""An interval of order k lasts from one spike to the k-th after it."""
NEVER = -(2**30)
"""Number of the plane of a spike that was not seen: so early that its rate is 0."""
_NEWEST = PLANES_KEPT - 1
_REBASE = 2**28
"""Numbers of planes are lowered by so much once they are twice as large: that of the newest stays
far from 0, where a stream begins."""
_AT_ONCE = 24
"""Planes that are taken in at once: so many bits are exact as a float."""
_7, _14, _28 = np.uint64(7), np.uint64(14), np.uint64(28)
_8, _16 = np.uint32(8), np.uint32(16)
_PAIRS = np.uint64(0x00AA00AA00AA00AA)
_FOURS = np.uint64(0x0000CCCC0000CCCC)
_EIGHTS = np.uint64(0x00000000F0F0F0F0)
"""Corners that change places when squares of 2, 4 and 8 bits are transposed."""


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
        if self.instant >= 2 * _REBASE:
            _rebase(self.before)
            self.instant -= _REBASE
        _push(self.words, self.before, bits, self.instant + 1, self.lookahead)
        self.instant += len(bits)

    def reset(self) -> None:
        """Forget every plane."""
        self.instant = -1 - self.lookahead
        self.words.fill(0)
        self.before.fill(NEVER)

    @property
    def end(self) -> int:
        """Number of the plane after the newest."""
        return self.instant + self.lookahead + 1

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
def _push(words, before, bits, number, lookahead):
    # Row by row, so that what one row needs stays in the nearest caches; and one short loop after
    # the other, so that the compiler can tell that the arrays do not overlap.
    n_planes, height, _ = bits.shape
    width = words.shape[1]
    most = min(_AT_ONCE, PLANES_KEPT - lookahead)
    squares = np.empty((_AT_ONCE // 8, bits.shape[2]), np.uint64)
    arrived = np.empty(width, np.uint32)
    passed, latest = np.empty(width, np.int32), np.empty((ORDERS + 1, width), np.int32)
    exact = np.empty(width, np.float32)
    for y in range(height):
        for start in range(0, n_planes, most):
            planes = min(most, n_planes - start)
            _gather(bits, start, planes, y, squares, arrived)
            _shift(words[y], arrived, planes, lookahead, passed)
            for order in range(ORDERS + 1):
                _take_latest(passed, exact, np.int32(number + start), latest[order])
            _insert(latest, before, y)


@njit(nogil=True, cache=True)
def _gather(bits, start, planes, y, squares, arrived):
    """Make planes to words a pixel, bit 0 = the first of them."""
    row_bytes = bits.shape[2]
    squares[:] = 0
    for plane in range(planes):
        row, square, place = bits[start + plane, y], squares[plane // 8], np.uint64(plane % 8 * 8)
        for byte in range(row_bytes):
            square[byte] |= np.uint64(row[byte]) << place
    # Rows and columns of 8x8 bits change places: then a byte is a pixel, and its bits are planes.
    for group in range(squares.shape[0]):
        square = squares[group]
        for byte in range(row_bytes):
            block = square[byte]
            swapped = (block ^ block >> _7) & _PAIRS
            block ^= swapped ^ swapped << _7
            swapped = (block ^ block >> _14) & _FOURS
            block ^= swapped ^ swapped << _14
            swapped = (block ^ block >> _28) & _EIGHTS
            square[byte] = block ^ swapped ^ swapped << _28
    octets = squares.view(np.uint8)
    early, middle, late = octets[0], octets[1], octets[2]
    for x in range(arrived.shape[0]):
        arrived[x] = early[x] | np.uint32(middle[x]) << _8 | np.uint32(late[x]) << _16


@njit(nogil=True, cache=True)
def _shift(word, arrived, planes, lookahead, passed):
    """Move planes into the words, and out the bits that have reached the instant."""
    age, top = np.uint64(planes), np.uint64(PLANES_KEPT - planes)
    reached, mask = np.uint64(PLANES_KEPT - planes - lookahead), np.uint64((1 << planes) - 1)
    for x in range(word.shape[0]):
        newest = word[x] >> age | np.uint64(arrived[x]) << top
        word[x] = newest
        passed[x] = np.int32(newest >> reached & mask)


@njit(nogil=True, cache=True)
def _take_latest(passed, exact, number, latest):
    """Clear the highest bit of each mask and tell the plane that it stands for, or NEVER."""
    # A mask of up to 24 bits is exact as a float, whose exponent is the place of its highest bit:
    # unlike a search for it, that is the same instruction for many pixels at once everywhere.
    for x in range(passed.shape[0]):
        exact[x] = np.float32(passed[x])
    bits_of_float = exact.view(np.int32)
    for x in range(passed.shape[0]):
        place = (bits_of_float[x] >> 23) - 127
        found = place >= 0
        latest[x] = number + place if found else NEVER
        passed[x] = passed[x] ^ (1 << (place & 31)) if found else 0


@njit(nogil=True, cache=True)
def _insert(latest, before, y):
    """Put the spikes of each pixel, as many as there are, in front of those that came before."""
    new0, new1, new2, new3 = latest[0], latest[1], latest[2], latest[3]
    old0, old1, old2, old3 = before[0, y], before[1, y], before[2, y], before[3, y]
    for x in range(new0.shape[0]):
        a, b, c, d = new0[x], new1[x], new2[x], new3[x]
        w, q, r, s = old0[x], old1[x], old2[x], old3[x]
        old3[x] = d if d >= 0 else w if c >= 0 else q if b >= 0 else r if a >= 0 else s
        old2[x] = c if c >= 0 else w if b >= 0 else q if a >= 0 else r
        old1[x] = b if b >= 0 else w if a >= 0 else q
        old0[x] = a if a >= 0 else w


@njit(nogil=True, cache=True)
def _rebase(before):
    for index in np.ndindex(before.shape):
        before[index] = max(before[index] - _REBASE, NEVER)


@njit(nogil=True, cache=True)
def _after(words, instant, lookahead, found):
    one, none = np.uint64(1), np.uint32(lookahead)
    height, width = words.shape
    for y in range(height):
        for x in range(width):
            # Two shifts, because none is by the whole width of the word.
            later = words[y, x] >> one >> np.uint64(_NEWEST - lookahead)
            first = popcount64(~later & (later - one))
            later &= later - one
            second = popcount64(~later & (later - one))
            found[0, y, x] = instant + 1 + min(first, none)
            found[1, y, x] = instant + 1 + min(second, none)


@njit(nogil=True, cache=True)
def _count(words, mask, counts):
    height, width = words.shape
    for y in range(height):
        for x in range(width):
            counts[y, x] = popcount64(words[y, x] & mask)


@njit(nogil=True, cache=True)
def _stack(words, stacked):
    n_planes, height, width = stacked.shape
    for plane in range(n_planes):
        back = np.uint64(PLANES_KEPT - n_planes + plane)
        for y in range(height):
            for x in range(width):
                stacked[plane, y, x] = words[y, x] >> back & np.uint64(1)
