# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is done with one queued item, and what is left out when the node cannot keep up.

Separate from the thread that calls it, so that tests can run it on a simulated clock.
"""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Generator

from spike_recon_ros.errors import UserError, one_line
from spike_recon_ros.frame import Frame
from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.nodes.overload import Held, MergeControl, Progress
from spike_recon_ros.nodes.packet_queue import PacketQueue, Queued
from spike_recon_ros.nodes.worker_statistics import WorkerStatistics
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.settings import Settings
from spike_recon_ros.window_steps import Pace

# Lag that must be made up for per second after a model was loaded.
CATCHING_UP = 0.5
# If a packet waited in the middleware for longer, s, others do so now.
LONG_DELAY = 0.02
# Packets in a row that follow a gap and whose windows are held for that; then a frame is due.
MOST_STALE = 3


class Processor(Pace):
    """Processes queued items and bounds the lag, the age of the packet at hand.

    Above `overload_lag`, long windows are processed in one step, and windows are merged, so that
    the model makes fewer steps. Only when that is not enough, the oldest packets are dropped; the
    state survives. MergeControl decides all of this.
    Of a spike camera, planes are dropped that no frame needs; see PlaneRuns.

    A model whose sensor was not known before is loaded when the first packet comes. What arrives
    meanwhile is not overload but the beginning of the scene, so the lag that this causes does not
    count, as long as it shrinks.

    Args:
        reconstructor: what does the work.
        queue: holds what follows the item at hand.
        publish: called with each frame and the seconds spent on it.
        report: called with the error of a packet that failed: a UserError, or anything else if it
            is a bug.
        statistics: counts to continue.
        clock: returns monotonic time, s.
    """

    def __init__(
        self,
        reconstructor: Reconstructor,
        queue: PacketQueue,
        publish: Callable[[Frame, float], None],
        report: Callable[[Exception], None],
        statistics: WorkerStatistics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reconstructor = reconstructor
        self._queue = queue
        self._publish = publish
        self._report = report
        self._statistics = statistics
        self._clock = clock
        self._counting = threading.Lock()
        self._control = MergeControl(reconstructor.settings)
        self._queued: Queued | None = None
        self._loaded_at = self._loading = 0.0
        # Work on packets without loading, and when it began for the packet at hand.
        self._worked = self._begun = 0.0
        # Arrival of the latest packet if it was processed, and MergeControl's `streamed`.
        self._last_arrived: float | None = None
        self._streamed = 0.0
        # Whether the packet at hand follows dropped ones, so that the first window that it
        # completes contains no recent event; how often windows were held for that in a row.
        self._follows_gap = False
        self._stale = MOST_STALE
        # When the latest step began, and at which lag; when it ended, after how many samples.
        self._step_begun = self._step_lag = self._step_ended = 0.0
        self._samples = 0
        # When parts of a window that is not complete yet began, and the time that they took.
        self._early_begun: float | None = None
        self._early = 0.0
        reconstructor.pace = self

    def adopt(self, settings: Settings) -> None:
        """Use other limits from now on."""
        self._control.adopt(settings)

    def count_dropped(self, dropped: int) -> None:
        """Count packets that were dropped at once, from any thread."""
        with self._counting:
            self._statistics.dropped_packets += dropped
            self._statistics.overflows += dropped > 0

    def process(self, queued: Queued) -> None:
        """Process what was taken from the queue, or skip it if its data was dropped."""
        item = queued.item
        if isinstance(item, Packet) and not queued.dropped:
            self._drop_old(queued, item)
        if isinstance(item, Packet) and queued.dropped:
            # Runs of planes are so short that each of their packets counts.
            self._last_arrived = queued.arrived if self._is_spike else None
            self._reconstructor.skip(item)
            return
        begun = self._clock()
        try:
            if callable(item):
                item(self._reconstructor)
            else:
                self._make_frames(queued, item)
        except UserError as error:
            self._fail(item, error)
        except Exception as error:  # a bug must be seen, but must not end the video
            self._fail(item, error)
            self._reconstructor.reset(ResetReason.ERROR, repr(error))
        else:
            self._statistics.decoded_packets += isinstance(item, Packet)
        self._statistics.busy += self._clock() - begun

    def _fail(self, item: object, error: Exception) -> None:
        if isinstance(item, Packet):
            self._statistics.failed_packets += 1
            self._statistics.failure = one_line(error)
        self._report(error)

    def _drop_old(self, queued: Queued, packet: Packet) -> None:
        """Drop the packet at hand if no frame needs it, or with old ones behind it if too old."""
        now = self._clock()
        excused = self._excused(now)
        lag = self._lag(queued, now)
        if lag - queued.delayed > self._queue.time_limit:
            largest_lag = self._queue.time_limit / 2 + queued.delayed
        elif self._control.should_drop(lag, now - self._step_ended):
            largest_lag = self._control.largest_lag / 2
        elif self._control.run is None or self._reconstructor.needs(packet):
            return
        else:
            with self._counting:
                self._statistics.dropped_packets += self._queue.drop_before(-math.inf, queued)
            return
        if self._is_spike:
            self._control.measure_run(dropped=True)
            largest_lag = self._control.largest_lag / 2 + queued.delayed
        self.count_dropped(self._queue.drop_before(now - excused - largest_lag, queued))

    def _make_frames(self, queued: Queued, item: Packet | Reference | CameraFrame) -> None:
        self._queued, self._begun = queued, self._clock()
        if isinstance(item, Packet):
            self._follows_gap = self._last_arrived is None and self._stale < MOST_STALE
            self._stale += self._follows_gap
            if self._last_arrived is not None:
                self._streamed += queued.arrived - self._last_arrived
            self._last_arrived = queued.arrived
        self._statistics.lag = self._lag(queued, self._begun)
        begun = self._begun
        try:
            with contextlib.closing(self._frames_of(item)) as frames:
                for frame in frames:
                    done = self._clock()
                    self._statistics.frames += 1
                    self._statistics.late_frames += self._control.is_late(self._step_lag)
                    self._publish(frame, done - begun)
                    begun = self._clock()
                    self._end_step(queued, begun, len(frame.samples))
                    if self._queue.stopping:
                        return
        finally:
            now = self._clock()
            self._worked += now - self._begun
            if self._early_begun is not None:
                self._early += now - self._early_begun
                self._early_begun = None

    def holds(self, count: int, can_join: bool = True) -> bool:
        """See Pace."""
        assert self._queued is not None
        now = self._clock()
        lag = self._lag(self._queued, now)
        held = Held(
            windows=count,
            samples=self._reconstructor.statistics.samples - self._samples,
            lag=lag,
            others_wait=self._others_wait(),
            since_step=now - self._step_ended,
            can_join=can_join,
        )
        if self._control.holds(held) or (self._follows_gap and can_join):
            return True
        self._step_begun, self._step_lag = now, lag
        return False

    def hurries(self, done: int, left: int) -> bool:
        """See Pace."""
        assert self._queued is not None
        lag = self._lag(self._queued, self._clock())
        return self._control.hurries(done, left, lag, self._others_wait())

    def begins(self) -> bool:
        """See Pace."""
        assert self._queued is not None
        now = self._clock()
        lag = self._lag(self._queued, now)
        begins = not self._others_wait() and self._control.begins(lag)
        if begins and self._early_begun is None:
            self._early_begun = now
        return begins

    def longest_run_ns(self) -> int | None:
        """See Pace."""
        return None if self._control.run is None else int(self._control.run * 1e9)

    @property
    def _is_spike(self) -> bool:
        return self._reconstructor.kind is SensorKind.SPIKE

    def _others_wait(self) -> bool:
        assert self._queued is not None
        return len(self._queue) > 0 or self._queued.delayed > LONG_DELAY

    def _end_step(self, queued: Queued, now: float, used: int) -> None:
        counts = self._reconstructor.statistics
        # Planes of windows without a frame are decoded, but not processed.
        samples = used if self._is_spike else counts.samples - self._samples
        self._step_ended, self._samples, self._stale = now, counts.samples, 0
        progress = Progress(
            busy=self._worked + now - self._begun,
            arrived=queued.arrived,
            streamed=self._streamed,
            windows=counts.windows + counts.merged_windows,
            samples=counts.samples,
        )
        seconds = now - self._step_begun + self._early
        self._early = 0.0
        self._control.add_step(samples, seconds, self._step_lag, progress)
        if self._is_spike:
            self._control.measure_run()

    def _frames_of(self, item: Packet | Reference | CameraFrame) -> Generator[Frame, None, None]:
        if not isinstance(item, Packet):
            yield from self._reconstructor.stream(item)
            return
        statistics = self._reconstructor.statistics
        begun, loaded = self._clock(), statistics.models_loaded
        frames = self._reconstructor.stream(item)
        if statistics.models_loaded != loaded:
            self._loaded_at = self._clock()
            self._loading = self._loaded_at - begun
            self._begun += self._loading
        yield from frames

    def _lag(self, queued: Queued, now: float) -> float:
        """Return the age of a packet, less what comes from loading the model."""
        return max(0.0, now - queued.arrived - self._excused(now))

    def _excused(self, now: float) -> float:
        return max(0.0, self._loading - CATCHING_UP * (now - self._loaded_at))
