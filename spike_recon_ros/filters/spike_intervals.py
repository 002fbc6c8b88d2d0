# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Intensity from the two second-order spike intervals around the instant.

A second-order interval spans two intervals, with two spikes on one side of the instant and one on
the other. It is twice as long as the interval of TFI, which halves the effect of rounding to whole
planes, and nearly centred, so that motion blurs it little.
"""

import numpy as np

from spike_recon_ros.filters.spike_filter import SpikeFilter
from spike_recon_ros.spike_history.interval_rates import second_order_rates


class SpikeIntervals(SpikeFilter):
    """Mean of 2/(second spike after - last before) and 2/(first after - second before).

    See `second_order_rates` for pixels without these spikes.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: future planes in which spikes are searched; adds that much latency.

    Raises:
        UserError: the history does not keep that many planes.
    """

    name = 'spike_intervals'

    def _intensity(self) -> np.ndarray:
        history = self._history
        intensity = np.empty((history.height, history.width), np.float32)
        second_order_rates(history.before, history.after(), history.end, intensity)
        return intensity
