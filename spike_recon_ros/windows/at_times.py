# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A frame at each of a list of moments that becomes known while the stream runs.

Comes in: Events, and moments in sensor time. Goes out: Windows that end at the moments. Knows
nothing about where the moments come from (trigger input, another camera).
"""

from spike_recon_ros.windows.sample_buffer import SampleBuffer
from spike_recon_ros.windows.window import Window

# Without moments the events would pile up and, once one came, all be worked through in one go. So
# whatever is older than this is cut off in windows that are not due. It is also how late a moment
# may become known: a camera's image reaches the node tens of milliseconds after its stamp.
HOLD_NS = 1_000_000_000


class TimeCutter:
    """Cuts at moments given in increasing order; earlier ones than the last cut are refused."""

    def __init__(self) -> None:
        self.pending = SampleBuffer()
        self.late = 0
        self._t_start_ns: int | None = None

    def cut_old(self) -> list[Window]:
        """Return windows that are not due for what is too old to be asked for any more."""
        latest_ns = self.pending.latest_t_ns
        return [] if latest_ns is None else self._cut_old_before(latest_ns)

    def cut_at(self, t_ns: int, stamp_ns: int | None) -> list[Window]:
        """Return the windows up to a moment that the stream has reached; the last one is due.

        A moment before the last cut comes too late: it is counted in `late`.
        """
        if t_ns <= self.t_start_ns:
            self.late += 1
            return []
        # A long packet brings the moment before the stream was seen to pass the hold; the cuts
        # must be those that short packets would have led to.
        return [*self._cut_old_before(t_ns), self._cut(t_ns, stamp_ns, due=True)]

    def _cut_old_before(self, t_ns: int) -> list[Window]:
        windows = []
        while t_ns >= self.t_start_ns + 2 * HOLD_NS:
            next_ns = self.pending.next_t_ns
            silent_until_ns = t_ns - HOLD_NS if next_ns is None else min(next_ns, t_ns - HOLD_NS)
            holds = (silent_until_ns - self.t_start_ns) // HOLD_NS
            if holds > 0:  # nothing to work off: a jump of hours must not be walked through
                self._t_start_ns = self.t_start_ns + holds * HOLD_NS
            else:
                windows.append(self._cut(self.t_start_ns + HOLD_NS, None, due=False))
        return windows

    @property
    def t_start_ns(self) -> int:
        """The last cut, or the first event's time."""
        if self._t_start_ns is None:
            assert self.pending.first_t_ns is not None
            self._t_start_ns = self.pending.first_t_ns
        return self._t_start_ns

    def _cut(self, t_end_ns: int, stamp_ns: int | None, *, due: bool) -> Window:
        t_start_ns, self._t_start_ns = self.t_start_ns, t_end_ns
        return Window(
            t_start_ns, t_end_ns, self.pending.take_before(t_end_ns), stamp_ns=stamp_ns, due=due
        )
