# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spike rates around an instant, pixel by pixel.

The tensor is float32 [6 + counts, height, width] in spikes per plane. It holds the rates of
`spike_history/interval_rates.py` and then the means over groups of consecutive planes, the oldest
first, centred on the instant. Longer means (TFP) are means of these.

Intervals measure constant light up to a rounding error that decreases with their order; the groups
show when the light changed. Both need a third of the channels of the raw planes. A group with
missing planes, at the start of the stream or with a shorter lookahead, is filled with the most
likely rate, like intervals.
"""

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.spike_history.history import PLANES_KEPT, SpikeHistory
from spike_recon_ros.spike_history.interval_rates import RATES, interval_rates
from spike_recon_ros.windows.window import Window


class SpikeIntervals:
    """Implements Representation.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        counts: number of groups, odd.
        planes_per_count: planes per group, odd, so that the instant is in the middle of a group.
        lookahead_planes: future planes used for each image; adds that much latency.

    Raises:
        UserError: a number is even, or the groups span more planes than the history keeps.
    """

    def __init__(
        self, width: int, height: int, counts: int, planes_per_count: int, lookahead_planes: int
    ) -> None:
        planes = counts * planes_per_count
        self._first = lookahead_planes - planes // 2
        if not planes % 2 or self._first + planes > PLANES_KEPT:
            raise UserError(
                f'spike_intervals with {counts} counts of {planes_per_count} planes and '
                f'a lookahead of {lookahead_planes}: the numbers must be odd, and all planes '
                f'within the last {PLANES_KEPT}'
            )
        self.channels, self.lookahead_planes = len(RATES) + counts, lookahead_planes
        self._planes_per_count = planes_per_count
        self._history = SpikeHistory(width, height, lookahead_planes)

    def write(self, window: Window[SpikePlanes], out: np.ndarray) -> None:
        """See Representation."""
        self._history.push(window.samples.bits)
        interval_rates(self._history, out[: len(RATES)])
        each, likely = self._planes_per_count, out[0]
        scale = np.float32(1 / each)
        for number, counted in enumerate(out[: len(RATES) - 1 : -1]):  # newest first
            first = self._first + number * each
            if 0 <= first <= self._history.end - each:
                np.multiply(self._history.count(first, first + each), scale, out=counted)
            else:
                counted[:] = likely

    def reset(self) -> None:
        """See Representation."""
        self._history.reset()
