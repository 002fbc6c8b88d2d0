# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One thread that turns queued packets into frames, and what it does when it cannot keep up."""

import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass

from spike_recon_ros.errors import UserError
from spike_recon_ros.frame import Frame
from spike_recon_ros.nodes.overload import MergeControl, Progress
from spike_recon_ros.nodes.packet_queue import PacketQueue, Queued, Request
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.settings import Settings

# Lag that must be made up for per second after a model was loaded.
CATCHING_UP = 0.5


@dataclass(slots=True)
class WorkerStatistics:
    """Counts of packets and frames, and what the worker does now.

    Every packet that was received is decoded, dropped, failed, discarded or still waiting.

    Attributes:
        received_packets: packets that were queued.
        decoded_packets: packets that the reconstructor has processed.
        dropped_packets: packets whose data was dropped because the queue was over a limit.
        failed_packets: packets that raised an error.
        discarded_packets: packets that waited when the worker was stopped.
        overflows: how often the queue was over a limit.
        frames: frames made.
        late_frames: frames made from packets that had waited longer than `overload_lag`.
        lag: age of the latest packet when the worker took it, s.
        busy: time spent working, s.
    """

    received_packets: int = 0
    decoded_packets: int = 0
    dropped_packets: int = 0
    failed_packets: int = 0
    discarded_packets: int = 0
    overflows: int = 0
    frames: int = 0
    late_frames: int = 0
    lag: float = 0.0
    busy: float = 0.0

    @property
    def waiting_packets(self) -> int:
        """Packets that are queued or being processed."""
        return self.received_packets - (
            self.decoded_packets
            + self.dropped_packets
            + self.failed_packets
            + self.discarded_packets
        )


class Worker:
    """Owns the reconstructor while it runs; no other thread may touch it then.

    Overload, by the age (lag) of the packet at hand: above `overload_lag`, windows are merged, so
    that the model makes fewer steps and the lag falls again. Only when that is not enough, the
    oldest packets are dropped: when the oldest is older than `queue_time_limit`, or when more
    bytes wait than `event_queue_memory_limit` (`spike_queue_memory_limit`). The state survives.

    A model whose sensor was not known before is loaded when the first packet comes. What arrives
    meanwhile is not overload but the beginning of the scene, so the lag that this causes does not
    count, as long as it shrinks.

    Args:
        reconstructor: what does the work.
        publish: called on the worker's thread with each frame and the seconds spent on it.
        report: called on the worker's thread with the error of a packet that failed: a UserError,
            or anything else if it is a bug.
        statistics: continued from an earlier worker; new ones if None.
    """

    def __init__(
        self,
        reconstructor: Reconstructor,
        publish: Callable[[Frame, float], None],
        report: Callable[[Exception], None],
        statistics: WorkerStatistics | None = None,
    ) -> None:
        self.statistics = statistics or WorkerStatistics()
        self._reconstructor = reconstructor
        self._publish = publish
        self._report = report
        settings = reconstructor.settings
        self._queue = PacketQueue(settings)
        self._counting = threading.Lock()
        self._control = MergeControl(settings)
        self._loaded_at = self._loading = self._work_begun = 0.0
        self._thread = threading.Thread(target=self._run, name='reconstruct', daemon=True)
        self._thread.start()

    def put(self, item: Packet | Reference) -> None:
        """Queue what has arrived; returns at once."""
        if isinstance(item, Packet):
            self.statistics.received_packets += 1
        self._count_dropped(self._queue.put(item))

    def call(self, request: Request) -> None:
        """Queue something to be done with the reconstructor between two packets."""
        self._queue.put(request)

    def adopt(self, settings: Settings) -> None:
        """Change what may change while frames are made: rendering and the limits."""
        self._queue.adopt(settings)
        self._control.adopt(settings)
        self.call(lambda reconstructor: reconstructor.adopt(settings))

    def stop(self) -> None:
        """End the thread after the frame at hand; what waits is discarded."""
        self._queue.stop()
        self._thread.join()
        self.statistics.discarded_packets += self.statistics.waiting_packets

    def _count_dropped(self, dropped: int) -> None:
        with self._counting:  # both threads drop packets
            self.statistics.dropped_packets += dropped
            self.statistics.overflows += dropped > 0

    def _run(self) -> None:
        while (queued := self._queue.take()) is not None:
            try:
                self._work(queued)
            except Exception:  # the report itself failed; the video must still not end
                traceback.print_exc()

    def _work(self, queued: Queued) -> None:
        item = queued.item
        if isinstance(item, Packet) and not queued.dropped:
            self._drop_old(queued)
        if isinstance(item, Packet) and queued.dropped:
            self._reconstructor.skip(item)
            return
        begun = time.monotonic()
        try:
            self._process(queued, begun)
        except UserError as error:
            self.statistics.failed_packets += isinstance(item, Packet)
            self._report(error)
        except Exception as error:  # a bug must be seen, but must not end the video
            self.statistics.failed_packets += isinstance(item, Packet)
            self._report(error)
            self._reconstructor.reset(ResetReason.ERROR, repr(error))
        else:
            self.statistics.decoded_packets += isinstance(item, Packet)
        self.statistics.busy += time.monotonic() - begun

    def _drop_old(self, queued: Queued) -> None:
        """Drop the packet at hand, and old ones behind it, if it is over the time limit."""
        now = time.monotonic()
        excused = self._excused(now)
        if now - queued.arrived - excused > self._queue.time_limit:
            oldest = now - excused - self._queue.time_limit / 2
            self._count_dropped(self._queue.drop_before(oldest, queued))

    def _process(self, queued: Queued, begun: float) -> None:
        item, self._work_begun = queued.item, begun
        if callable(item):
            item(self._reconstructor)
            return
        self._merge_for(queued, begun)
        with contextlib.closing(self._frames_of(item)) as frames:
            for frame in frames:
                done = time.monotonic()
                self.statistics.frames += 1
                self.statistics.late_frames += self._control.is_late(self._lag(queued, begun))
                self._publish(frame, done - begun)
                if self._queue.stopping:
                    return
                # A packet after a silence completes many frames, and the queue grows meanwhile.
                begun = time.monotonic()
                self._merge_for(queued, begun)

    def _merge_for(self, queued: Queued, now: float) -> None:
        self.statistics.lag = lag = self._lag(queued, now)
        counts = self._reconstructor.statistics
        progress = Progress(
            busy=self.statistics.busy + now - self._work_begun,
            arrived=queued.arrived,
            steps=counts.windows,
            windows=counts.windows + counts.merged_windows,
            samples=counts.samples,
        )
        self._reconstructor.merge_windows = self._control.merge_for(lag, progress)

    def _frames_of(self, item: Packet | Reference) -> Generator[Frame, None, None]:
        if isinstance(item, Reference):
            yield from self._reconstructor.stream(item)
            return
        statistics = self._reconstructor.statistics
        begun, loaded = time.monotonic(), statistics.models_loaded
        frames = self._reconstructor.stream(item)
        if statistics.models_loaded != loaded:
            self._loaded_at = time.monotonic()
            self._loading = self._loaded_at - begun
        yield from frames

    def _lag(self, queued: Queued, now: float) -> float:
        """Return the age of a packet, less what comes from loading the model."""
        return max(0.0, now - queued.arrived - self._excused(now))

    def _excused(self, now: float) -> float:
        return max(0.0, self._loading - CATCHING_UP * (now - self._loaded_at))
