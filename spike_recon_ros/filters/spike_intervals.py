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


# Without the check for a division by zero, which cannot be, many pixels are computed at once.
@njit(nogil=True, cache=True, error_model='numpy')
def _over_intervals(before, after, end, intensity):
    one = np.float32(1.0)
    height, width = intensity.shape
    for y in range(height):
        latest, earlier, image = before[0, y], before[1, y], intensity[y]
        next_one, next_but_one = after[0, y], after[1, y]
        for x in range(width):
            last, previous, first, second = latest[x], earlier[x], next_one[x], next_but_one[x]
            left = one / np.float32(np.int32(first - previous))
            right = one / np.float32(np.int32(second - last))
            if second == end:
                right = left
            elif previous == NEVER:
                left = right
            unfinished = one / np.float32(np.int32(max(end - last, last - previous)))
            image[x] = unfinished if first == end else left + right
