# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How long a recording is, where its times may begin again in the middle.

So they do in joined recordings, bags of a loop, after a restart of the camera, and where a counter
wraps. The last time minus the first one then says nothing, and may be negative.
"""

from collections.abc import Iterator

from spike_recon_ros.errors import counted
from spike_recon_ros.windows.continuity import LARGEST_STEP_NS, LONGEST_PACKET_NS

SLOWEST_TIME = 10
"""Stamps that advance so many times as fast as the times of the sensor, or as slowly, are not
those of a recording that was played at another rate."""
SHORTEST_STAMPS_NS = 500_000_000
"""Stamps of less time say nothing about their clock."""
LONGEST_PAUSE_NS = 10_000_000_000
"""Longer steps ahead that no stamp confirms are named: the noise of a sensor never stops."""
SENDERS_SHARE = 0.1
"""Times that go back at more of the packets are those of several cameras, and so may be more
packets out of order, or with the number of another."""


class TimeSpans:
    """Sums the time between the first and the last sample of each stretch of a stream."""

    def __init__(self) -> None:
        self._closed_ns = self._packets = 0
        self._first_ns: int | None = None
        self._earliest_ns: int | None = None
        self._last_ns = self._packet_end_ns = 0
        self._stamps_ns = self._stamp_ns = 0
        # By how much the stamps advance altogether, the times without jumps, and whether each
        # packet has a stamp.
        self._advance_ns = self._sound_ns = 0
        self._is_stamped = True
        self._steps_back: list[int] = []
        self._steps_ahead: list[int] = []

    def add(self, first_ns: int, last_ns: int, stamp_ns: int = 0) -> None:
        """Add the samples of the next packet of the same sensor.

        Args:
            first_ns: sensor time of its first sample.
            last_ns: sensor time of its last sample.
            stamp_ns: host time of the packet; 0 = unknown.
        """
        if self._first_ns is not None and (back_ns := self._packet_end_ns - first_ns) > (
            LARGEST_STEP_NS
        ):
            self._steps_back.append(back_ns)
            self._close(self._packet_end_ns)
        self._packets += 1
        self._is_stamped &= stamp_ns != 0
        if self._earliest_ns is None:
            self._earliest_ns = first_ns
        if self._first_ns is None:
            self._first_ns = first_ns
        else:
            self._compare(first_ns - self._packet_end_ns, stamp_ns - self._stamp_ns)
        self._last_ns, self._stamp_ns = last_ns, stamp_ns
        # A damaged time at the end of a packet is no time from which others go back.
        is_short = 0 <= last_ns - first_ns <= LONGEST_PACKET_NS
        self._sound_ns += (last_ns - first_ns) * is_short
        self._packet_end_ns = last_ns if is_short else first_ns

    def _compare(self, step_ns: int, stamp_step_ns: int) -> None:
        """Compare a step of sensor time with that of the stamps."""
        self._advance_ns += max(0, stamp_step_ns)
        self._sound_ns += step_ns * (0 < step_ns < LONGEST_PACKET_NS)
        if self._stamp_ns and 0 < stamp_step_ns < LONGEST_PACKET_NS:
            self._stamps_ns += stamp_step_ns
        is_confirmed = bool(self._stamp_ns) and 2 * stamp_step_ns > step_ns
        if step_ns > LONGEST_PAUSE_NS and not is_confirmed:
            self._steps_ahead.append(step_ns)

    def end_stretch(self) -> None:
        """Note that another sensor follows, whose times are not comparable."""
        if self._first_ns is not None:
            self._close(self._packet_end_ns)

    def total_ns(self) -> int:
        """Return the time of all stretches together, ns."""
        if self._several_senders:  # their stretches are at the same time
            return max(0, self._last_ns - (self._earliest_ns or 0))
        open_ns = 0 if self._first_ns is None else max(0, self._last_ns - self._first_ns)
        return self._closed_ns + open_ns

    @property
    def _several_senders(self) -> bool:
        return len(self._steps_back) > max(1, SENDERS_SHARE * self._packets)

    def warnings(self) -> Iterator[str]:
        """Yield sentences for people about times that go back or hardly advance."""
        if self._steps_back:
            why = (
                'several cameras or drivers send on its topic, record each on a topic of its own'
                if self._several_senders
                else 'recordings that were joined, a bag that was looped, a camera that was '
                'restarted, or a counter that wrapped; the state is reset there'
            )
            yield (
                f'the times of the sensor go back {counted(len(self._steps_back), "times")}, by '
                f'up to {max(self._steps_back) / 1e9:,.3f} s: {why}'
            )
        if self._steps_ahead:
            yield (
                f'the times of the sensor step ahead {counted(len(self._steps_ahead), "times")}, '
                f'by up to {max(self._steps_ahead) / 1e9:,.3f} s, and the duration counts that: '
                'pauses of the recording, or damage'
            )
        total_ns = self.total_ns()
        if self._stamps_ns > max(SHORTEST_STAMPS_NS, SLOWEST_TIME * total_ns):
            yield (
                f'the stamps of the packets advance by {self._stamps_ns / 1e9:.3f} s, the times '
                f'of the sensor by {total_ns / 1e9:.3f} s only; let the driver fill time_base, in '
                'nanoseconds'
            )
        shortest_ns = max(SHORTEST_STAMPS_NS, SLOWEST_TIME * self._advance_ns)
        if self._is_stamped and not self._steps_back and self._sound_ns > shortest_ns:
            yield (
                f'the stamps of the packets advance by {self._advance_ns / 1e9:.3f} s only, the '
                f'times of the sensor by {self._sound_ns / 1e9:.3f} s, and images get these '
                'stamps; let the driver fill header.stamp with the host time'
            )

    def _close(self, end_ns: int) -> None:
        assert self._first_ns is not None
        self._closed_ns += max(0, end_ns - self._first_ns)
        self._first_ns, self._stamp_ns = None, 0
