# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One thread that turns queued packets into frames."""

import traceback
from collections.abc import Callable

from spike_recon_ros.frame import Frame
from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.joined_thread import JoinedThread
from spike_recon_ros.nodes.packet_queue import PacketQueue, Request
from spike_recon_ros.nodes.processor import Processor
from spike_recon_ros.nodes.worker_statistics import WorkerStatistics
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings


class Worker:
    """Owns the reconstructor while it runs; no other thread may touch it then.

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
        self._queue = PacketQueue(reconstructor.settings)
        self._processor = Processor(reconstructor, self._queue, publish, report, self.statistics)
        self._thread = JoinedThread(self._run, 'reconstruct')
        self._thread.start()

    def put(self, item: Packet | Reference, age: float = 0.0) -> None:
        """Queue what arrived `age` seconds ago; returns at once."""
        if isinstance(item, Packet):
            self.statistics.received_packets += 1
        self._processor.count_dropped(self._queue.put(item, age))

    def put_frame(self, frame: CameraFrame) -> None:
        """Queue a frame of the aligned camera; returns at once."""
        self._queue.put(frame)

    @property
    def dropped_camera_frames(self) -> int:
        """Number of frames of the aligned camera that were dropped because too many waited."""
        return self._queue.dropped_camera_frames

    def call(self, request: Request) -> None:
        """Queue something to be done with the reconstructor between two packets."""
        self._queue.put(request)

    def adopt(self, settings: Settings) -> None:
        """Change what may change while frames are made: rendering and the limits."""
        self._queue.adopt(settings)
        self._processor.adopt(settings)
        self.call(lambda reconstructor: reconstructor.adopt(settings))

    def stop(self) -> None:
        """End the thread after the frame at hand; what waits is discarded."""
        self._queue.stop()
        self._thread.join()
        self.statistics.discarded_packets += self.statistics.waiting_packets

    def _run(self) -> None:
        while (queued := self._queue.take()) is not None:
            try:
                self._processor.process(queued)
            except Exception:  # the report itself failed; the video must still not end
                traceback.print_exc()
