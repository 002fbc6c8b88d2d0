# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sensor time <-> host time.

Comes in: for each packet, the sensor time of its first event and the host time at which it
arrived. Goes out: the same moment on the other clock. Knows nothing about events or windows, and
never reads a clock itself.
"""

from bisect import bisect_right

AVERAGED_PACKETS = 1000
"""Packets that the offset is averaged over: 1 to 4 s of most drivers. Longer than the jitter of
arrival, and so short that a drift of 50 ppm leaves the offset no more than 0.2 ms behind."""
REMEMBERED_PACKETS = 10_000
"""Offsets kept at the least; earlier moments are given the oldest one that is left."""
CLOCK_STEP_NS = 1_000_000_000
"""An offset this far from the average means that a clock was set; averaging starts over."""


class SensorClock:
    """Knows by how much host time is ahead of sensor time, as a running average.

    Each packet contributes `stamp_ns - t_sensor_ns`; the first contributes alone, the n-th with
    weight 1/n, down to 1/AVERAGED_PACKETS, so that old packets are forgotten and drift is
    followed. The average is kept as a small difference from the first offset: as float64, 1.7e18
    ns would be rounded to steps of 256 ns.

    Each moment has the offset that was in force then, which is remembered: an answer does not
    depend on when the question is asked, once a later packet has been observed. Packets that carry
    the stamp of the one before are parts of it and change nothing. With no stamp at all (0, as in
    plain files) the clocks are taken to be the same one.
    """

    _averaged: int

    def __init__(self) -> None:
        self._forget_offsets()

    def observe(self, t_sensor_ns: int, stamp_ns: int) -> None:
        """Take in a packet: the sensor time of its first event, and its stamp (0 = unknown)."""
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

    def to_host_ns(self, t_sensor_ns: int) -> int:
        """Return the host time of a sensor time."""
        return int(t_sensor_ns) + self._offset_at(self._sensor_ns, int(t_sensor_ns))

    def to_sensor_ns(self, stamp_ns: int) -> int:
        """Return the sensor time of a host time; it is final once `covers(stamp_ns)`."""
        return int(stamp_ns) - self._offset_at(self._stamps_ns, int(stamp_ns))

    def covers(self, stamp_ns: int) -> bool:
        """Whether a packet stamped later was observed: none to come changes `to_sensor_ns`."""
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
