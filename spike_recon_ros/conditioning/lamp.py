# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Measures whether a flickering lamp lights the scene of an event camera, and its frequency.

A lamp makes all pixels that it lights send ON events at the same phase of its flicker, so the rate
of ON events has a line in its spectrum. A moving scene has none. Only enough events are counted
for that line to stand out, so that this costs next to nothing.

Coarse time stamps make such a line as well, as of a scene that was simulated in steps of some
milliseconds. But a lamp gets brighter at one time and darker at another. Where ON and OFF events
have the same phase, the line is not that of a lamp.
"""

import numpy as np

from spike_recon_ros.packets.events import Events

BIN_NS, BINS = 500_000, 2000
LOWEST_HZ, HIGHEST_HZ = 80, 900
FEWEST_EVENTS, MOST_EVENTS_ADDED = 1000, 5000
# Share of the rate of events that a flicker must modulate. A real recording under lamps had 1.2,
# four under daylight or still lamps at most 0.04.
SMALLEST_DEPTH = 0.4
# How far the line must stand out of the rest of the spectrum.
SMALLEST_RATIO = 8.0
WIDTH_HZ = 10
IN_PHASE = 0.9
"""Cosine of the phase between ON and OFF events from which there is no lamp. Real and simulated
lamps have -.9 to -1, steps of a simulator 1; a lamp that is pulsed has the cosine of its duty
cycle, .9 at a fourteenth."""


class LampSpectrum:
    """Looks at one stretch of events after another.

    Args:
        bins: length of a stretch, in bins of BIN_NS. A short one finds a lamp sooner, but only
            where many events show it.
    """

    def __init__(self, bins: int = BINS) -> None:
        self._counts = np.zeros((2, bins))  # of OFF and of ON events
        self._length_ns = bins * BIN_NS
        self._start_ns: int | None = None

    def add(self, events: Events) -> list[float | None]:
        """Count events in the order sent; return the result of a stretch that they complete.

        Returns: nothing, or one entry: the frequency in Hz, or None if no lamp flickers.
        """
        if not len(events):
            return []
        step = 1 + len(events) // MOST_EVENTS_ADDED
        t_ns, polarities = events.t_ns[::step], events.p[::step].astype(np.int64)
        first_ns = int(events.t_ns[0])
        begun, found = self._start_ns, []
        if begun is None or not 0 <= first_ns - begun < 2 * self._length_ns:
            begun = self._restart(first_ns)
        elif first_ns - begun >= self._length_ns:
            found = [flicker_of(self._counts)]
            begun = self._restart(first_ns)
        length = self._counts.shape[1]
        bins = (t_ns - begun) // BIN_NS
        inside = (bins >= 0) & (bins < length)
        place = bins[inside] + length * polarities[inside]
        self._counts += np.bincount(place, minlength=2 * length).reshape(2, length) * step
        return found

    def rest(self) -> float | None:
        """Return the result of the unfinished stretch."""
        return flicker_of(self._counts)

    def _restart(self, first_ns: int) -> int:
        self._counts[:] = 0
        self._start_ns = first_ns
        return first_ns


def flicker_of(counts: np.ndarray) -> float | None:
    """Return the frequency in Hz that modulates a rate of events; None if there is none.

    Args:
        counts: OFF and ON events in consecutive bins of BIN_NS, float64 [2, at most BINS].
    """
    total = counts[1].sum()
    if total < FEWEST_EVENTS:
        return None
    # With zeros up to one second, entry k is k Hz. Without their mean, so that short stretches do
    # not spread it over the spectrum.
    off, on = np.fft.rfft(counts - counts.mean(axis=1, keepdims=True), n=BINS)
    depth = 2 * np.abs(on) / total
    band = depth[LOWEST_HZ:HIGHEST_HZ]
    highest = float(band.max())
    if highest < max(SMALLEST_DEPTH, SMALLEST_RATIO * float(np.median(band))):
        return None
    # Short pulses have harmonics as high as the line itself, so the first line counts; gaps in the
    # stream surround it with lower ones.
    first = int(np.flatnonzero(band >= 0.7 * highest)[0])
    found = LOWEST_HZ + first + int(np.argmax(band[first : first + WIDTH_HZ]))
    if (on[found] * off[found].conj()).real > IN_PHASE * abs(on[found] * off[found]):
        return None
    return float(found)
