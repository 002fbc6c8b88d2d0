# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the spikes around an instant say of the light, pixel by pixel.

Comes in: Windows of SpikePlanes. Goes out: float32 [6 + counts, height, width] in spikes a plane:
the rates of `spike_history/interval_rates.py`, then the means over groups of planes in a row (a
pyramid of TFP: any longer mean is a mean of these), the oldest first, with the instant in the
middle of them all. Knows nothing about networks. Training and the live node both call this.

Intervals tell the light of a still pixel to within a rounding that shrinks with their order; the
groups tell when it changed. Both together are a third of the channels of the raw planes. Where a
group's planes have not been seen, because the stream has just begun or because fewer planes are
looked ahead, the likeliest rate stands in for its mean, as it does for intervals.
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
        counts: groups of planes, an odd number.
        planes_per_count: planes in each, an odd number, so that the instant is a group's middle.
        lookahead_planes: planes between the instant and the newest one.

    Raises:
        UserError: the groups have no middle, or reach beyond the planes that are kept.
    """

    def __init__(
        self, width: int, height: int, counts: int, planes_per_count: int, lookahead_planes: int
    ) -> None:
        planes = counts * planes_per_count
        self._first = lookahead_planes - planes // 2
        if not planes % 2 or self._first + planes > PLANES_KEPT:
            raise UserError(
                f'spike_intervals with {counts} counts of {planes_per_count} planes and '
                f'{lookahead_planes} planes ahead: take odd numbers, and no plane before the last '
                f'{PLANES_KEPT}'
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
        for number, counted in enumerate(out[: len(RATES) - 1 : -1]):  # the newest first
            first = self._first + number * each
            if 0 <= first <= self._history.end - each:
                np.multiply(self._history.count(first, first + each), scale, out=counted)
            else:
                counted[:] = likely

    def reset(self) -> None:
        """See Representation."""
        self._history.reset()
