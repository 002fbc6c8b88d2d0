# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One thread that turns queued packets into frames, and what it does when it cannot keep up.

Comes in: Packets, References and requests, from the executor's thread. Goes out: Frames, through a
callback, on the worker's own thread. Knows nothing about messages or topics.
"""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from spike_recon_ros.errors import UserError
from spike_recon_ros.frame import Frame
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor, ResetReason

# Joining more windows than this would blur what little can still be shown.
MOST_MERGED_WINDOWS = 16
# Lag that is left to make up for, a second, while what waited for the model is worked through.
CATCHING_UP = 0.5


@dataclass(slots=True)
class WorkerStatistics:
    """Counts since the worker was made.

    Attributes:
        unpublished_frames: frames made but not rendered and published, under overload.
        dropped_packets: packets thrown away, unseen, because the queue was full.
        overflows: how often the queue was full.
        failed_packets: packets that could not be worked through.
        lag: age of the packet taken last when it was taken, s.
        busy: time spent working, s.
    """

    unpublished_frames: int = 0
    dropped_packets: int = 0
    overflows: int = 0
    failed_packets: int = 0
    lag: float = 0.0
    busy: float = 0.0


_Item: TypeAlias = Packet | Reference | Callable[[Reconstructor], None]


@dataclass(frozen=True, slots=True)
class _Queued:
    arrived: float
    item: _Item
    size: int


class Worker:
    """Owns the reconstructor while it runs; nobody else may touch it then.

    The overload ladder, by the age (lag) of the packet at hand: above `overload_lag`, frames are
    still made but only one in each `overload_lag` is rendered and published; above twice that,
    windows are merged, 2, 4, ... up to MOST_MERGED_WINDOWS to a frame; when the queue is over
    `event_queue_memory_limit` (`spike_queue_memory_limit`), all that waits is dropped and the
    state is reset.

    A model is made when the first packet tells the sensor's size. What arrives meanwhile is not
    overload but the beginning of the scene, so the lag that this causes is not counted, as long as
    it shrinks.

    Args:
        reconstructor: what does the work.
        publish: called on the worker's thread with each frame and the seconds spent on it.
        report: called on the worker's thread with what a packet that failed has raised: a
            UserError, or anything else if it is a bug.
    """

    def __init__(
        self,
        reconstructor: Reconstructor,
        publish: Callable[[Frame, float], None],
        report: Callable[[Exception], None],
    ) -> None:
        self.statistics = WorkerStatistics()
        self.overload_lag = reconstructor.settings.overload_lag
        settings = reconstructor.settings
        self._limits = {
            SensorKind.EVENT: settings.event_queue_memory_limit,
            SensorKind.SPIKE: settings.spike_queue_memory_limit,
        }
        self._reconstructor = reconstructor
        self._publish = publish
        self._report = report
        self._queue: deque[_Queued] = deque()
        self._bytes = 0
        self._ready = threading.Condition()
        self._stopping = False
        self._published_at = -float('inf')
        self._loaded_at = self._loading = 0.0
        self._thread = threading.Thread(target=self._run, name='reconstruct', daemon=True)
        self._thread.start()

    def put(self, item: Packet | Reference) -> None:
        """Queue what has arrived; returns at once."""
        size, limit = 0, 0
        if isinstance(item, Packet):
            size, limit = len(item.data), self._limits[sensor_kind_of(item.encoding)]
        with self._ready:
            if size and self._bytes + size > limit:
                self._drop_queue()
            self._append(_Queued(time.monotonic(), item, size))

    def call(self, request: Callable[[Reconstructor], None]) -> None:
        """Queue something to be done with the reconstructor between two packets."""
        with self._ready:
            self._append(_Queued(time.monotonic(), request, 0))

    def stop(self) -> None:
        """End the thread after the packet at hand; what waits is forgotten."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        self._thread.join()

    def _append(self, queued: _Queued) -> None:
        self._queue.append(queued)
        self._bytes += queued.size
        self._ready.notify()

    def _drop_queue(self) -> None:
        waiting = sum(isinstance(queued.item, Packet) for queued in self._queue)
        requests = [queued for queued in self._queue if callable(queued.item)]
        detail = f'{waiting} packets dropped, {self._bytes} bytes were waiting'
        self.statistics.dropped_packets += waiting
        self.statistics.overflows += 1
        self._queue.clear()
        self._bytes = 0
        reset = _Queued(
            time.monotonic(), lambda recon: recon.reset(ResetReason.OVERLOAD, detail), 0
        )
        for queued in [reset, *requests]:
            self._append(queued)

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._queue or self._stopping)
                if self._stopping:
                    return
                queued = self._queue.popleft()
                self._bytes -= queued.size
            try:
                self._work(queued)
            except Exception:  # the report itself failed; the video must still not end
                traceback.print_exc()

    def _work(self, queued: _Queued) -> None:
        begun = time.monotonic()
        self.statistics.lag = begun - queued.arrived
        try:
            self._take(queued.item, self.statistics.lag)
        except UserError as error:
            self.statistics.failed_packets += 1
            self._report(error)
        except Exception as error:  # a bug must be seen, but must not end the video
            self.statistics.failed_packets += 1
            self._report(error)
            self._reconstructor.reset(ResetReason.ERROR, repr(error))
        self.statistics.busy += time.monotonic() - begun

    def _take(self, item: _Item, lag: float) -> None:
        if callable(item):
            item(self._reconstructor)
            return
        overloads = self._own_lag(lag, time.monotonic()) / self.overload_lag
        merge = 1
        while merge < MOST_MERGED_WINDOWS and overloads > 2 * merge:
            merge *= 2
        self._reconstructor.merge_windows = merge
        begun = time.monotonic()
        self._reconstructor.rendering = self._may_publish(lag, begun)
        for frame in self._pushed(item):
            done = time.monotonic()
            if frame.image is None:
                self.statistics.unpublished_frames += 1
            else:
                self._published_at = done
                self._publish(frame, done - begun)
            # A packet after a silence completes many frames, and the queue grows meanwhile.
            lag += done - begun
            begun = time.monotonic()
            self._reconstructor.rendering = self._may_publish(lag, begun)

    def _pushed(self, item: Packet | Reference) -> Iterator[Frame]:
        if isinstance(item, Reference):
            return self._reconstructor.push_reference(item)
        statistics = self._reconstructor.statistics
        begun, loaded = time.monotonic(), statistics.models_loaded
        frames = self._reconstructor.push(item)
        if statistics.models_loaded != loaded:
            self._loaded_at = time.monotonic()
            self._loading = self._loaded_at - begun
        return frames

    def _own_lag(self, lag: float, now: float) -> float:
        """Return the part of a lag that does not come from loading the model."""
        return lag - max(0.0, self._loading - CATCHING_UP * (now - self._loaded_at))

    def _may_publish(self, lag: float, now: float) -> bool:
        lag = self._own_lag(lag, now)
        return lag <= self.overload_lag or now - self._published_at >= self.overload_lag
