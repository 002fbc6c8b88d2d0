# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Decides under overload which windows are merged and when packets are dropped.

A step of a network costs nearly the same for a long window as for a short one, so merging windows
lets a slow model follow a fast camera: the frame rate falls to what the model can give.
"""

import math
from dataclasses import dataclass

from spike_recon_ros.nodes.step_cost import StepCost
from spike_recon_ros.settings import Settings

# Longest merged window: in s of sensor time where the frame rate is fixed, else in windows.
LONGEST_MERGED_S = 0.5
MOST_MERGED_WINDOWS = 16
# Share of its time that the worker should be busy at most while it makes up for lag, and after.
CATCHING_UP_UTILISATION, LARGEST_UTILISATION = 0.85, 0.95
# The same if windows were processed in parts, where that was too slow before.
LARGEST_UTILISATION_IN_PARTS = 0.7
# Where the samples cost so much that steps get a smaller share of the time than this, packets are
# dropped: merging more windows would only lower the frame rate.
SMALLEST_STEP_SHARE = 0.3
# A frame may be made at a lag of this share of `overload_lag` although the step takes about as
# long as `overload_lag`, or longer.
SMALLEST_LAG_SHARE, LAG_SHARE_OF_LONG_STEPS = 0.1, 0.5
# A frame is made, however late, when the last one is older than this, s, and than so many steps.
LONGEST_WITHOUT_FRAME, FEWEST_STEPS = 1.0, 7
# Averages forget with this time constant, s.
FORGET_S = 2.0
# Shortest stream, s, after which the cost of samples is known, and after which packets are dropped
# because of it. At first everything takes longer, above all memory that was never used before.
FIRST_ESTIMATE_S, FIRST_DROP_S = 0.5, 1.5
# Shortest sum of the runs of planes, s, that shows the cost of a plane; share of the time that all
# planes must take at least, so that runs go on.
SHORTEST_RUNS_S, LEAST_LOAD_OF_RUNS = 0.02, 0.6


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work has come.

    Attributes:
        busy: time spent working, s.
        arrived: monotonic time at which the packet at hand arrived, s.
        streamed: time in which the packets that were processed arrived, s; without gaps where
            packets were dropped.
        windows: windows that were cut, before any were merged.
        samples: events or spike planes decoded.
    """

    busy: float = 0.0
    arrived: float = 0.0
    streamed: float = 0.0
    windows: int = 0
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """What is at hand when a window ends.

    Attributes:
        windows: windows merged so far, with the latest one.
        samples: samples decoded since the last step.
        lag: age of the packet at hand, s.
        others_wait: whether more packets wait.
        since_step: time since the last step, s.
        can_join: whether the model can read several windows as one.
    """

    windows: int
    samples: int
    lag: float
    others_wait: bool
    since_step: float
    can_join: bool = True


NOTHING = Held(windows=1, samples=0, lag=0.0, others_wait=False, since_step=0.0)


class MergeControl:
    """Bounds the latency of frames: merges windows while frames would be late, and drops last.

    A frame is made only if the packet at hand is so young that the frame will be published within
    `overload_lag` of its newest event, or if nothing else waits. Otherwise its window is merged
    with the next one, up to a longest window. If that happens, so many windows are merged from
    then on that the measured cost of the work allows the model to keep up. That number is a mean:
    with 1.25, every fourth frame is of two windows. From the first late frame on, long windows are
    processed in one step, until the measured cost allows to process them in parts again. Parts of
    a window that would make its frame late are processed in one step, too.

    Packets are dropped where that cannot help: because the longest window is reached, or because
    decoding and processing the samples takes most of the time, as with filters. On a machine that
    is too slow even for that, frames are late, but one comes each second.

    Attributes:
        largest_lag: age, s, of the packet at hand up to which a frame is made while others wait.
        run: time of a spike camera that there is time to read per frame, s; None = all of it. Then
            windows are not merged, because every plane would still have to be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._cost = StepCost()
        self._last: Progress | None = None
        # Of the latest stream: time in which it arrived, time in which its processed packets
        # arrived, windows, samples, and work other than steps.
        self._arrived = self._streamed = self._windows = self._samples = self._other = 0.0
        # Windows per frame, on average, and what earlier frames lack to it.
        self._merge, self._lacking = 1.0, 0.0
        self._is_too_long = self._hurries = False
        self._first_arrived: float | None = None
        self._since_first = 0.0
        self._held = NOTHING
        # In how many parts a window is processed while there is time, and the latest one was.
        self._most_parts = self._parts = 1
        self.largest_lag = settings.overload_lag
        self.run: float | None = None
        self.adopt(settings)

    def adopt(self, settings: Settings) -> None:
        """Use another `overload_lag` from now on."""
        self._overload_lag = settings.overload_lag
        self._most, self._longest_run = MOST_MERGED_WINDOWS, settings.overload_lag / 2
        if settings.sync_mode == 'free_running':
            self._most = max(self._most, round(settings.fps * LONGEST_MERGED_S))
            share = 1 - SMALLEST_STEP_SHARE
            self._longest_run = min(self._longest_run, share / settings.fps)

    def is_late(self, lag: float) -> bool:
        """Whether a frame with this lag, s, counts as late."""
        return lag > self._overload_lag

    def holds(self, held: Held) -> bool:
        """Return whether to merge with the next window instead of making a frame."""
        step = self._cost.expected(held.samples)
        share = SMALLEST_LAG_SHARE if step < self._overload_lag else LAG_SHARE_OF_LONG_STEPS
        self.largest_lag = max(self._overload_lag - step, share * self._overload_lag)
        is_late = held.others_wait and held.lag > self.largest_lag
        self._held, self._parts = held, 1
        if not held.can_join:
            self._is_too_long = is_late
            return False
        if self.run is not None:  # a window that is held ends with its run, unread
            return is_late and not self._is_overdue(held.since_step)
        if is_late:
            self._hurries = self._most_parts > 1
            self._merge = max(self._merge, self._needed(CATCHING_UP_UTILISATION))
            processing = held.since_step + self._cost.per_sample * held.samples
            self._is_too_long = held.windows >= self._most or (
                not self._keeps_up_with_samples()
                and processing >= self._cost.fixed * (1 / SMALLEST_STEP_SHARE - 1)
            )
            if self._is_overdue(held.since_step):
                return False
        return is_late or held.windows < int(self._merge + self._lacking)

    def hurries(self, done: int, left: int, lag: float, others_wait: bool) -> bool:
        """Return whether to process the rest of a window in one step.

        Args:
            done: number of its parts that have been processed.
            left: number of parts that are left.
            lag: age of the packet at hand, s.
            others_wait: whether more packets wait.
        """
        self._most_parts = done + left
        if left > 1 and others_wait:
            samples = self._held.samples * left / self._most_parts
            self._hurries |= lag + self._cost.expected(samples, left) > self._overload_lag
        self._parts = done + (1 if self._hurries else left)
        return self._hurries

    def begins(self, lag: float) -> bool:
        """Return whether there is time to process a part of a window before the others.

        Only where every window gets a frame and is processed in parts: else the time is needed for
        what has arrived, and the part might be merged with later ones.

        Args:
            lag: age of the packet at hand, s.
        """
        return self._merge <= 1.0 and not self._hurries and lag <= self.largest_lag / 2

    def should_drop(self, lag: float, since_step: float) -> bool:
        """Return whether packets must be dropped.

        Args:
            lag: age of the packet at hand, s.
            since_step: time since the last step, s.
        """
        is_late = self._is_too_long and lag > self.largest_lag
        if self.run is not None:
            is_late = lag > self._overload_lag
        return is_late and not self._is_overdue(since_step)

    def measure_run(self, *, dropped: bool = False) -> None:
        """Set `run` by the cost of a spike plane.

        Args:
            dropped: whether packets had to be dropped. Else runs begin only where windows are
                merged because of the planes.
        """
        begins = self.run is None
        if self._streamed < SHORTEST_RUNS_S or (begins and self._merge < 2.0 and not dropped):
            return
        per_plane = self._cost.per_plane if dropped or not begins else self._cost.per_sample
        load = (self._other + per_plane * self._samples) / self._streamed
        least = 1 - SMALLEST_STEP_SHARE if begins else LEAST_LOAD_OF_RUNS
        self.run = self._longest_run / load if load > least else None

    def add_step(self, samples: int, seconds: float, lag: float, progress: Progress) -> None:
        """Learn from a step that has ended.

        Args:
            samples: what it processed.
            seconds: what it took, with rendering and publishing.
            lag: age of the packet at hand when it began, s.
            progress: of all the work up to now.
        """
        self._is_too_long = False
        if self._first_arrived is None:
            self._first_arrived = progress.arrived
        self._since_first = progress.arrived - self._first_arrived
        self._cost.add(samples, seconds, self._parts)
        self._lacking = min(max(self._merge + self._lacking - self._held.windows, 0.0), 1.0)
        last, self._last = self._last, progress
        if last is not None:
            kept = math.exp((last.arrived - progress.arrived) / FORGET_S)
            self._arrived = self._arrived * kept + progress.arrived - last.arrived
            self._streamed = self._streamed * kept + progress.streamed - last.streamed
            self._windows = self._windows * kept + progress.windows - last.windows
            self._samples = self._samples * kept + progress.samples - last.samples
            other = max(0.0, progress.busy - last.busy - seconds)
            self._other = self._other * kept + other
        if lag < self.largest_lag / 2:
            self._merge = min(self._merge, self._needed(LARGEST_UTILISATION))
            if self._hurries and self._arrived >= FIRST_ESTIMATE_S:
                rate = self._windows / self._arrived
                steps = self._cost.fixed * self._most_parts * rate
                busy = self._share_of_samples() + steps
                self._hurries = busy > LARGEST_UTILISATION_IN_PARTS

    def _is_overdue(self, since_step: float) -> bool:
        """Return whether a frame must be made now, however late."""
        return since_step > max(LONGEST_WITHOUT_FRAME, self._cost.fixed * FEWEST_STEPS)

    def _needed(self, utilisation: float) -> float:
        """Return how many windows to merge, on average, so that the model keeps up."""
        if self._arrived < FIRST_ESTIMATE_S:
            return 1.0
        share = max(utilisation - self._share_of_samples(), SMALLEST_STEP_SHARE)
        rate = self._windows / self._arrived
        return min(self._most, max(1.0, self._cost.fixed * rate / share))

    def _keeps_up_with_samples(self) -> bool:
        is_known = self._since_first >= FIRST_DROP_S
        return not is_known or self._share_of_samples() <= 1 - SMALLEST_STEP_SHARE

    def _share_of_samples(self) -> float:
        """Return the share of its time that the worker needs for all but the fixed costs."""
        if self._streamed < FIRST_ESTIMATE_S:
            return 0.0
        processing = self._cost.per_sample * self._samples
        return (self._other + processing) / self._streamed
