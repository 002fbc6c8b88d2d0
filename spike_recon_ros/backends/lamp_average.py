# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Averages events over the period of a flickering lamp, while there is one.

An image shows the light at the end of its window, so under a lamp its brightness depends on the
phase. The mean of the voxel grids of a window that is shifted over one period has notches at the
frequency of the lamp and its harmonics. Unlike a comb filter (conditioning/flicker.py) it keeps no
single events, which flicker again.

The light of a lamp returns to where it was, so its ON and OFF steps must cancel. Those of a pixel
do not, because its two thresholds differ from the nominal ones: hundreds of events a second would
add up to noise. So both polarities are weighted by how often they occur. Windows with a surplus
are not counted, because there the scene changes.
"""

import numpy as np

from spike_recon_ros.conditioning.lamp import BIN_NS, LampSpectrum
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.windows.window import Window

FOUND_NS = 200_000_000
"""Length of the stretches in which a lamp is looked for."""
KEPT_STRETCHES = 5
"""Stretches without the lamp after which it counts as off."""
SHIFTS = 4
"""Shifts of a window over one period; they remove the first three harmonics of the lamp."""
MEMORY_S = 2.0
"""Time constant of the counts of a pixel's events."""
LARGEST_SURPLUS = 3
"""Of one polarity in a window, above which the scene changes and the window is not counted."""
FEW_EVENTS = 70.0
"""Events of a pixel at which half of their imbalance is corrected."""
HISTORY_NS = 300_000_000
"""Events before a window that are kept. A window is read again until the state is updated."""
F32 = np.float32


class LampAverage:
    """The average of one sensor.

    Args:
        width: columns, pixels.
        height: rows, pixels.

    Attributes:
        frequency_hz: changes of the lamp's light per second; None = there is no lamp, and windows
            need no averaging.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = height, width
        self.reset()
        _compile()

    def reset(self) -> None:
        """Forget the lamp and every event."""
        self.frequency_hz: float | None = None
        self._spectrum = LampSpectrum(FOUND_NS // BIN_NS)
        self._missing = 0
        self._end_lamp()

    def _end_lamp(self) -> None:
        self._history = Events.empty()
        # OFF and ON events of each pixel; without a lamp they need no memory.
        self._counts = np.zeros((2, 0, 0), F32)

    def watch(self, window: Window) -> None:
        """Look for a lamp in the events of a window, before any were removed."""
        for found in self._spectrum.add(window.samples):
            if found is not None:
                self._missing = 0
                if self.frequency_hz is None:
                    self._counts = np.zeros((2, *self._size), F32)
                self.frequency_hz = found
            elif self.frequency_hz is not None:
                self._missing += 1
                if self._missing >= KEPT_STRETCHES:
                    self.frequency_hz = None
                    self._end_lamp()

    def add(self, window: Window) -> None:
        """Remember the events of a window, once, for itself and later ones."""
        if self.frequency_hz is None:
            return
        events = window.samples
        seconds = (window.t_end_ns - window.t_start_ns) / 1e9
        self._counts *= F32(np.exp(-seconds / MEMORY_S))
        new = np.zeros((2, *self._size), np.int32)
        _count(events.x, events.y, events.p, new)
        self._counts += new * (np.abs(new[1] - new[0]) <= LARGEST_SURPLUS)
        joined = Events.concatenate([self._history, events])
        first = np.searchsorted(joined.t_ns, window.t_end_ns - HISTORY_NS)
        self._history = joined[int(first) :]

    def write(self, window: Window, out: np.ndarray) -> None:
        """Write the mean of the voxel grids of a window over one period.

        Args:
            window: ends with the window that was added last.
            out: float32 [bins, height, width].
        """
        assert self.frequency_hz is not None
        period_ns = 1e9 / self.frequency_hz
        times = self._history.t_ns
        first, last = np.searchsorted(times, (window.t_start_ns - period_ns, window.t_end_ns))
        events = self._history[int(first) : int(last)]
        length_ns = max(window.t_end_ns - window.t_start_ns, 1)
        out.fill(0.0)
        _average(
            out,
            (events.x, events.y, events.p, events.t_ns - window.t_start_ns),
            self._on_weights(),
            period_ns,
            float(length_ns),
        )

    def _on_weights(self) -> np.ndarray:
        """Return the weight of an ON event of each pixel; that of an OFF event is 2 minus it."""
        off, on = self._counts
        total = off + on
        return F32(1) - (on - off) * total / (total * total + F32(FEW_EVENTS**2))


def _compile() -> None:
    """Compile the kernels now instead of when a lamp is found, for whole and for padded grids."""
    none = Events.empty()
    _count(none.x, none.y, none.p, np.zeros((2, 1, 1), np.int32))
    for grid in (np.zeros((1, 1, 1), F32), np.zeros((1, 2, 2), F32)[..., :1]):
        weights = np.ones((1, 1), F32)
        _average(grid, (none.x, none.y, none.p, none.t_ns), weights, 1.0, 1.0)


@njit(nogil=True, cache=True)
def _count(xs, ys, ps, counts):
    for i in range(xs.size):
        counts[ps[i], ys[i], xs[i]] += 1


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
