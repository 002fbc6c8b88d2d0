# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The queue between the executor's thread and the worker's, bounded in bytes and in seconds."""

import dataclasses
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings

Request: TypeAlias = Callable[[Reconstructor], None]
Item: TypeAlias = Packet | Reference | CameraFrame | Request

FEWEST_PACKETS = 4
MOST_FRAME_BYTES = 64_000_000
"""Limit for the pixels of the waiting frames; further ones are dropped."""
# What a message takes beside its data, about.
_OVERHEAD = 500
_NO_DATA = np.zeros(0, np.uint8)


@dataclass(slots=True)
class Queued:
    """Something that waits.

    Attributes:
        arrived: monotonic time at which it reached this process, s.
        delayed: time for which it waited in the middleware, s.
        item: what waits.
        size: bytes of a packet, else 0.
        dropped: whether a packet's data is gone; the packet keeps its place, so that the worker
            sees which ones are missing.
    """

    arrived: float
    delayed: float
    item: Item
    size: int
    dropped: bool = False


class PacketQueue:
    """First in, first out; over a limit, the oldest packets lose their data.

    Dropping goes down to half of a limit, so that a few long gaps come instead of many short ones.
    References and requests are small and are never dropped. FEWEST_PACKETS fit whatever the limit.
    Frames of the aligned camera have a limit of their own.

    Attributes:
        time_limit: age of the oldest packet above which packets should be dropped, s.
        stopping: whether `stop` was called.
        dropped_camera_frames: frames dropped because the waiting ones reached MOST_FRAME_BYTES.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._items: deque[Queued] = deque()
        self._bytes = self._frame_bytes = 0
        self.dropped_camera_frames = 0
        self._ready = threading.Condition()
        self.stopping = False
        self.adopt(settings)

    def __len__(self) -> int:
        return len(self._items)

    def adopt(self, settings: Settings) -> None:
        """Use other limits from now on."""
        self.time_limit = settings.queue_time_limit
        self._limits = {
            SensorKind.EVENT: settings.event_queue_memory_limit,
            SensorKind.SPIKE: settings.spike_queue_memory_limit,
        }

    def put(self, item: Item, age: float = 0.0) -> int:
        """Append an item; return how many packets were dropped to make room for it.

        Args:
            item: what waits.
            age: time since it arrived, s.
        """
        size = len(item.data) + _OVERHEAD if isinstance(item, Packet) else 0
        dropped = 0
        with self._ready:
            if isinstance(item, CameraFrame) and not self._has_room(item):
                return 0
            if isinstance(item, Packet):
                limit = self._limits[sensor_kind_of(item.encoding)]
                limit = max(limit, FEWEST_PACKETS * size)
                if self._bytes + size > limit:
                    dropped = self._drop_while(lambda queued: self._bytes > limit // 2)
            self._items.append(Queued(self._clock() - age, age, item, size))
            self._bytes += size
            self._ready.notify()
        return dropped

    def take(self) -> Queued | None:
        """Wait for the oldest item and remove it; return None once the queue is stopped."""
        with self._ready:
            self._ready.wait_for(lambda: self._items or self.stopping)
            if self.stopping:
                return None
            queued = self._items.popleft()
            if isinstance(queued.item, CameraFrame):
                self._frame_bytes -= queued.item.image.nbytes
            self._bytes -= queued.size
            return queued

    def drop_before(self, oldest: float, taken: Queued) -> int:
        """Drop `taken` and the packets that arrived before `oldest`; return how many."""
        with self._ready:
            assert isinstance(taken.item, Packet)
            taken.item, taken.dropped = dataclasses.replace(taken.item, data=_NO_DATA), True
            return 1 + self._drop_while(lambda queued: queued.arrived < oldest)

    def stop(self) -> None:
        """Let `take` return None from now on."""
        with self._ready:
            self.stopping = True
            self._ready.notify()

    def _has_room(self, frame: CameraFrame) -> bool:
        """Count the bytes of a frame, or count it as dropped; return whether it fits."""
        fits = self._frame_bytes + frame.image.nbytes <= MOST_FRAME_BYTES
        self._frame_bytes += frame.image.nbytes if fits else 0
        self.dropped_camera_frames += not fits
        return fits

    def _drop_while(self, is_dropped: Callable[[Queued], bool]) -> int:
        """Drop packets from the oldest on, as long as the condition holds for the next one."""
        count = 0
        for queued in self._items:
            if not isinstance(queued.item, Packet) or queued.dropped:
                continue
            if not is_dropped(queued):
                break
            self._bytes -= queued.size
            queued.item = dataclasses.replace(queued.item, data=_NO_DATA)
            queued.size, queued.dropped = 0, True
            count += 1
        return count
