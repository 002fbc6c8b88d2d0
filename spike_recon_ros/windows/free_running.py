# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A frame every 1/fps of sensor time, beginning at the stream's first event.

Comes in: Events. Goes out: Windows of equal length without a gap between them. Knows nothing about
host time.
"""

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.windows.sample_buffer import SampleBuffer
from spike_recon_ros.windows.window import Window


class FreeRunning:
    """Windows [t0 + k/fps, t0 + (k+1)/fps), where t0 is the time of the first event.

    Args:
        fps: windows a second.
        max_gap_ns: a silence is filled with empty windows for so long; the rest of it is left out.
    """

    def __init__(self, fps: float, max_gap_ns: int) -> None:
        self._fps = fps
        self._max_gap_ns = max_gap_ns
        self._pending = SampleBuffer()
        self.late = 0
        self._index = 0
        self._last_event_ns = 0

    def push(self, events: Events) -> list[Window]:
        """Take the next events in and return the windows that they complete."""
        self._pending.append(events)
        windows = []
        while self._pending.latest_t_ns is not None and self._pending.reaches(self._time(1)):
            windows.append(self._cut())
            self._skip_silence()
        return windows

    def push_reference(self, reference: Reference) -> list[Window]:
        """Frames are due at a fixed rate: a reference changes nothing."""
        return []

    def flush(self) -> list[Window]:
        """Return the last, unfinished window if any event is in it."""
        return [self._cut()] if self._pending.count else []

    def _time(self, ahead: int) -> int:
        """Return the border `ahead` windows after the current start, without adding up errors."""
        assert self._pending.first_t_ns is not None
        return self._pending.first_t_ns + round((self._index + ahead) * 1e9 / self._fps)

    def _cut(self) -> Window:
        t_start_ns, t_end_ns = self._time(0), self._time(1)
        self._index += 1
        events = self._pending.take_before(t_end_ns)
        if len(events):
            self._last_event_ns = int(events.t_ns[-1])
        return Window(t_start_ns, t_end_ns, events)

    def _skip_silence(self) -> None:
        """After `max_gap_ns` without events, go on at the window of the next one."""
        next_ns = self._pending.next_t_ns
        if next_ns is None or self._time(0) - self._last_event_ns < self._max_gap_ns:
            return
        windows = int((next_ns - self._time(0)) * self._fps / 1e9)
        # Rounded down by one more than needed, so that no border is stepped over.
        self._index += max(0, windows - 1)
        while self._time(1) <= next_ns:
            self._index += 1
