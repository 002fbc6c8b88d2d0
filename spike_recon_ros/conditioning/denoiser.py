# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Removes the flicker of a lamp and background activity, in one pass over the events.

Background activity: Delbruck, "Frame-free dynamic digital vision", 2008. An event of a scene has
neighbours in space and time; an event of noise has none. An event is kept if one of the 8 pixels
around it fired shortly before. The pixel itself does not count, or hot pixels would pass.

Frames are due when an event later than their window has come. A still scene may lose all its
events here, so one event is let through whenever none was for PULSE_NS.
"""

import numpy as np

from spike_recon_ros.conditioning.flicker import PHASES, PIXEL, passes_comb
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.neighbours import NEVER_NS, latest_around

PULSE_NS = 2_000_000
"""Sensor time after which an event passes in any case: at most 500 events/s in all."""


class Denoiser:
    """The filters with their state: 32 bytes per pixel for flicker, 8 for background activity.

    Args:
        width: columns, pixels.
        height: rows, pixels.
        flicker_hz: changes of the lamp's light per second; 0 = do not filter.
        noise_ns: longest time between an event and its support; 0 = do not filter.
    """

    def __init__(self, width: int, height: int, flicker_hz: float, noise_ns: int) -> None:
        self._bins_per_ns = flicker_hz * PHASES / 1e9
        self._noise_ns = noise_ns
        self._pixels = np.zeros((height, width) if flicker_hz else (0, 0), PIXEL)
        # With a border, so that every pixel has 8 neighbours.
        self._last_ns = np.empty((height + 2, width + 2) if noise_ns else (0, 0), np.int64)
        self._last_kept_ns = np.empty(1, np.int64)
        self.reset()

    @property
    def is_off(self) -> bool:
        """Whether no filter is switched on."""
        return not (self._bins_per_ns or self._noise_ns)

    def apply(self, events: Events) -> tuple[int, int]:
        """Move the events that are kept to the front of the arrays.

        Returns: the number of events that are kept, and how many of the others were flicker.
        """
        arrays = events.x, events.y, events.p, events.t_ns
        state = self._pixels, self._last_ns, self._last_kept_ns
        kept, flicker = _denoise(arrays, state, self._bins_per_ns, self._noise_ns)
        return kept, flicker

    def reset(self) -> None:
        """Forget every event."""
        self._pixels.fill(0)
        self._last_ns.fill(NEVER_NS)
        self._last_kept_ns.fill(NEVER_NS)


@njit(nogil=True, cache=True)
def _denoise(events, state, bins_per_ns, noise_ns):
    xs, ys, ps, ts_ns = events
    pixels, last_ns, last_kept_ns = state
    kept, flicker = 0, 0
    pulse_ns = last_kept_ns[0]
    for i in range(xs.size):
        x, y, p, t_ns = np.int64(xs[i]), np.int64(ys[i]), ps[i], ts_ns[i]
        passes, is_flicker = True, False
        if bins_per_ns > 0.0:
            polarity = np.int16(2 * np.int16(p) - 1)
            bin_number = np.uint32(np.int64(t_ns * bins_per_ns) & 0xFFFFFFFF)
            passes = passes_comb(pixels[y, x], polarity, bin_number)
            is_flicker = not passes
        if passes and noise_ns > 0:
            passes = latest_around(last_ns, x, y) >= t_ns - noise_ns
            last_ns[y + 1, x + 1] = t_ns
        # Times of a damaged stream may step back.
        passes |= t_ns - pulse_ns >= PULSE_NS or t_ns < pulse_ns - PULSE_NS
        if passes:
            xs[kept], ys[kept], ps[kept], ts_ns[kept] = xs[i], ys[i], p, t_ns
            kept += 1
            pulse_ns = t_ns
        else:
            flicker += is_flicker
    last_kept_ns[0] = pulse_ns
    return kept, flicker
