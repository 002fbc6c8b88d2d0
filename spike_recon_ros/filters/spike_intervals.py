# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The mean of the two intervals of second order that hold the instant.

Comes in: Windows of SpikePlanes. Goes out: intensity. Two spikes to one side and one to the other
make an interval of twice the length of TFI's: the rounding to whole planes is halved, and so
centred that motion blurs it little.
"""

import numpy as np
from numba import njit

from spike_recon_ros.filters.spike_filter import SpikeFilter
from spike_recon_ros.filters.tfi import LOOKAHEAD_PLANES
from spike_recon_ros.front_end.interval_rates import second_order_rate


class SpikeIntervals(SpikeFilter):
    """Mean of 2/(second spike after - last before) and 2/(first after - second before).

    See `second_order_rate` for what is done where a spike has not been seen.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: for how many planes after the instant spikes may come.

    Raises:
        UserError: if so many planes are not kept.
    """

    name = 'spike_intervals'

    def __init__(self, width: int, height: int, lookahead_planes: int = LOOKAHEAD_PLANES) -> None:
        super().__init__(width, height, lookahead_planes)

    def _intensity(self) -> np.ndarray:
        history = self._history
        intensity = np.empty((history.height, history.width), np.float32)
        end = history.instant + history.lookahead + 1
        _over_intervals(history.before, history.after(), end, intensity)
        return intensity


@njit(nogil=True, cache=True)
def _over_intervals(before, after, end, intensity):
    height, width = intensity.shape
    for y in range(height):
        for x in range(width):
            intensity[y, x] = second_order_rate(before, after, end, y, x)
