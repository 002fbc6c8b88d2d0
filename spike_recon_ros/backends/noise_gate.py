# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Keeps noise away from the recurrent state where nothing moves.

A network slowly replaces a resting scene by the noise of the sensor. Without events its state
stays, so the events of a part of the image are removed while they look like noise alone. Where
anything else happens every event passes, so nothing is lost of faint edges in a moving scene; a
filter of single events would remove those, too.
"""

import dataclasses

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.neighbours import NEVER_NS, latest_around
from spike_recon_ros.windows.window import Window

U64 = np.uint64
_LOW = 0xFFFFFFFF
TILE = 16
"""Side of a tile, pixels. Tiles pass or stay closed as a whole."""
SUPPORT_NS = 5_000_000
"""An event is supported if a pixel beside it fired in this time before it."""
MEMORIES_S = 0.05, 0.4
"""Time constants of the counts of a tile: a short one opens a tile at once, a long one shows faint
motion in strong noise."""
SIGMAS, LEAST = 3.0, 2.0
"""A tile opens if the events that are supported by their own polarity exceed those of noise by
`SIGMAS * deviation + LEAST`."""
FEWEST_EXPECTED = 3.0
"""Events that are missed altogether with a probability of 5 %."""
LARGEST_NOISE_HZ = 20.0
"""Events per pixel and second above which a tile is open in any case."""
MOVING_SHARE = 0.4
"""Share of open tiles above which the camera moves; then every tile is open."""
MANY_EVENTS, MOST_TESTED = 1 << 17, 64
"""In windows with more events than the first number, as from an HD camera in motion, only so many
of each tile are tested for support: the tests take most of the time of the gate."""
MOVING_TESTED, MOVING_NS = 4, 10_000_000
"""While the camera moves, every n-th tile is tested in such windows, in their last part of this
length."""


class NoiseGate:
    """Removes the events of tiles that show nothing but noise.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.

    Attributes:
        removed: events removed since construction.
        open_tiles: bool [rows, columns], the tiles whose events passed in the last window that
            had events; all while the camera moves.
    """

    def __init__(self, width: int, height: int) -> None:
        self.removed = 0
        tiles = -(-height // TILE), -(-width // TILE)
        self.open_tiles = np.zeros(tiles, np.bool_)
        # With a border, so that every pixel and every tile has 8 neighbours.
        self._last_ns = np.empty((2, height + 2, width + 2), np.int64)
        # Events, ON events, tested events, and tested events supported by the same and by the
        # other polarity, for each of MEMORIES_S.
        self._counts = np.empty((len(MEMORIES_S), 5, *tiles))
        self._seconds = np.empty(len(MEMORIES_S))
        # Number of each tile, and of the window; tiles take turns in being tested.
        self._turn = np.add.outer(2 * np.arange(tiles[0]), np.arange(tiles[1]))
        self._window = 0
        self._is_moving = False
        self.reset()

    def apply(self, window: Window) -> Window:
        """Return a window without the events of tiles that show noise alone."""
        events = window.samples
        seconds = (window.t_end_ns - window.t_start_ns) / 1e9
        kept = np.exp(-seconds / np.array(MEMORIES_S))
        self._seconds = self._seconds * kept + seconds
        self._counts *= kept[:, None, None, None]
        if not len(events):
            return window
        arrays = events.x, events.y, events.p, events.t_ns
        self._count(arrays)
        is_open = self._opened()
        self._is_moving = bool(is_open.mean() > MOVING_SHARE)
        if self._is_moving:
            self.open_tiles = np.ones_like(is_open)
            return window
        self.open_tiles = _open_around(is_open) > 0  # an edge enters a tile with few events
        # A border of the nearest values, for the interpolation between tiles.
        share = np.pad(self.open_tiles.astype(np.float32), 1, mode='edge')
        chosen = _chosen(arrays, share)
        passed = int(np.count_nonzero(chosen))
        self.removed += len(events) - passed
        if passed == len(events):
            return window
        x, y, p, t_ns = (array[chosen] for array in arrays)
        left = Events(x, y, p, t_ns, events.triggers)
        return dataclasses.replace(window, samples=left)

    def reset(self) -> None:
        """Forget every event."""
        self.open_tiles = np.zeros_like(self.open_tiles)
        self._last_ns.fill(NEVER_NS)
        self._counts.fill(0.0)
        self._seconds.fill(0.0)
        self._window = 0
        self._is_moving = False

    def _count(self, arrays: tuple[np.ndarray, ...]) -> None:
        """Add the events of a window to the counts."""
        numbers = np.zeros(self._turn.shape, np.uint64)
        _count(arrays, numbers)
        self._counts[:, 0] += numbers & U64(_LOW)
        self._counts[:, 1] += numbers >> U64(32)
        count = len(arrays[0])
        most = np.full(self._turn.shape, count, np.int32)
        if count > MANY_EVENTS:
            most[:] = self._most_tested()
        start_ns = arrays[3][0]
        if not most.any():
            start_ns = arrays[3][-1]
        elif self._is_moving and count > MANY_EVENTS:
            start_ns = arrays[3][-1] - MOVING_NS
        # Events before both cannot support a later one.
        first, tested_from = np.searchsorted(arrays[3], (start_ns - SUPPORT_NS, start_ns))
        tested = np.zeros((*self._turn.shape, 3), np.int64)
        _test(arrays, int(first), int(tested_from), most, self._last_ns, tested)
        self._counts[:, 2:] += np.moveaxis(tested, -1, 0)
        if count <= MANY_EVENTS:  # all were tested
            self._notice_stops()

    def _most_tested(self) -> np.ndarray:
        """Return how many events of each tile to test in a window with many."""
        is_fast = self._rates_hz()[0] > LARGEST_NOISE_HZ
        if is_fast.mean() > MOVING_SHARE:
            return np.zeros_like(self._turn)
        self._window += 1
        is_tested = ~is_fast
        if self._is_moving:
            is_tested &= self._turn % MOVING_TESTED == self._window % MOVING_TESTED
        return MOST_TESTED * is_tested

    def _rates_hz(self) -> np.ndarray:
        """Return events per pixel and second, [memories, rows, columns] of tiles."""
        seconds = np.maximum(self._seconds, 1e-6)[:, None, None]
        return self._counts[:, 0] / (TILE * TILE * seconds)

    def _opened(self) -> np.ndarray:
        """Return which tiles show more than noise, bool [rows, columns].

        Long counts open a tile only beside another one. Noise whose polarities are not independent
        opens single tiles, here and there, while what moves reaches into the next one.
        """
        short, long = self._counts[:, 3] > self._limits()
        short |= self._rates_hz()[0] > LARGEST_NOISE_HZ
        either = short | long
        return short | (long & (_open_around(either) > either))

    def _notice_stops(self) -> None:
        """Limit the long counts of supported events to what the short ones allow.

        After strong motion the long count would keep a tile open for seconds, in which noise wears
        the scene away.
        """
        short, long = self._counts[:, 3]
        highest = short + 2.0 * np.sqrt(short) + FEWEST_EXPECTED
        ratio = self._seconds[1] / max(self._seconds[0], 1e-6)
        np.minimum(long, highest * ratio, out=long)

    def _limits(self) -> np.ndarray:
        """Return how many events noise supports at most, [memories, rows, columns] of tiles.

        The polarities of noise beside each other are independent. So what the other polarity
        supports shows how much noise of this rate and unevenness supports by chance.
        """
        events, on, tested, _, other = self._counts.swapaxes(0, 1)
        on_share = on / np.maximum(events, 1.0)
        equal = on_share**2 + (1.0 - on_share) ** 2
        ratio = equal / np.maximum(1.0 - equal, 0.05)
        by_rate = tested * (1.0 - np.exp(-8.0 * self._rates_hz() * equal * SUPPORT_NS / 1e9))
        by_chance = np.maximum(ratio * other, by_rate)
        deviation = np.sqrt(by_chance + ratio**2 * other)
        return by_chance + SIGMAS * deviation + LEAST


def _open_around(tiles: np.ndarray) -> np.ndarray:
    """Return how many of a tile and its eight neighbours are open."""
    padded = np.pad(tiles.astype(np.uint8), 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]


@njit(nogil=True, cache=True)
def _count(arrays, numbers):
    """Add the events of each tile to its number, and ON events to the upper 32 bits of it."""
    xs, ys, ps, _ = arrays
    for i in range(xs.size):
        one = U64(1) | U64(ps[i]) << U64(32)
        numbers[U64(ys[i]) // U64(TILE), U64(xs[i]) // U64(TILE)] += one


@njit(nogil=True, cache=True)
def _test(arrays, start, tested_from, most, last_ns, tested):
    """Test the first events of each tile for support.

    Args:
        arrays: of the events.
        start: the first event to look at.
        tested_from: the first event to test.
        most: int32 [rows, columns]: events of each tile to test; overwritten.
        last_ns: latest event of each pixel and polarity, with a border; updated.
        tested: int64 [rows, columns, 3]: tested events, and those supported by the same and by the
            other polarity; added to.
    """
    xs, ys, ps, ts_ns = arrays
    # Two loops, because whether to test an event cannot be predicted.
    chosen, count = np.empty(xs.size + 1, np.uint32), U64(0)
    for i in range(tested_from, xs.size):
        row, column = U64(ys[i]) // U64(TILE), U64(xs[i]) // U64(TILE)
        chosen[count] = i
        is_tested = most[row, column] > 0
        most[row, column] -= is_tested
        count += U64(is_tested)
    chosen[count] = xs.size
    k = U64(0)
    for i in range(start, xs.size):
        x, y, p, t_ns = U64(xs[i]), U64(ys[i]), U64(ps[i]), ts_ns[i]
        if chosen[k] == i:
            k += U64(1)
            since_ns = t_ns - SUPPORT_NS
            tile = tested[y // U64(TILE), x // U64(TILE)]
            tile[0] += 1
            tile[1] += latest_around(last_ns[p], x, y) >= since_ns
            tile[2] += latest_around(last_ns[U64(1) - p], x, y) >= since_ns
        last_ns[p, y + U64(1), x + U64(1)] = t_ns


@njit(nogil=True, cache=True)
def _chosen(arrays, share):
    """Choose events at random with the share of their place, interpolated between tiles.

    A sharp border between open and closed tiles would show in the image. The choice depends on the
    event only, so it is the same in every run.
    """
    xs, ys, _, ts_ns = arrays
    chosen = np.empty(xs.size, np.bool_)
    for i in range(xs.size):
        column, row = (xs[i] + 0.5) / TILE + 0.5, (ys[i] + 0.5) / TILE + 0.5
        left, upper = np.int64(column), np.int64(row)
        right, lower = column - left, row - upper
        above = share[upper, left] * (1.0 - right) + share[upper, left + 1] * right
        below = share[upper + 1, left] * (1.0 - right) + share[upper + 1, left + 1] * right
        number = np.uint64(ts_ns[i]) // np.uint64(1000) * np.uint64(0x9E3779B97F4A7C15)
        number ^= (np.uint64(xs[i]) << np.uint64(40)) ^ (np.uint64(ys[i]) << np.uint64(20))
        number *= np.uint64(0xBF58476D1CE4E5B9)
        draw = np.float64(number >> np.uint64(40)) / 2**24
        chosen[i] = draw < above * (1.0 - lower) + below * lower
    return chosen
