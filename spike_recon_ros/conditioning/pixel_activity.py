# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Counts the events of each pixel, and how many of them are background activity."""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.neighbours import NEVER_NS, latest_around

SUPPORT_NS = 5_000_000
"""An event is isolated if none of the 8 pixels around it fired in this time before it."""


class PixelActivity:
    """Counts of one sensor.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.

    Attributes:
        events: int64 [height, width], events of each pixel.
        isolated: int64 [height, width], those of them without a neighbour in space and time.
    """

    def __init__(self, width: int, height: int) -> None:
        self.events = np.zeros((height, width), np.int64)
        self.isolated = np.zeros((height, width), np.int64)
        self._last_ns = np.full((height + 2, width + 2), NEVER_NS, np.int64)

    def add(self, events: Events) -> None:
        """Count events, in the order sent."""
        arrays = events.x, events.y, events.t_ns
        _count(arrays, self.events, self.isolated, self._last_ns)


@njit(nogil=True, cache=True)
def _count(arrays, counts, isolated, last_ns):
    xs, ys, ts_ns = arrays
    for i in range(xs.size):
        x, y, t_ns = np.int64(xs[i]), np.int64(ys[i]), ts_ns[i]
        counts[y, x] += 1
        isolated[y, x] += latest_around(last_ns, x, y) < t_ns - SUPPORT_NS
        last_ns[y + 1, x + 1] = t_ns
