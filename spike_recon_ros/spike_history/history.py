# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spikes of each pixel around an instant, at a constant cost per plane.

The instant is some planes before the newest plane, so that spikes after it can be used as well.
"""

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.bit_operations import popcount64

PLANES_KEPT = 64
"""Planes that are stored: the bits of a word."""
ORDERS = 3
"""Highest order of an interval; an interval of order k spans k spikes."""
NEVER = -(2**30)
"""Plane number of a spike that has not been seen; so early that the rate is 0."""
_NEWEST = PLANES_KEPT - 1
_REBASE = 2**28
"""Plane numbers are reduced by this once they are twice as large, so that they never overflow and
the newest stays far from 0, where a stream begins."""
_AT_ONCE = 24
"""Planes that are appended in one step: as many bits as float32 represents exactly."""
_7, _14, _28 = np.uint64(7), np.uint64(14), np.uint64(28)
_8, _16 = np.uint32(8), np.uint32(16)
_PAIRS = np.uint64(0x00AA00AA00AA00AA)
_FOURS = np.uint64(0x0000CCCC0000CCCC)
_EIGHTS = np.uint64(0x00000000F0F0F0F0)
"""Bits that are swapped when blocks of 2x2, 4x4 and 8x8 bits are transposed."""


class SpikeHistory:
    """The last 64 planes as one word per pixel, and the last spikes up to the instant.

    The instant is `lookahead` planes before the newest plane. Spikes after it are read from the
    word; the last four spikes up to it are stored by plane number, however long ago they were. The
    state takes 24 bytes per pixel.

    Attributes:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead: planes between the instant and the newest plane.
        instant: plane number of the instant; negative before the first one.
        words: uint64 [height, width], bit 63 = newest plane, bit 62 = the plane before it.
        before: int32 [ORDERS + 1, height, width], plane numbers of the last spike at or before the
            instant, of the spike before it, and so on; NEVER if there is none.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead: planes after the instant, from 0 to 63.

    Raises:
        UserError: the lookahead is out of range.
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
        self.push(np.empty((0, height, -(-width // 8)), np.uint8))  # compile the kernels

    def push(self, bits: np.ndarray) -> None:
        """Append planes: `bits` uint8 [n, height, ceil(width / 8)], bit 0 leftmost."""
        if self.instant >= 2 * _REBASE:
            _rebase(self.before)
            self.instant -= _REBASE
        _push(self.words, self.before, bits, self.instant + 1, self.lookahead)
        self.instant += len(bits)

    def reset(self) -> None:
        """Drop all planes."""
        self.instant = -1 - self.lookahead
        self.words.fill(0)
        self.before.fill(NEVER)

    @property
    def end(self) -> int:
        """Number of the plane after the newest one."""
        return self.instant + self.lookahead + 1

    def has(self, ages: np.ndarray) -> np.ndarray:
        """Return which planes are stored or just before the first one, bool [n].

        Args:
            ages: planes before the newest one, int64 [n]; negative = not yet there.
        """
        return (ages >= 0) & (ages <= min(PLANES_KEPT - 1, self.end))

    def after(self) -> np.ndarray:
        """Return the plane numbers of the first and second spike after the instant.

        Returns: int32 [2, height, width]; `end` where there is none yet.
        """
        found = np.empty((2, self.height, self.width), np.int32)
        _after(self.words, self.instant, self.lookahead, found)
        return found

    def count(self, first: int, end: int) -> np.ndarray:
        """Return the number of spikes in a range of planes: uint8 [height, width].

        Args:
            first: first plane, counted back from the newest one, which is 0.
            end: end of the range, not included, counted in the same way; at most 64.
        """
        mask = (1 << (PLANES_KEPT - first)) - (1 << (PLANES_KEPT - end))
        counts = np.empty((self.height, self.width), np.uint8)
        _count(self.words, np.uint64(mask), counts)
        return counts

    def stack(self, planes: int) -> np.ndarray:
        """Return the newest planes in temporal order: uint8 [planes, height, width]."""
        stacked = np.empty((planes, self.height, self.width), np.uint8)
        _stack(self.words, stacked)
        return stacked


@njit(nogil=True, cache=True)
def _push(words, before, bits, number, lookahead):
    # Row by row, so that the data of a row stay in the first-level cache. Separate short loops let
    # the compiler prove that the arrays do not overlap, and vectorise.
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
    """Gather the bits of some planes in one word per pixel, bit 0 = the first plane."""
    row_bytes = bits.shape[2]
    squares[:] = 0
    for plane in range(planes):
        row, square, place = bits[start + plane, y], squares[plane // 8], np.uint64(plane % 8 * 8)
        for byte in range(row_bytes):
            square[byte] |= np.uint64(row[byte]) << place
    # Transpose blocks of 8x8 bits, after which a byte is a pixel and its bits are planes.
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
    """Shift planes into the words, and extract the bits that have reached the instant."""
    age, top = np.uint64(planes), np.uint64(PLANES_KEPT - planes)
    reached, mask = np.uint64(PLANES_KEPT - planes - lookahead), np.uint64((1 << planes) - 1)
    for x in range(word.shape[0]):
        newest = word[x] >> age | np.uint64(arrived[x]) << top
        word[x] = newest
        passed[x] = np.int32(newest >> reached & mask)


@njit(nogil=True, cache=True)
def _take_latest(passed, exact, number, latest):
    """Clear the highest bit of each mask and return its plane number, or NEVER."""
    # A mask of up to 24 bits is exact as a float, and the exponent is the position of the highest
    # bit. Unlike a search for the bit, this vectorises on every CPU.
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
    """Insert the new spikes of each pixel, if any, before the older ones."""
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
            # Two shifts, because a shift by the whole width of a word is undefined.
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
