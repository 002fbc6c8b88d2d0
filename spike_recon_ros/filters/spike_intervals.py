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
from spike_recon_ros.front_end.spike_history import NEVER


class SpikeIntervals(SpikeFilter):
    """Mean of 2/(second spike after - last before) and 2/(first after - second before).

    Where one of the two second spikes has not been seen, the other interval stands alone. Where
    no spike has come after the instant, the interval that has not ended is taken to be as long as
    it is already, and at least as long as the one before.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: for how many planes after the instant spikes may come.

    Raises:
        UserError: if so many planes are not kept.
    """

    name = 'spike_intervals'

    def _intensity(self) -> np.ndarray:
        history = self._history
        intensity = np.empty((history.height, history.width), np.float32)
        end = history.instant + history.lookahead + 1
        _over_intervals(history.before, history.after(), end, intensity)
        return intensity


@njit(nogil=True, cache=True)
def _over_intervals(before, after, end, intensity):
    one = np.float32(1.0)
    height, width = intensity.shape
    for y in range(height):
        for x in range(width):
            last, first = before[0, y, x], after[0, y, x]
            if first == end:  # no spike yet
                intensity[y, x] = one / np.float32(max(end - last, last - before[1, y, x]))
                continue
            left = one / np.float32(first - before[1, y, x])
            right = one / np.float32(after[1, y, x] - last)
            if after[1, y, x] == end:
                right = left
            elif before[1, y, x] == NEVER:
                left = right
            intensity[y, x] = left + right
