# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Measures whether a flickering lamp lights the scene of an event camera, and its frequency.

A lamp makes all pixels that it lights send ON events at the same phase of its flicker, so the rate
of ON events has a line in its spectrum. A moving scene has none. Only enough events are counted
for that line to stand out, so that this costs next to nothing.
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


class LampSpectrum:
    """Looks at one stretch of events after another.

    Args:
        bins: length of a stretch, in bins of BIN_NS. A short one finds a lamp sooner, but only
            where many events show it.
    """

    def __init__(self, bins: int = BINS) -> None:
        self._counts = np.zeros(bins)
        self._length_ns = bins * BIN_NS
        self._start_ns: int | None = None

    def add(self, events: Events) -> list[float | None]:
        """Count events in the order sent; return the result of a stretch that they complete.

        Returns: nothing, or one entry: the frequency in Hz, or None if no lamp flickers.
        """
        if not len(events):
            return []
        step = 1 + len(events) // MOST_EVENTS_ADDED
        t_ns = events.t_ns[::step][events.p[::step] == 1]
        first_ns = int(events.t_ns[0])
        begun, found = self._start_ns, []
        if begun is None or not 0 <= first_ns - begun < 2 * self._length_ns:
            begun = self._restart(first_ns)
        elif first_ns - begun >= self._length_ns:
            found = [flicker_of(self._counts)]
            begun = self._restart(first_ns)
        bins = (t_ns - begun) // BIN_NS
        inside = bins[(bins >= 0) & (bins < len(self._counts))]
        self._counts += np.bincount(inside, minlength=len(self._counts)) * step
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
        counts: events in consecutive bins of BIN_NS, float64 [at most BINS].
    """
    total = counts.sum()
    if total < FEWEST_EVENTS:
        return None
    # With zeros up to one second, entry k is k Hz. Without their mean, so that short stretches do
    # not spread it over the spectrum.
    depth = 2 * np.abs(np.fft.rfft(counts - total / len(counts), n=BINS)) / total
    band = depth[LOWEST_HZ:HIGHEST_HZ]
    highest = float(band.max())
    if highest < max(SMALLEST_DEPTH, SMALLEST_RATIO * float(np.median(band))):
        return None
    # Short pulses have harmonics as high as the line itself, so the first line counts; gaps in the
    # stream surround it with lower ones.
    first = int(np.flatnonzero(band >= 0.7 * highest)[0])
    return float(LOWEST_HZ + first + np.argmax(band[first : first + WIDTH_HZ]))
