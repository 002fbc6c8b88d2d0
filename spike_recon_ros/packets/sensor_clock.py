# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Conversion between sensor time and host time.

The offset is estimated from the packets alone; no clock is read, so a recording gives the same
times whenever it is replayed.
"""

from bisect import bisect_right

AVERAGED_PACKETS = 1000
"""Packets over which the offset is averaged: 1 to 4 s with most drivers. This smooths the jitter
of arrival, and a drift of 50 ppm makes the offset lag by no more than 0.2 ms."""
REMEMBERED_PACKETS = 10_000
"""Offsets kept at least; earlier moments use the oldest offset that is left."""
CLOCK_STEP_NS = 1_000_000_000
"""An offset this far from the average means that a clock was set; averaging restarts."""


class SensorClock:
    """Running average of the offset of host time from sensor time.

    Each packet contributes `stamp_ns - t_sensor_ns`: the first one alone, the n-th with weight
    1/n, down to 1/AVERAGED_PACKETS, so that the average follows drift. The average is stored as a
    difference from the first offset, because float64 would round 1.7e18 ns to steps of 256 ns.

    The offset at each packet is remembered and used for moments near it, so an answer does not
    depend on when the question is asked, once a later packet has been observed. Packets that
    repeat the previous stamp are parts of one packet and change nothing. Without any stamp (0, as
    in plain files) host time equals sensor time.
    """

    _averaged: int

    def __init__(self) -> None:
        self._forget_offsets()

    def observe(self, t_sensor_ns: int, stamp_ns: int) -> None:
        """Add a packet: the sensor time of its first sample, and its stamp (0 = unknown)."""
        t_sensor_ns, stamp_ns = int(t_sensor_ns), int(stamp_ns)
        if stamp_ns == 0:
            return
        offset_ns = stamp_ns - t_sensor_ns
        if self._offsets_ns and abs(offset_ns - self._offsets_ns[-1]) > CLOCK_STEP_NS:
            self._forget_offsets()
        if not self._offsets_ns:
            self._first_offset_ns = offset_ns
        elif stamp_ns <= self._stamps_ns[-1] or t_sensor_ns <= self._sensor_ns[-1]:
            return
        self._averaged = min(self._averaged + 1, AVERAGED_PACKETS)
        residual_ns = offset_ns - self._first_offset_ns
        self._residual_ns += (residual_ns - self._residual_ns) / self._averaged
        self._stamps_ns.append(stamp_ns)
        self._sensor_ns.append(t_sensor_ns)
        self._offsets_ns.append(self._first_offset_ns + round(self._residual_ns))
        if len(self._offsets_ns) == 2 * REMEMBERED_PACKETS:
            for history in (self._stamps_ns, self._sensor_ns, self._offsets_ns):
                del history[:REMEMBERED_PACKETS]

    @property
    def has_offset(self) -> bool:
        """Whether any packet with a stamp has been observed."""
        return bool(self._stamps_ns)

    def to_host_ns(self, t_sensor_ns: int) -> int:
        """Return the host time of a sensor time."""
        return int(t_sensor_ns) + self._offset_at(self._sensor_ns, int(t_sensor_ns))

    def to_sensor_ns(self, stamp_ns: int) -> int:
        """Return the sensor time of a host time; final once `covers(stamp_ns)`."""
        return int(stamp_ns) - self._offset_at(self._stamps_ns, int(stamp_ns))

    def covers(self, stamp_ns: int) -> bool:
        """Return whether a later stamp was observed, after which `to_sensor_ns` cannot change."""
        return bool(self._stamps_ns) and self._stamps_ns[-1] > stamp_ns

    def _forget_offsets(self) -> None:
        self._first_offset_ns = 0
        self._residual_ns = 0.0
        self._averaged = 0
        self._stamps_ns: list[int] = []
        self._sensor_ns: list[int] = []
        self._offsets_ns: list[int] = []

    def _offset_at(self, moments_ns: list[int], moment_ns: int) -> int:
        if not moments_ns:
            return 0
        return self._offsets_ns[max(bisect_right(moments_ns, moment_ns) - 1, 0)]
