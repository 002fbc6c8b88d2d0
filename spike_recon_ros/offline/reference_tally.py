# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Counts which references got a frame, and where those lie that got none.

A frame needs events before it and one after it, so references before the first event and after
the last one have none. If all lie there, the clocks of events and references differ.
"""

from spike_recon_ros.frame import Frame
from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.packets.packet import Packet, Reference

S_NS = 1_000_000_000


class ReferenceTally:
    """The references of one recording, and the frames that they got."""

    def __init__(self) -> None:
        self._waiting: dict[int, int] = {}
        self._count = 0
        self._first_ns: int | None = None
        self._last_ns = 0

    def add(self, item: Packet | Reference | CameraFrame) -> None:
        """Count an item of the recording."""
        if isinstance(item, Reference):
            self._count += 1
            self._waiting[item.stamp_ns] = self._waiting.get(item.stamp_ns, 0) + 1
            return
        if isinstance(item, CameraFrame):
            return
        if self._first_ns is None:
            self._first_ns = item.stamp_ns
        self._last_ns = max(self._last_ns, item.stamp_ns)

    def add_frame(self, frame: Frame) -> None:
        """Count a frame."""
        left = self._waiting.pop(frame.stamp_ns, 0) - 1
        if left > 0:
            self._waiting[frame.stamp_ns] = left

    def without_frame(self) -> dict[str, int]:
        """Return how many references have no frame, by where they lie."""
        first_ns = self._first_ns or 0
        before = sum(n for stamp, n in self._waiting.items() if stamp <= first_ns)
        after = sum(n for stamp, n in self._waiting.items() if stamp >= self._last_ns > first_ns)
        between = sum(self._waiting.values()) - before - after
        return {'before_first_event': before, 'after_last_event': after, 'between': between}

    def sentence(self, topic: str | None) -> str:
        """Return why references have no frame, as a sentence; empty = all have one.

        Args:
            topic: of the references.
        """
        if not self._count:
            return f'{topic} holds no stamps'
        counts = self.without_frame()
        before, after, between = counts.values()
        if before == self._count:
            gap_s = ((self._first_ns or 0) - max(self._waiting)) / S_NS
            return (
                f'all {before:,} stamps on {topic} lie before the first event, the last by '
                f'{gap_s:.3f} s; their clocks differ, or the events were recorded later'
            )
        if after == self._count:
            gap_s = (min(self._waiting) - self._last_ns) / S_NS
            return (
                f'all {after:,} stamps on {topic} lie after the last event, the first by '
                f'{gap_s:.3f} s; their clocks differ, or the events were recorded earlier'
            )
        places = {'before the first event': before, 'after the last event': after}
        places['between events, too late or twice'] = between
        listed = ', '.join(f'{count:,} {place}' for place, count in places.items() if count)
        if not listed:
            return ''
        return f'of {self._count:,} stamps on {topic}, these have no frame: {listed}'
