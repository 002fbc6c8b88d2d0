# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Windows whose borders lie on a grid that several cameras share.

Free-running windows begin with the first sample of a stream, so the frames of two cameras never
have equal stamps. On a grid of host time or sensor time they do.
"""

import math
from collections.abc import Iterator
from fractions import Fraction

from spike_recon_ros.packets.sensor_clock import CLOCK_STEP_NS, SensorClock
from spike_recon_ros.windows.fixed_rate import FixedRate
from spike_recon_ros.windows.window import Window

NS_PER_S = 1_000_000_000


class OnGrid(FixedRate):
    """Windows between consecutive multiples of 1/fps of a clock; each has its multiple as stamp.

    The multiples are exact integers, so all cameras with one `fps` have the same. A multiple is
    translated to sensor time with the clock offset at that time. The first window of a stream is
    incomplete, so it is not due.

    Args:
        fps: windows per second.
        max_gap_ns: a pause is filled with empty windows for this long; the rest is skipped.
        clock: relates sensor time to the time of the grid. While it has observed no stamp, the
            grid is in sensor time.

    Attributes:
        late: multiples without a frame, because a correction of the clock offset passed over them.
    """

    def __init__(self, fps: float, max_gap_ns: int, clock: SensorClock) -> None:
        super().__init__(max_gap_ns)
        self._fps = Fraction(fps)
        self._clock = clock
        self._index = 0
        self._t_start_ns: int | None = None
        self._is_whole = False

    def flush(self) -> list[Window]:
        """Return the last, unfinished window if it holds a sample."""
        windows = list(self._complete())
        if self._pending.count:
            self._follow_clock()
            windows.append(self._cut(max(self._border_ns(), self._start_ns + 1)))
        return windows

    @property
    def _start_ns(self) -> int:
        """Sensor time at which the next window begins."""
        if self._t_start_ns is None:
            assert self._pending.first_t_ns is not None
            self._begin_at(self._pending.first_t_ns)
        assert self._t_start_ns is not None
        return self._t_start_ns

    def _complete(self) -> Iterator[Window]:
        if self._run_ns is not None and (first_ns := self._pending.next_t_ns) is not None:
            self._index = self._index_after(first_ns + self._run_ns)
            self._t_start_ns, self._is_whole, self._run_ns = first_ns, True, None
        while self._pending.latest_t_ns is not None:
            self._follow_clock()
            t_end_ns = self._border_ns()
            if not self._pending.reaches(t_end_ns):
                return
            if t_end_ns <= self._start_ns:
                self.late += 1
                self._index += 1
                continue
            window = self._cut(t_end_ns)
            self._skip_pause()
            yield window

    def _stamp_ns(self, index: int) -> int:
        return round(index * NS_PER_S / self._fps)

    def _border_ns(self) -> int:
        """Return the sensor time at which the next window ends."""
        return self._clock.to_sensor_ns(self._stamp_ns(self._index))

    def _border_from(self, t_ns: int) -> int:
        return self._clock.to_sensor_ns(self._stamp_ns(self._index_after(t_ns)))

    def _index_after(self, t_ns: int) -> int:
        return math.floor(self._clock.to_host_ns(t_ns) * self._fps / NS_PER_S) + 1

    def _begin_at(self, t_ns: int) -> None:
        """Let the next window be the one that contains a sensor time."""
        self._index = self._index_after(t_ns)
        self._t_start_ns = self._clock.to_sensor_ns(self._stamp_ns(self._index - 1))

    def _follow_clock(self) -> None:
        """Continue at the new host time after the host clock was set."""
        start_ns = self._clock.to_host_ns(self._start_ns)
        ahead_ns = self._stamp_ns(self._index) - start_ns
        if not -CLOCK_STEP_NS / 2 < ahead_ns < NS_PER_S / self._fps + CLOCK_STEP_NS / 2:
            self._index = self._index_after(self._start_ns)

    def _span(self) -> tuple[int, int] | None:
        # The first window of a stream may not be due, so nothing waits for it.
        return (self._start_ns, self._border_ns()) if self._is_whole else None

    def _cut(self, t_end_ns: int) -> Window:
        t_start_ns, stamp_ns = self._start_ns, self._stamp_ns(self._index)
        due = self._is_whole or t_start_ns == self._pending.first_t_ns
        rest_ns = self._rest_from(t_start_ns)
        # A correction of the clock offset may move the border into a part that was cut off.
        t_end_ns = max(t_end_ns, rest_ns + (self._begun_until_ns is not None))
        window = Window(rest_ns, t_end_ns, self._take_before(t_end_ns), stamp_ns, due)
        self._t_start_ns, self._is_whole = t_end_ns, True
        self._finish_window()
        self._index += 1
        return window

    def _skip_pause(self) -> None:
        """After `max_gap_ns` without samples, continue at the window of the next one."""
        next_ns = self._pending.next_t_ns
        if next_ns is None or self._start_ns - self._last_sample_ns < self._max_gap_ns:
            return
        if self._index_after(next_ns) > self._index:
            self._begin_at(next_ns)
