# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Steadies the image where no event falls.

An event camera is silent where brightness does not change by more than its threshold, but the
image of a recurrent network flickers there, because everything else in its field of view changes.
So pixels far from events follow the network with a time constant, and pixels amid events follow
at once. Large differences are followed faster: they are no flicker, the network has learned
something from what moves around the pixel.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events

TILE = 4
"""Side of the tiles in which events are counted, pixels of the sensor."""
SLOW_S = 0.1
"""Time constant with which small differences are followed where no event falls."""
FAST_S = 0.001
"""The time constant of a difference of d times the output range is at most FAST_S / d."""
RECENT_S = 0.03
"""Events are forgotten within this time, so that at high frame rates the image follows as fast."""
F32, U64 = np.float32, np.uint64


class QuietHold:
    """The image of one network that was shown last.

    Args:
        height: rows of the sensor.
        width: columns of the sensor.
        scale: pixels of the image per pixel of the sensor, along each side.
        span: difference between white and black in the image.
    """

    def __init__(self, height: int, width: int, scale: int = 1, span: float = 1.0) -> None:
        self._span = span
        # With a border, so that every pixel lies between four tiles.
        self._counts = np.zeros((-(-height // TILE) + 2, -(-width // TILE) + 2), F32)
        self._rows = _between(scale * height, scale * TILE)
        self._columns = _between(scale * width, scale * TILE)
        self._image = np.empty((scale * height, scale * width), F32)
        self.reset()

    def reset(self) -> None:
        """Forget the image and the events; the next image is shown as it is."""
        self._counts.fill(0.0)
        self._seconds = 0.0
        self._is_empty = True

    def add(self, events: Events, seconds: float, *, has_lamp: bool = False) -> None:
        """Add the events of the next window, whether or not an image is made of it.

        Args:
            events: that the network reads.
            seconds: length of the window.
            has_lamp: whether a flickering lamp causes most of the events. They fall everywhere,
                and tell nothing about where to follow the network.
        """
        self._counts *= F32(max(1.0 - seconds / RECENT_S, 0.0))
        if len(events):
            if not has_lamp:
                _count(events.x, events.y, self._counts)
            # Without events the network does not run, so there is nothing to follow.
            self._seconds += seconds

    def follow(self, image: np.ndarray) -> np.ndarray:
        """Return the steadied image; it is overwritten by the next call.

        Args:
            image: float32 [rows, columns], the image of the network; what is beyond the sensor is
                ignored.
        """
        if self._is_empty:
            height, width = self._image.shape
            self._image[:] = image[:height, :width]
            self._is_empty = False
        else:
            kept = np.exp(-self._counts)
            kept[0], kept[-1] = kept[1], kept[-2]
            kept[:, 0], kept[:, -1] = kept[:, 1], kept[:, -2]
            new = np.ascontiguousarray(image)
            slow, fast = F32(self._seconds / SLOW_S), F32(self._seconds / (FAST_S * self._span))
            _follow(self._image, new, kept, self._rows, self._columns, slow, fast)
        self._seconds = 0.0
        return self._image


def _between(length: int, tile: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the tile whose centre is before each pixel, and the weight of the next tile."""
    places = (np.arange(length) + 0.5) / tile + 0.5
    before = places.astype(np.int32)
    return before, (places - before).astype(F32)


@njit(nogil=True, cache=True)
def _count(xs, ys, counts):
    """Add the events to the counts of their tiles, which have a border of one tile."""
    for i in range(xs.size):
        # Unsigned, because Python's negative indices take time.
        row, column = U64(ys[i]) // U64(TILE), U64(xs[i]) // U64(TILE)
        counts[row + U64(1), column + U64(1)] += F32(1)


@njit(nogil=True, cache=True)
def _widen(tiles, columns, row):
    """Interpolate a row of tiles at each column."""
    before, weights = columns
    for x in range(row.size):
        left, right = tiles[before[x]], tiles[before[x] + 1]
        row[x] = left + weights[x] * (right - left)


@njit(nogil=True, cache=True, error_model='numpy')
def _follow(image, new, tiles, rows, columns, slow, fast):
    """Move the image towards a new one.

    Args:
        image: float32 [height, width], updated.
        new: float32, as large or larger; contiguous, or the inner loop is not vectorised.
        tiles: float32 [tile rows, tile columns], 1 where there is no event, 0 where there are
            many.
        rows: of `_between`.
        columns: of `_between`.
        slow: time that has passed in units of SLOW_S.
        fast: the same in units of FAST_S, per intensity.
    """
    # The error model of numpy has no test for division by zero, which would keep the inner loop
    # from being vectorised.
    one = F32(1.0)
    before, weights = rows
    upper, lower = np.empty(image.shape[1], F32), np.empty(image.shape[1], F32)
    row = -1
    for y in range(image.shape[0]):
        if before[y] != row:
            row = before[y]
            _widen(tiles[row], columns, upper)
            _widen(tiles[row + 1], columns, lower)
        weight, line, target = weights[y], image[y], new[y]
        for x in range(image.shape[1]):
            kept = upper[x] + weight * (lower[x] - upper[x])
            change = target[x] - line[x]
            followed = one - kept / (one + slow + fast * abs(change))
            value = line[x] + followed * change
            # After a value that is not a number, the image starts again.
            line[x] = value if value == value else target[x]  # noqa: PLR0124
