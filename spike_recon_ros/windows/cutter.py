# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Cutting a stream into windows at a fixed rate or by count, and the choice among all ways.

A window is emitted once a later sample has been seen. No way of cutting reads a clock, so windows
depend neither on load nor on how the stream was divided into packets.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.at_moments import AtReferences, AtTriggers
from spike_recon_ros.windows.fixed_rate import FixedRate
from spike_recon_ros.windows.on_grid import OnGrid
from spike_recon_ros.windows.sample_cutter import SampleCutter
from spike_recon_ros.windows.window import Window


class Cutter(Protocol):
    """Cuts one continuous stream; a new stream needs a new cutter.

    Samples are stored when they are pushed. Windows are cut when they are iterated, so that many
    windows never have to be in memory at once; windows left over follow at the next push.
    """

    @property
    def late(self) -> int:
        """References, trigger edges and grid points that were too late for a frame."""

    def push(self, samples: Events) -> Iterable[Window]:
        """Append samples and return the windows that they complete, oldest first."""

    def push_reference(self, reference: Reference) -> Iterable[Window]:
        """Add a moment for which a frame is wanted; return the windows that it completes."""

    def flush(self) -> Iterable[Window]:
        """Return the windows that no later sample will complete, at the end of a recording."""


class FreeRunning(FixedRate):
    """Windows [t0 + k/fps, t0 + (k+1)/fps), where t0 is the time of the first sample.

    Args:
        fps: windows per second.
        max_gap_ns: a pause is filled with empty windows for this long; the rest is skipped.
    """

    def __init__(self, fps: float, max_gap_ns: int) -> None:
        super().__init__(max_gap_ns)
        self._fps = fps
        self._index = 0

    def flush(self) -> list[Window]:
        """Return the last, unfinished window if it holds a sample."""
        return [*self._complete(), *([self._cut()] if self._pending.count else [])]

    def _complete(self) -> Iterator[Window]:
        if self._run_ns is not None and (first_ns := self._pending.next_t_ns) is not None:
            self._index = self._index_from(first_ns + self._run_ns) - 1
            self._begun_until_ns, self._run_ns = first_ns, None
        while self._pending.latest_t_ns is not None and self._pending.reaches(self._time(1)):
            window = self._cut()
            self._skip_pause()
            yield window

    def _time(self, ahead: int) -> int:
        """Return the border `ahead` windows after the current start, without adding up errors."""
        assert self._pending.first_t_ns is not None
        return self._pending.first_t_ns + round((self._index + ahead) * 1e9 / self._fps)

    def _index_from(self, t_ns: int) -> int:
        """Return the number of the first border at a time or after it."""
        assert self._pending.first_t_ns is not None
        index = int((t_ns - self._pending.first_t_ns) * self._fps / 1e9) - 1
        while self._time(index - self._index) < t_ns:
            index += 1
        return index

    def _border_from(self, t_ns: int) -> int:
        return self._time(self._index_from(t_ns) - self._index)

    def _span(self) -> tuple[int, int] | None:
        return None if self._pending.first_t_ns is None else (self._time(0), self._time(1))

    def _cut(self) -> Window:
        t_start_ns, t_end_ns = self._rest_from(self._time(0)), self._time(1)
        self._index += 1
        self._finish_window()
        return Window(t_start_ns, t_end_ns, self._take_before(t_end_ns))

    def _skip_pause(self) -> None:
        """After `max_gap_ns` without samples, continue at the window of the next one."""
        next_ns = self._pending.next_t_ns
        if next_ns is None or self._time(0) - self._last_sample_ns < self._max_gap_ns:
            return
        windows = int((next_ns - self._time(0)) * self._fps / 1e9)
        # Rounded down by one more than needed, so that no border is stepped over.
        self._index += max(0, windows - 1)
        while self._time(1) <= next_ns:
            self._index += 1


class ByCount(SampleCutter):
    """Windows of exactly `window_events` events, so that the frame rate follows the motion.

    A window ends just after its last event.
    """

    def __init__(self, window_events: int) -> None:
        super().__init__()
        self._window_events = window_events
        self._t_start_ns: int | None = None

    def flush(self) -> list[Window]:
        """Return the last, smaller window if any event is left."""
        windows = list(self._complete())
        return [*windows, self._cut(self._pending.count)] if self._pending.count else windows

    def _complete(self) -> Iterator[Window]:
        while self._pending.count >= self._window_events:
            yield self._cut(self._window_events)

    def _cut(self, count: int) -> Window:
        events = self._pending.take_first(count)
        t_start_ns = int(events.t_ns[0]) if self._t_start_ns is None else self._t_start_ns
        # Windows are half open, so one that contains its last event ends a nanosecond later.
        t_end_ns = max(t_start_ns, int(events.t_ns[-1])) + 1
        self._t_start_ns = t_end_ns
        return Window(t_start_ns, t_end_ns, events)


def _at_fixed_rate(settings: Settings, clock: SensorClock) -> Cutter:
    max_gap_ns = round(settings.max_gap * 1e9)
    if settings.grid_origin == 'first_sample':
        return FreeRunning(settings.fps, max_gap_ns)
    # A clock that observes nothing leaves the grid in sensor time.
    grid_clock = clock if settings.grid_origin == 'host_time' else SensorClock()
    return OnGrid(settings.fps, max_gap_ns, grid_clock)


_CUTTERS: dict[str, Callable[[Settings, SensorClock], Cutter]] = {
    'free_running': _at_fixed_rate,
    'by_count': lambda settings, clock: ByCount(settings.window_events),
    'trigger_events': lambda settings, clock: AtTriggers(
        settings.trigger_edge, settings.trigger_channel
    ),
    'camera_image': lambda settings, clock: AtReferences(clock),
    'time_reference': lambda settings, clock: AtReferences(clock),
}


def cutter_for(settings: Settings, clock: SensorClock) -> Cutter:
    """Return a new cutter for `settings.sync_mode`.

    Raises:
        UserError: a grid is set for frames that are not made at a fixed rate.
    """
    if settings.grid_origin != 'first_sample' and settings.sync_mode != 'free_running':
        raise UserError(
            f'grid_origin {settings.grid_origin} needs frames at a fixed rate; set sync_mode to '
            f'free_running, or leave grid_origin out with {settings.sync_mode}'
        )
    return _CUTTERS[settings.sync_mode](settings, clock)
