# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How many windows are merged into one under overload.

A step of a network costs nearly the same for a long window as for a short one, so merging windows
lets a slow model follow a fast camera: the frame rate falls to what the model can give.
"""

import math
from dataclasses import dataclass

from spike_recon_ros.settings import Settings

# Longest merged window: in s of sensor time where the frame rate is fixed, else in windows.
LONGEST_MERGED_S = 0.5
MOST_MERGED_WINDOWS = 16
# Work between two estimates, s: some steps of a slow model; or the time of packets, s, where the
# steps are cheap.
ESTIMATE_WORK, ESTIMATE_PERIOD = 0.2, 1.0
# Share of its time that the model should work at the most: what is left makes up for lag.
LARGEST_UTILISATION = 0.85
# Merging twice as many windows should let the model process this many times the samples, else it
# is tried again only after a pause, s.
SMALLEST_GAIN, PAUSE = 1.1, 3.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work has come.

    Attributes:
        busy: time spent working, s.
        arrived: monotonic time at which the packet at hand arrived, s.
        steps: windows that the model has processed.
        windows: windows that were cut, before any were merged.
        samples: events or spike planes decoded.
    """

    busy: float
    arrived: float
    steps: int
    windows: int
    samples: int


class MergeControl:
    """Chooses how many windows to merge, from the cost of a step and the rate of windows.

    Merging begins when the lag, the age of the packet at hand, is above `overload_lag`. It ends
    when the measured cost allows it. Above twice `overload_lag`, more windows are merged for a
    while, in proportion to the lag, to make up for it. Where the samples are what costs time, as
    with filters, merging gains nothing and is given up: then only dropping packets helps.
    """

    def __init__(self, settings: Settings) -> None:
        self._merge = 1
        self._last: Progress | None = None
        # The merge and the samples per second before the latest raise.
        self._before: tuple[int, float] | None = None
        self._paused_until = -math.inf
        self.adopt(settings)

    def adopt(self, settings: Settings) -> None:
        """Use another `overload_lag` from now on."""
        self._overload_lag = settings.overload_lag
        self._most = MOST_MERGED_WINDOWS
        if settings.sync_mode == 'free_running':
            self._most = max(self._most, round(settings.fps * LONGEST_MERGED_S))

    def is_late(self, lag: float) -> bool:
        """Whether a frame with this lag, s, counts as late."""
        return lag > self._overload_lag

    def merge_for(self, lag: float, progress: Progress) -> int:
        """Return how many windows to merge.

        Args:
            lag: age of the packet at hand, s.
            progress: of all the work up to now.
        """
        estimate = self._estimate(progress)
        if estimate is not None:
            needed, speed = estimate
            if lag > self._overload_lag:
                self._raise_to(needed, speed, progress.arrived)
            elif lag < self._overload_lag / 2:
                self._merge, self._before = min(self._merge, needed), None
        merge = self._merge
        if lag > 2 * self._overload_lag and progress.arrived >= self._paused_until:
            merge *= int(lag / self._overload_lag)
        return min(self._most, merge)

    def _raise_to(self, needed: int, speed: float, now: float) -> None:
        if self._before is not None:
            merge, speed_before = self._before
            self._before = None
            if speed < SMALLEST_GAIN * speed_before:
                self._merge, self._paused_until = merge, now + PAUSE
        if now >= self._paused_until and needed > self._merge:
            self._before = self._merge, speed
            self._merge = min(needed, 2 * self._merge, self._most)

    def _estimate(self, now: Progress) -> tuple[int, float] | None:
        """Return how many windows to merge to keep up, and the samples per second of work.

        None while too little is known.
        """
        last = self._last
        if last is None:
            self._last = now
            return None
        busy, steps = now.busy - last.busy, now.steps - last.steps
        seconds, windows = now.arrived - last.arrived, now.windows - last.windows
        enough = busy >= ESTIMATE_WORK or seconds >= ESTIMATE_PERIOD
        if not enough or steps < 1 or windows < 1 or seconds <= 0:
            return None
        self._last = now
        needed = max(1, math.ceil(busy / steps * windows / seconds / LARGEST_UTILISATION))
        return needed, (now.samples - last.samples) / max(busy, 1e-9)
