# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""TFI averaged over many instants, each carried along with the scene to the one of the image.

Comes in: Windows of SpikePlanes. Goes out: intensity. A mean over milliseconds is nearly free of
the rounding to whole planes, and as sharp as the scene's motion is known.
"""

from functools import cached_property

import numpy as np

from spike_recon_ros.filters.spike_filter import SpikeFilter
from spike_recon_ros.front_end.interval_rates import second_order_rates
from spike_recon_ros.front_end.moved_rates import REACH, MovedRates


class CompensatedTfi(SpikeFilter):
    """Mean of what is between spikes, moved by the flow of the planes; see MovedRates.

    What has been seen of no plane (a stream that has just begun) is as in `spike_intervals`.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: for how many planes after the instant spikes may come.

    Raises:
        UserError: if so many planes are not kept.
    """

    name = 'compensated_tfi'

    def __init__(self, width: int, height: int, lookahead_planes: int = REACH) -> None:
        super().__init__(width, height, lookahead_planes)

    @cached_property
    def _moved(self) -> MovedRates:
        return MovedRates(self._history)

    def _intensity(self) -> np.ndarray:
        history = self._history
        intensity = np.empty((history.height, history.width), np.float32)
        second_order_rates(history.before, history.after(), history.end, intensity)
        self._moved.write(intensity)
        return np.clip(intensity, 0, 1, intensity)  # between pixels the cubics may overshoot
