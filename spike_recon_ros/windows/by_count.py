# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A frame every n events.

Comes in: Events. Goes out: Windows with the same number of events each, so that the frame rate
follows the motion. Knows nothing about time beyond the events' own.
"""

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.windows.sample_buffer import SampleBuffer
from spike_recon_ros.windows.window import Window


class ByCount:
    """Windows of exactly `window_events` events; a window ends just after its last event."""

    def __init__(self, window_events: int) -> None:
        self._window_events = window_events
        self._pending = SampleBuffer()
        self.late = 0
        self._t_start_ns: int | None = None

    def push(self, events: Events) -> list[Window]:
        """Take the next events in and return the windows that they complete."""
        self._pending.append(events)
        windows = []
        while self._pending.count >= self._window_events:
            windows.append(self._cut(self._window_events))
        return windows

    def push_reference(self, reference: Reference) -> list[Window]:
        """Frames are due by count: a reference changes nothing."""
        return []

    def flush(self) -> list[Window]:
        """Return the last, smaller window if any event is left."""
        return [self._cut(self._pending.count)] if self._pending.count else []

    def _cut(self, count: int) -> Window:
        events = self._pending.take_first(count)
        t_start_ns = int(events.t_ns[0]) if self._t_start_ns is None else self._t_start_ns
        # Windows are half open, so one that contains its last event ends a nanosecond later.
        t_end_ns = max(t_start_ns, int(events.t_ns[-1])) + 1
        self._t_start_ns = t_end_ns
        return Window(t_start_ns, t_end_ns, events)
