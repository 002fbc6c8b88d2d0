# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Averages events over the period of a flickering lamp.

An image shows the light at the end of its window, so under a lamp its brightness depends on the
phase. The mean of the voxel grids of a window that is shifted over one period has notches at the
frequency of the lamp and its harmonics. Unlike a comb filter (conditioning/flicker.py) it keeps no
single events, which flicker again.

ON and OFF events are weighted so that those of the lamp cancel in each pixel
(threshold_balance.py). What remains is held back until it adds up to a step (dead_zone.py).
"""

import numpy as np

from spike_recon_ros.backends.dead_zone import DeadZone
from spike_recon_ros.backends.threshold_balance import ThresholdBalance
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.windows.window import Window, joined

SHIFTS = 4
"""Shifts of a window over one period; they remove the first three harmonics of the lamp."""
BLOCK_NS = 8_000_000
"""Least length of the blocks of whole periods in which events are counted."""
HISTORY_NS = 300_000_000
"""Events before a window that are kept. A window is read again until the state is updated."""
F32 = np.float32


class LampAverage:
    """The average of one sensor while a lamp shines.

    Args:
        width: columns, pixels.
        height: rows, pixels.
        frequency_hz: changes of the lamp's light per second.
        seen: windows under the lamp before it was found.

    Attributes:
        frequency_hz: the same; it may change a little.
    """

    def __init__(self, width: int, height: int, frequency_hz: float, seen: list[Window]) -> None:
        self.frequency_hz = frequency_hz
        self._history = list(seen)
        self._counted_ns = 0
        self._balance = ThresholdBalance(width, height)
        self._dead_zone = DeadZone(width, height)
        if seen:
            self._count_periods(seen[-1].t_end_ns)

    def add(self, window: Window) -> None:
        """Remember the events of a window, once, for itself and later ones."""
        self._history.append(window)
        self._count_periods(window.t_end_ns)
        while self._history[0].t_end_ns < window.t_end_ns - HISTORY_NS:
            del self._history[0]

    def _count_periods(self, end_ns: int) -> None:
        """Count the events of the blocks of periods that are over."""
        period_ns = round(1e9 / self.frequency_hz)
        block_ns = -(-BLOCK_NS // period_ns) * period_ns
        self._counted_ns = max(self._counted_ns, self._history[0].t_start_ns)
        blocks = (end_ns - self._counted_ns) // block_ns
        if blocks <= 0:
            return
        first_ns, self._counted_ns = self._counted_ns, self._counted_ns + blocks * block_ns
        events = self._events_between(first_ns, self._counted_ns)
        self._balance.add(events, first_ns, block_ns, blocks)

    def _events_between(self, first_ns: float, last_ns: float) -> Events:
        """Return the events from a time up to, and not including, another one."""
        events = joined([one for one in self._history if one.t_end_ns > first_ns]).samples
        return events[slice(*np.searchsorted(events.t_ns, (first_ns, last_ns)).tolist())]

    def write(self, window: Window, out: np.ndarray) -> None:
        """Write the mean of the voxel grids of a window over one period, without small changes.

        Args:
            window: ends with the window that was added last.
            out: float32 [bins, height, width].
        """
        period_ns = 1e9 / self.frequency_hz
        events = self._events_between(window.t_start_ns - period_ns, window.t_end_ns)
        length_ns = max(window.t_end_ns - window.t_start_ns, 1)
        out.fill(0.0)
        _average(
            out,
            (events.x, events.y, events.p, events.t_ns - window.t_start_ns),
            self._balance.on_weights,
            period_ns,
            float(length_ns),
        )
        self._dead_zone.apply(out, window.t_start_ns, window.t_end_ns)


def compile_kernels() -> None:
    """Compile the kernels now instead of when a lamp is found, for whole and for padded grids."""
    balance, dead_zone = ThresholdBalance(1, 2), DeadZone(1, 2)
    none = Events.empty()
    balance.add(none, 0, 1, 1)
    for grid in (np.zeros((1, 2, 1), F32), np.zeros((1, 2, 2), F32)[..., :1]):
        _average(grid, (none.x, none.y, none.p, none.t_ns), balance.on_weights, 1.0, 1.0)
        dead_zone.apply(grid, 0, 0)


@njit(nogil=True, cache=True)
def _average(grid, events, on_weights, period_ns, length_ns):
    """Add each event SHIFTS times, with delays of up to a period, to a voxel grid."""
    xs, ys, ps, ts_ns = events
    last = grid.shape[0] - 1
    bins_per_ns = last / length_ns
    for i in range(xs.size):
        x, y = xs[i], ys[i]
        weight = on_weights[y, x] / F32(SHIFTS)
        if ps[i] == 0:
            weight = weight - F32(2.0 / SHIFTS)
        for shift in range(SHIFTS):
            t_ns = ts_ns[i] + (shift + 0.5) / SHIFTS * period_ns
            if t_ns < 0.0 or t_ns >= length_ns:
                continue
            place = t_ns * bins_per_ns
            lower = np.int64(place)
            upper_share = F32(place - lower)
            grid[lower, y, x] += (F32(1.0) - upper_share) * weight
            grid[min(lower + 1, last), y, x] += upper_share * weight
