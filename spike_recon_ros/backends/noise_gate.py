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
LARGEST_NOISE_HZ = 20.0
"""Events per pixel and second above which a tile is open in any case."""
MOVING_SHARE = 0.4
"""Share of open tiles above which the camera moves; then every tile is open."""
MANY_EVENTS, MOST_TESTED = 1 << 17, 64
"""In windows with more events than the first number, as from an HD camera in motion, only so many
of each tile are tested for support: the test costs most of the gate, and these are enough."""


class NoiseGate:
    """Removes the events of tiles that show nothing but noise.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.

    Attributes:
        removed: events removed since construction.
    """

    def __init__(self, width: int, height: int) -> None:
        self.removed = 0
        tiles = -(-height // TILE), -(-width // TILE)
        # With a border, so that every pixel and every tile has 8 neighbours.
        self._last_ns = np.empty((2, height + 2, width + 2), np.int64)
        # Events, ON events, and events supported by the same and by the other polarity, for each
        # of MEMORIES_S.
        self._counts = np.empty((len(MEMORIES_S), 4, *tiles))
        self._seconds = np.empty(len(MEMORIES_S))
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
        self._counts += self._counted(arrays)
        is_open = self._shows_more_than_noise()
        if is_open.mean() > MOVING_SHARE:
            return window
        # A border of the nearest values, for the interpolation between tiles.
        share = np.pad(_with_neighbours(is_open).astype(np.float32), 1, mode='edge')
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
        self._last_ns.fill(NEVER_NS)
        self._counts.fill(0.0)
        self._seconds.fill(0.0)

    def _counted(self, arrays: tuple[np.ndarray, ...]) -> np.ndarray:
        """Return the counts of the events of a window, [4, rows, columns] of tiles."""
        tiles = self._counts.shape[2:]
        counts = np.zeros((*tiles, 5), np.int64)
        count = len(arrays[0])
        most_tested = MOST_TESTED if count > MANY_EVENTS else count
        _count(arrays, most_tested, self._last_ns, counts)
        events, on, tested, same, other = np.moveaxis(counts, -1, 0)
        per_tested = events / np.maximum(tested, 1)
        return np.stack([events, on, same * per_tested, other * per_tested])

    def _shows_more_than_noise(self) -> np.ndarray:
        """Return bool [rows, columns] of tiles.

        The polarities of noise beside each other are independent. So what the other polarity
        supports shows how much noise of this rate and unevenness supports by chance.
        """
        events, on, same, other = self._counts.swapaxes(0, 1)
        seconds = np.maximum(self._seconds, 1e-6)[:, None, None]
        rates_hz = events / (TILE * TILE * seconds)
        on_share = on / np.maximum(events, 1.0)
        equal = on_share**2 + (1.0 - on_share) ** 2
        ratio = equal / np.maximum(1.0 - equal, 0.05)
        by_rate = events * (1.0 - np.exp(-8.0 * rates_hz * equal * SUPPORT_NS / 1e9))
        by_chance = np.maximum(ratio * other, by_rate)
        deviation = np.sqrt(by_chance + ratio**2 * other)
        opens = (same > by_chance + SIGMAS * deviation + LEAST) | (rates_hz > LARGEST_NOISE_HZ)
        return opens.any(axis=0)


def _with_neighbours(tiles: np.ndarray) -> np.ndarray:
    """Open the tiles around an open one, too: an edge enters with few events."""
    padded = np.pad(tiles, 1)
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    return rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]


@njit(nogil=True, cache=True)
def _count(arrays, most_tested, last_ns, counts):
    """Count the events of each tile, and test the first ones for support.

    The counts are: events, ON events, tested ones, and supported by the same and by the other
    polarity.
    """
    xs, ys, ps, ts_ns = arrays
    # Two loops, because the counts of the first one would stall the second.
    tested, count = np.empty(xs.size + 1, np.uint32), U64(0)
    for i in range(xs.size):
        tile = counts[U64(ys[i]) // U64(TILE), U64(xs[i]) // U64(TILE)]
        tile[0] += 1
        tile[1] += ps[i]
        tested[count] = i
        count += U64(tile[0] <= most_tested)
    tested[count] = xs.size
    k = U64(0)
    for i in range(xs.size):
        x, y, p, t_ns = U64(xs[i]), U64(ys[i]), U64(ps[i]), ts_ns[i]
        if tested[k] == i:
            k += U64(1)
            since_ns = t_ns - SUPPORT_NS
            tile = counts[y // U64(TILE), x // U64(TILE)]
            tile[2] += 1
            tile[3] += latest_around(last_ns[p], x, y) >= since_ns
            tile[4] += latest_around(last_ns[U64(1) - p], x, y) >= since_ns
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
