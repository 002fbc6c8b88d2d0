# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Watches for defective pixels while the node runs.

A pixel that fires thousands of times a second looks like motion to the noise gate, and costs
computing time. Samples of the events suffice to find it.
"""

from typing import Any, NamedTuple

import numpy as np

from spike_recon_ros.nodes.remembered import Remembered
from spike_recon_ros.packets.events import Events
from spike_recon_ros.windows.hot_pixels import hot_pixels

PERIOD_NS = 1_000_000_000
MOST_PER_WINDOW = 1_000
MOST_WAITING = 50_000
LOUDEST_HZ = 500.0
"""Defective pixels that fire less often do no harm."""
_ROW_BITS = 16


class HotPixel(NamedTuple):
    """The most active of the defective pixels.

    Attributes:
        x: column of the image.
        y: row of the image.
        rate_hz: its events per second.
        n_hot: how many pixels are defective.
    """

    x: int
    y: int
    rate_hz: float
    n_hot: int


class PixelCheck:
    """Keeps the latest result of the search for a while.

    `add` is called on one thread, `hottest` on any.
    """

    def __init__(self) -> None:
        self._hottest = Remembered[HotPixel]()
        self._n_windows = 0
        self._start_ns: int | None = None
        self._latest_ns = 0  # beginning of the latest window
        self._clear()

    @property
    def hottest(self) -> HotPixel | None:
        """The most active defective pixel, if there was one in the latest seconds."""
        return self._hottest.latest

    def add(self, samples: Any) -> None:
        """Count some events of a window; spike planes are ignored."""
        if not isinstance(samples, Events) or not len(samples):
            return
        first_ns, last_ns = int(samples.t_ns[0]), int(samples.t_ns[-1])
        # A recording that loops goes back, perhaps exactly to where it began.
        if self._start_ns is None or first_ns < self._latest_ns:
            self._clear()
            self._start_ns = first_ns
        self._latest_ns = first_ns
        step = -(-len(samples) // MOST_PER_WINDOW)
        self._n_windows += 1
        some = slice(self._n_windows % step, None, step)  # not in step with a regular pixel
        places = samples.y[some].astype(np.int64) << _ROW_BITS | samples.x[some]
        self._places.append(places)
        self._weights.append(np.full(len(places), step))
        self._n_waiting += len(places)
        if last_ns - self._start_ns >= PERIOD_NS or self._n_waiting >= MOST_WAITING:
            self._judge((last_ns - self._start_ns) / 1e9)
            self._clear()

    def _clear(self) -> None:
        self._start_ns = None
        self._places: list[np.ndarray] = []
        self._weights: list[np.ndarray] = []
        self._n_waiting = 0

    def _judge(self, seconds: float) -> None:
        """Look for pixels that fire often and alone; a quick look comes first."""
        places, inverse = np.unique(np.concatenate(self._places), return_inverse=True)
        counts = np.bincount(inverse, weights=np.concatenate(self._weights)).astype(np.int64)
        is_loud = counts >= LOUDEST_HZ * seconds
        if not is_loud.any() or seconds <= 0:
            return
        y, x = places >> _ROW_BITS, places & (1 << _ROW_BITS) - 1
        image = np.zeros((int(y.max()) + 1, int(x.max()) + 1), np.int64)
        image[y, x] = counts
        hot = np.flatnonzero(is_loud & hot_pixels(image)[y, x])
        if hot.size:
            hottest = hot[counts[hot].argmax()]
            rate_hz = float(counts[hottest]) / seconds
            self._hottest.latest = HotPixel(int(x[hottest]), int(y[hottest]), rate_hz, hot.size)
