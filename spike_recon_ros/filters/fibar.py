# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""FIBAR: a temporal band-pass filter per pixel, and a spatial mean where activity has ended.

The intensity is centred on zero. It depends on the number and the order of the events, not on
their times: slow and fast scenes give the same image, and neither windows nor packets matter.

Method: Pfrommer, "FIBAR", arXiv 2510.20071. Per event of polarity p = +-1 at a pixel:

    dp = p - pbar;  L = beta L + (1 + beta) / 2 dp;  pbar = alpha pbar + (1 - alpha) p

pbar is the running mean of the polarity, which in the long run is the imbalance of the pixel's
thresholds; L is the leaky sum of the deviations from it. Events come from edges only, so a pixel
would keep its noise after an edge has left. Therefore a sliding window holds the latest events. A
pixel is active while one of its events is in the window. When a pixel becomes inactive, its level
is replaced by the 3x3 Gaussian mean around it. The length of the window adapts: it grows by one
event while less than FILL_RATIO of the pixels in active 2x2 tiles are active, as edges then have
gaps; otherwise it shrinks by one.
"""

import math

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.prefetch import AHEAD, prefetch
from spike_recon_ros.windows.window import Window

U64, ONE = np.uint64, np.uint64(1)
# One record per pixel, so that an event touches one cache line: L, pbar, and 1 + the index in the
# ring of the pixel's latest event (0 = not active).
_PIXEL = np.dtype([('level', np.float32), ('mean', np.float32), ('slot', np.int32)])
FILL_RATIO = 0.6
"""Share of active pixels in active tiles that the window adapts to; above 1/4, because one active
pixel of four makes a tile active."""
_TILE_PIXELS = 4

# Indices in the array of counters.
_HEAD, _LENGTH, _ACTIVE_PIXELS, _ACTIVE_TILES = range(4)


def coefficients(cutoff_num_events: float) -> tuple[float, float]:
    """Return alpha and beta of the temporal filter for a cut-off period in events.

    Raises:
        UserError: the period is 4 events or fewer, for which the filter does not exist.
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
    """The filter with its state: 12 bytes per pixel, and 4 to 8 for the sliding window.

    The sliding window holds at most as many events as the sensor has pixels, rounded up to a power
    of two. It stops growing there if the fill ratio is never reached, for example with a blinking
    line one pixel wide. Scenes are not limited by it: even noise on the whole sensor reaches a
    fill ratio of 0.6 with 0.9 events per pixel. An event takes amortised constant time.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        cutoff_num_events: cut-off period of the temporal filter, in events per pixel.

    Raises:
        UserError: `cutoff_num_events` is 4 or less.
    """

    name = 'fibar'
    longest_window_ns = 0

    def __init__(self, width: int, height: int, cutoff_num_events: float = 40.0) -> None:
        alpha, beta = coefficients(cutoff_num_events)
        self._constants = np.float32(alpha), np.float32(beta), _TILE_PIXELS * FILL_RATIO
        self._pixels = np.zeros((height, width), _PIXEL)
        self._tiles = np.zeros(((height + 1) // 2, (width + 1) // 2), np.uint8)
        capacity = 1 << (width * height).bit_length()
        self._ring = np.zeros(capacity, np.uint32)  # y << 16 | x
        self._counters = np.zeros(4, np.int64)
        self.step(Window(0, 0, Events.empty()))  # compiles now instead of at the first packet

    def step(self, window: Window) -> np.ndarray:
        """Process one window; return float32 [height, width], 0 where no event has occurred."""
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
        """Do nothing: the filter holds only memory."""


@njit(nogil=True, cache=True)
def _smooth(pixels, x, y):
    """Replace a level by the 3x3 Gaussian mean, with the border of the sensor replicated."""
    last_y, last_x = U64(pixels.shape[0] - 1), U64(pixels.shape[1] - 1)
    up, down = y - U64(y > U64(0)), y + U64(y < last_y)
    left, right = x - U64(x > U64(0)), x + U64(x < last_x)
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
def _prefetch_around(pixels, packed):
    """Ask for the pixels that `_smooth` will read when this event leaves the window."""
    x, y = packed & U64(0xFFFF), packed >> U64(16)
    prefetch(pixels, (y - U64(y > U64(0)), x))
    prefetch(pixels, (y, x))
    prefetch(pixels, (min(y + ONE, U64(pixels.shape[0] - 1)), x))


@njit(nogil=True, cache=True)
def _filter_events(state, events, constants):
    pixels, tiles, ring, counters = state
    xs, ys, ps = events
    alpha, beta, pixels_per_tile = constants
    # Indices are unsigned, because a negative one would count from the end, which costs a test.
    head, length = U64(counters[_HEAD]), U64(counters[_LENGTH])
    active_pixels, active_tiles = counters[_ACTIVE_PIXELS], counters[_ACTIVE_TILES]
    wrap = U64(ring.size - 1)  # the size is a power of two
    gain = np.float32(0.5) * (np.float32(1.0) + beta)
    share = np.float32(1.0) - alpha
    for i in range(xs.size):
        x, y = U64(xs[i]), U64(ys[i])
        polarity = np.float32(2 * np.int32(ps[i]) - 1)
        pixel = pixels[y, x]
        mean = pixel.mean
        pixel.level = beta * pixel.level + gain * (polarity - mean)
        pixel.mean = alpha * mean + share * polarity

        # Sums of conditions instead of branches, which noise makes unpredictable.
        starts = np.int64(pixel.slot == 0)
        in_tile = tiles[y >> ONE, x >> ONE]
        active_pixels += starts
        active_tiles += starts & np.int64(in_tile == 0)
        tiles[y >> ONE, x >> ONE] = in_tile + starts
        ring[head] = np.uint32((y << U64(16)) | x)
        pixel.slot = np.int32(head + ONE)
        head = (head + ONE) & wrap
        length += ONE

        ahead = min(i + AHEAD, xs.size - 1)
        prefetch(pixels, (U64(ys[ahead]), U64(xs[ahead])))
        _prefetch_around(pixels, U64(ring[(head - length + U64(AHEAD)) & wrap]))

        drops = np.int64(length > wrap)
        if active_pixels >= pixels_per_tile * active_tiles:
            drops = 2
        for _ in range(drops):
            tail = (head - length) & wrap
            length -= ONE
            packed = U64(ring[tail])
            old_x, old_y = packed & U64(0xFFFF), packed >> U64(16)
            if pixels[old_y, old_x].slot == np.int32(tail + ONE):  # its latest event leaves
                pixels[old_y, old_x].slot = 0
                _smooth(pixels, old_x, old_y)
                left_in_tile = tiles[old_y >> ONE, old_x >> ONE] - 1
                tiles[old_y >> ONE, old_x >> ONE] = left_in_tile
                active_pixels -= 1
                active_tiles -= np.int64(left_in_tile == 0)
    counters[_HEAD], counters[_LENGTH] = head, length
    counters[_ACTIVE_PIXELS], counters[_ACTIVE_TILES] = active_pixels, active_tiles
