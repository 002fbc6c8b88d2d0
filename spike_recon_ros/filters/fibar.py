# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""FIBAR: a temporal band-pass at each pixel, and a spatial mean where activity has passed.

Comes in: windows of events. Goes out: intensity, float32 [height, width], around zero. Knows
nothing about time: only the number and the order of the events count, so a slow scene and a fast
one give the same picture, and how the stream was cut into windows or packets changes nothing.

Method: Pfrommer, "FIBAR", arXiv 2510.20071. Per event of polarity p = +-1 at a pixel:

    dp = p - pbar;  L = beta L + (1 + beta) / 2 dp;  pbar = alpha pbar + (1 - alpha) p

pbar is the running mean of the polarity (what is left of it is the imbalance of the pixel's
thresholds, not of the scene), L the leaky sum of what deviates from it. Events come from edges
only, so a pixel that an edge has left keeps its noise for ever. Therefore the last events are
kept in a sliding window; a pixel is active while one of its events is in it, and a pixel that
drops out is replaced by the 3x3 Gaussian mean of its surroundings. The window finds its length by
itself: it grows by one event as long as less than `fill_ratio` of the pixels in the 2x2 tiles
with any active pixel are active (edges are still traced with gaps), otherwise it shrinks by one.
"""

import math

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.windows.window import Window

# One record a pixel, so that an event touches one cache line: L, pbar, and 1 + the place in the
# sliding window of the pixel's last event there (0 = not active).
_PIXEL = np.dtype([('level', np.float32), ('mean', np.float32), ('slot', np.int32)])
_TILE_PIXELS = 4

# Places in the array of counters.
_HEAD, _LENGTH, _ACTIVE_PIXELS, _ACTIVE_TILES = range(4)


def coefficients(cutoff_num_events: float) -> tuple[float, float]:
    """Return alpha and beta of the temporal filter for a cut-off period in events.

    Raises:
        UserError: for a period of 4 events or fewer, where no such filter exists.
    """
    if not cutoff_num_events > 4.0:
        raise UserError(
            f'cutoff_num_events is {cutoff_num_events}; it must be larger than 4 events'
        )
    omega = 2.0 * math.pi / cutoff_num_events
    alpha = (1.0 - math.sin(omega)) / math.cos(omega)
    phi = 2.0 - math.cos(omega)
    return alpha, phi - math.sqrt(phi * phi - 1.0)


class Fibar:
    """The filter with its state, 12 bytes a pixel and 4 to 8 bytes a pixel of sliding window.

    The sliding window holds at most as many events as the sensor has pixels (rounded up to a
    power of two): where the fill ratio is never reached, by a blinking line one pixel wide for
    example, it stops growing there. That is no limit to a scene: even noise all over the sensor
    reaches 0.6 with 0.9 events a pixel. One event costs constant time, amortised.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        cutoff_num_events: cut-off period of the temporal filter, in events a pixel.
        fill_ratio: share of the pixels of active tiles that the window keeps active, above 0.25
            (a tile is active because of one pixel in four) and up to 1.

    Raises:
        UserError: if `cutoff_num_events` is 4 or less.
        ValueError: if `fill_ratio` is outside its range.
    """

    name = 'fibar'
    longest_window_ns = 0

    def __init__(
        self, width: int, height: int, cutoff_num_events: float = 40.0, fill_ratio: float = 0.6
    ) -> None:
        if not 1.0 / _TILE_PIXELS < fill_ratio <= 1.0:
            raise ValueError(f'fill_ratio is {fill_ratio}; it must be above 0.25 and at most 1')
        alpha, beta = coefficients(cutoff_num_events)
        self._constants = np.float32(alpha), np.float32(beta), _TILE_PIXELS * fill_ratio
        self._pixels = np.zeros((height, width), _PIXEL)
        self._tiles = np.zeros(((height + 1) // 2, (width + 1) // 2), np.uint8)
        capacity = 1 << (width * height).bit_length()
        self._ring = np.empty(capacity, np.uint32)  # y << 16 | x
        self._counters = np.zeros(4, np.int64)
        self.step(Window(0, 0, Events.empty()))  # compiles now, not at the first packet

    def step(self, window: Window) -> np.ndarray:
        """Take one window in; return float32 [height, width], 0 where nothing ever happened."""
        events = window.samples
        state = self._pixels, self._tiles, self._ring, self._counters
        _filter_events(state, (events.x, events.y, events.p), self._constants)
        return self._pixels['level'].copy()

    def reset(self) -> None:
        """Forget every event."""
        self._pixels.fill(0)
        self._tiles.fill(0)
        self._counters.fill(0)

    def close(self) -> None:
        """Nothing to give back."""


@njit(nogil=True, cache=True)
def _smooth(pixels, x, y):
    """Replace a level by the 3x3 Gaussian mean; the sensor's border is repeated beyond it."""
    height, width = pixels.shape
    up, down = max(y - 1, 0), min(y + 1, height - 1)
    left, right = max(x - 1, 0), min(x + 1, width - 1)
    edges = (
        pixels[up, x].level
        + pixels[down, x].level
        + pixels[y, left].level
        + pixels[y, right].level
    )
    corners = (
        pixels[up, left].level
        + pixels[up, right].level
        + pixels[down, left].level
        + pixels[down, right].level
    )
    pixels[y, x].level = (
        np.float32(0.25) * pixels[y, x].level
        + np.float32(0.125) * edges
        + np.float32(0.0625) * corners
    )


@njit(nogil=True, cache=True)
def _filter_events(state, events, constants):
    pixels, tiles, ring, counters = state
    xs, ys, ps = events
    alpha, beta, pixels_per_tile = constants
    head, length = counters[_HEAD], counters[_LENGTH]
    active_pixels, active_tiles = counters[_ACTIVE_PIXELS], counters[_ACTIVE_TILES]
    wrap = ring.size - 1  # the size is a power of two
    gain = np.float32(0.5) * (np.float32(1.0) + beta)
    share = np.float32(1.0) - alpha
    for i in range(xs.size):
        x, y = np.int64(xs[i]), np.int64(ys[i])
        polarity = np.float32(2 * np.int32(ps[i]) - 1)
        pixel = pixels[y, x]
        mean = pixel.mean
        pixel.level = beta * pixel.level + gain * (polarity - mean)
        pixel.mean = alpha * mean + share * polarity

        # Sums of conditions instead of branches: noise makes them unpredictable.
        starts = np.int64(pixel.slot == 0)
        in_tile = tiles[y >> 1, x >> 1]
        active_pixels += starts
        active_tiles += starts & np.int64(in_tile == 0)
        tiles[y >> 1, x >> 1] = in_tile + starts
        ring[head] = np.uint32((y << 16) | x)
        pixel.slot = np.int32(head + 1)
        head = (head + 1) & wrap
        length += 1

        drops = np.int64(length > wrap)
        if active_pixels >= pixels_per_tile * active_tiles:
            drops = 2
        for _ in range(drops):
            tail = (head - length) & wrap
            length -= 1
            packed = np.int64(ring[tail])
            old_x, old_y = packed & 0xFFFF, packed >> 16
            if pixels[old_y, old_x].slot == tail + 1:  # no later event of it is in the window
                pixels[old_y, old_x].slot = 0
                _smooth(pixels, old_x, old_y)
                left_in_tile = tiles[old_y >> 1, old_x >> 1] - 1
                tiles[old_y >> 1, old_x >> 1] = left_in_tile
                active_pixels -= 1
                active_tiles -= np.int64(left_in_tile == 0)
    counters[_HEAD], counters[_LENGTH] = head, length
    counters[_ACTIVE_PIXELS], counters[_ACTIVE_TILES] = active_pixels, active_tiles
