# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the worker counts; the other threads of the node read it."""

from dataclasses import dataclass


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
        failure: why the latest failed packet failed.
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
    failure: str = ''

    @property
    def waiting_packets(self) -> int:
        """Packets that are queued or being processed."""
        return self.received_packets - (
            self.decoded_packets
            + self.dropped_packets
            + self.failed_packets
            + self.discarded_packets
        )
