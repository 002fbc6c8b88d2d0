# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What events tell of lamps, noise and defective pixels, to choose the settings of the filters."""

from collections import Counter
from typing import Any

import numpy as np

from spike_recon_ros.conditioning.lamp import LampSpectrum
from spike_recon_ros.conditioning.pixel_activity import PixelActivity
from spike_recon_ros.packets.events import Events
from spike_recon_ros.windows.hot_pixels import hot_pixels

LONGEST_STEP_NS = 1_000_000_000
"""Longer steps of time between two packets are damage or a pause without any event."""
MOST_LISTED = 10


class SceneSummary:
    """Measures one sensor.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._activity = PixelActivity(width, height)
        self._spectrum = LampSpectrum()
        self._lamps: Counter[float | None] = Counter()
        self._seen_ns = 0
        self._last_ns: int | None = None

    def add(self, events: Events) -> None:
        """Add the events of the next packet; there must be one."""
        self._activity.add(events)
        self._lamps.update(self._spectrum.add(events))
        last_ns = int(events.t_ns[-1])
        step_ns = last_ns - (int(events.t_ns[0]) if self._last_ns is None else self._last_ns)
        if 0 < step_ns <= LONGEST_STEP_NS:
            self._seen_ns += step_ns
        self._last_ns = last_ns

    def summary(self) -> dict[str, Any]:
        """Return the figures.

        lamp_hz is the frequency of the flicker in most of the seconds with one, to within 1 Hz;
        None if there is none. noise_hz_pixel is the rate of isolated events of a pixel that is not
        hot, a lower limit of its noise.
        """
        counts, isolated = self._activity.events, self._activity.isolated
        hot = hot_pixels(counts)
        seconds = self._seen_ns / 1e9
        lamps = self._lamps or Counter([self._spectrum.rest()])
        flickering = [hz for hz in lamps if hz is not None]
        hottest = sorted(zip(*np.nonzero(hot), strict=True), key=lambda place: -counts[place])
        return {
            'lamp_hz': max(flickering, key=lambda hz: lamps[hz], default=None),
            'lamp_share_of_time': sum(lamps[hz] for hz in flickering) / lamps.total(),
            'noise_hz_pixel': float(isolated[~hot].mean()) / seconds if seconds else 0.0,
            'hot_pixels': len(hottest),
            'hottest_pixels': [
                {
                    'x': int(x),
                    'y': int(y),
                    'rate_hz': round(int(counts[y, x]) / seconds, 1) if seconds else 0.0,
                }
                for y, x in hottest[:MOST_LISTED]
            ],
        }
