# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Leaky integrator: a decaying sum of polarities per pixel, the simplest reconstruction.

At the frame's time T the intensity of a pixel is the sum of p exp(-(T - t) / leak time) over its
events, in events. The state omits the factor common to all pixels: S = sum of
p exp((t - reference) / leak time). An event costs one addition, and an image one multiplication
per pixel. The reference moves when exponents become large. That depends on the events only, so
windows and packets do not change the images.
"""

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.windows.window import Window

# exp(40) = 2e17 leaves enough range of float32 (3e38) for the largest sums.
_LONGEST_LEAKS = 40.0
_NEGLIGIBLE = 1e-30


class LeakyIntegrator:
    """The filter with its state, 4 bytes per pixel.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        leak_time_s: time constant of the leak, seconds of sensor time.

    Raises:
        UserError: `leak_time_s` is not positive.
    """

    name = 'leaky_integrator'
    longest_window_ns = 0

    def __init__(self, width: int, height: int, leak_time_s: float = 0.1) -> None:
        if not leak_time_s > 0.0:
            raise UserError(f'leak_time is {leak_time_s}; it must be a positive number of seconds')
        self._leak_ns = leak_time_s * 1e9
        self._sums = np.zeros((height, width), np.float32)
        self._reference_ns: int | None = None
        self._integrate(Events.empty(), 0)  # compiles now instead of at the first packet

    def step(self, window: Window) -> np.ndarray:
        """Process one window; return float32 [height, width] for `t_end_ns`."""
        events = window.samples
        if len(events):
            if self._reference_ns is None:
                self._reference_ns = int(events.t_ns[0])
            self._reference_ns = self._integrate(events, self._reference_ns)
        if self._reference_ns is None:
            return np.zeros_like(self._sums)
        leaks = (window.t_end_ns - self._reference_ns) / self._leak_ns
        factor = np.float32(np.exp(-max(leaks, -_LONGEST_LEAKS)))
        if factor < _NEGLIGIBLE:  # the product would be denormal, which is slow
            return np.zeros_like(self._sums)
        return self._sums * factor

    def reset(self) -> None:
        """Forget every event."""
        self._sums.fill(0.0)
        self._reference_ns = None

    def close(self) -> None:
        """Do nothing: the filter holds only memory."""

    def _integrate(self, events: Events, reference_ns: int) -> int:
        arrays = events.x, events.y, events.p, events.t_ns
        return int(_integrate(self._sums, arrays, np.int64(reference_ns), self._leak_ns))


@njit(nogil=True, cache=True)
def _rebase(sums, leaks):
    """Move the reference `leaks` leak times ahead; for a negative number clear the sums."""
    factor = np.float32(np.exp(-leaks)) if leaks > 0.0 else np.float32(0.0)
    height, width = sums.shape
    for y in range(height):
        for x in range(width):
            value = sums[y, x] * factor
            sums[y, x] = value if abs(value) > _NEGLIGIBLE else np.float32(0.0)


@njit(nogil=True, cache=True)
def _integrate(sums, events, reference_ns, leak_ns):
    """Add events to the sums; return the new reference."""
    xs, ys, ps, ts_ns = events
    last_ns = reference_ns
    weight = np.float32(1.0)
    for i in range(xs.size):
        t_ns = ts_ns[i]
        if t_ns != last_ns:
            last_ns = t_ns
            leaks = (t_ns - reference_ns) / leak_ns
            if abs(leaks) > _LONGEST_LEAKS:
                _rebase(sums, leaks)
                reference_ns = t_ns
                leaks = 0.0
            weight = np.float32(np.exp(leaks))
        sums[ys[i], xs[i]] += weight if ps[i] else -weight
    return reference_ns
