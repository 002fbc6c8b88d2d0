# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The mean of the two intervals of second order that hold the instant.

Comes in: Windows of SpikePlanes. Goes out: intensity. Two spikes to one side and one to the other
make an interval of twice the length of TFI's: the rounding to whole planes is halved, and so
centred that motion blurs it little.
"""

import numpy as np

from spike_recon_ros.filters.spike_filter import SpikeFilter
from spike_recon_ros.spike_history.interval_rates import second_order_rates


class SpikeIntervals(SpikeFilter):
    """Mean of 2/(second spike after - last before) and 2/(first after - second before).

    See `second_order_rates` for what is done where a spike has not been seen.

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
        second_order_rates(history.before, history.after(), history.end, intensity)
        return intensity
