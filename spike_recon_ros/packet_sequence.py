# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whether a packet continues the one before it, judged by its sequence number and host stamp.

The one place that decides which packets came late, came again or begin a new stream: the pipeline
and everything that decodes whole recordings ask it, so their counts agree.
"""

from collections import deque
from enum import Enum
from typing import NamedTuple

import numpy as np

from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.stream_statistics import ResetReason

LARGEST_STAMP_STEP_BACK_NS = 50_000_000
"""Host stamps that go back further mean that a recording was started again."""

LARGEST_LOSS = 100_000
"""A larger step of `seq`, 100 s of 1 ms packets, is another sender or a restart, not a loss."""

REMEMBERED = 256
"""Latest packets, and latest missing ones, among which a packet that comes late is looked for:
those of LARGEST_STAMP_STEP_BACK_NS at 5000 packets per second."""


class Place(Enum):
    """Where a packet stands among those of its sensor.

    SAME is one with the `seq` of the newest one and other content, as of a sender that does not
    count; it is used like NEXT.
    """

    FIRST = 'first'
    NEXT = 'next'
    SAME = 'same'
    LATE = 'late'
    REPEATED = 'repeated'


class Succession(NamedTuple):
    """How a packet follows those before it.

    Attributes:
        place: where it stands among them.
        lost: what it adds to the lost packets: those missing in between, itself if it is left out
            because it is late, or -1 if it is not missing any more.
        reason: why the state must be reset; None if it can be kept.
        detail: sentence for the log, if there is a reason.
        is_used: whether the packet is to be decoded.
    """

    place: Place = Place.NEXT
    lost: int = 0
    reason: ResetReason | None = None
    detail: str = ''
    is_used: bool = True

    @property
    def restarts(self) -> bool:
        """Whether the sender began again, so that nothing before can be continued."""
        return self.reason not in (None, ResetReason.LOST_PACKETS)


_FIRST, _NEXT, _SAME = Succession(Place.FIRST), Succession(), Succession(Place.SAME)
_REPEATED = Succession(Place.REPEATED, is_used=False)
# By the kind of camera; later planes cannot be moved to make room for a late one.
_MISSING = {
    SensorKind.EVENT: Succession(Place.LATE, lost=-1),
    SensorKind.SPIKE: Succession(Place.LATE, is_used=False),
}
_BEFORE_FIRST = {
    SensorKind.EVENT: Succession(Place.LATE),
    SensorKind.SPIKE: Succession(Place.LATE, lost=1, is_used=False),
}


class PacketOrder:
    """Remembers the latest packets of a sensor, to know one that comes late or again.

    Threads of a driver, a network or a recorder may exchange packets; two relays of a topic repeat
    them. Neither is a restart of the sender, although `seq` steps back.

    Attributes:
        last: the newest packet; None = there is none.
    """

    def __init__(self) -> None:
        self.last: Packet | None = None
        self._first: Packet | None = None
        self._kind = SensorKind.EVENT
        self._came: deque[tuple[int, int, int]] = deque(maxlen=REMEMBERED)
        self._missing: deque[int] = deque(maxlen=REMEMBERED)

    def forget(self) -> None:
        """Let the next packet be the first."""
        self.last = None

    def follow(self, packet: Packet, lost_packets_tolerated: int = 0) -> Succession:
        """Judge the next packet, and remember it.

        A packet with a lower `seq` than the newest one comes late if it was missing, or if `seq`
        and stamp are both before those of the first packet: then that one was too early. If none
        of this fits, its sender began again. Without stamps, only missing packets can come late.

        Args:
            packet: the packet.
            lost_packets_tolerated: more lost packets of an event camera require a reset. Of a
                spike camera each does: an interval between spikes that spans a gap would look like
                darkness.
        """
        last = self.last
        if last is None or packet.sensor != last.sensor:
            self._begin(packet)
            return _FIRST
        if packet.seq <= last.seq and (earlier := self._earlier(last, packet)) is not None:
            return earlier
        tolerated = lost_packets_tolerated if self._kind is SensorKind.EVENT else 0
        found = _succession(last, packet, tolerated)
        if found.restarts:
            self._begin(packet)
            return found
        if found.lost:
            self._missing.extend(range(max(last.seq + 1, packet.seq - REMEMBERED), packet.seq))
        self._came.append(_key(packet))
        self.last = packet
        return found

    def _begin(self, packet: Packet) -> None:
        self.last = self._first = packet
        self._kind = sensor_kind_of(packet.encoding)
        self._came.clear()
        self._missing.clear()
        self._came.append(_key(packet))

    def _earlier(self, last: Packet, packet: Packet) -> Succession | None:
        """Return the judgement of a packet that came late or again; None if it is neither.

        Senders that do not count leave `seq` at 0, where nothing can be concluded: two packets of
        dark spike planes are equal.
        """
        assert self._first is not None
        if packet.seq == last.seq:
            return _REPEATED if _is_equal(last, packet) else None
        back_ns = last.stamp_ns - packet.stamp_ns
        found = None
        if packet.seq in self._missing and abs(back_ns) <= LARGEST_STAMP_STEP_BACK_NS:
            self._missing.remove(packet.seq)
            found = _MISSING
        elif packet.stamp_ns and 0 <= back_ns <= LARGEST_STAMP_STEP_BACK_NS:
            if _key(packet) in self._came:
                return _REPEATED
            if packet.seq < self._first.seq and packet.stamp_ns <= self._first.stamp_ns:
                found = _BEFORE_FIRST
        if found is None:
            return None
        self._came.append(_key(packet))
        return found[self._kind]


def _succession(last: Packet, packet: Packet, lost_packets_tolerated: int) -> Succession:
    """Compare a packet that is neither late nor repeated with the newest one of its sensor."""
    back_ns = last.stamp_ns - packet.stamp_ns
    if packet.stamp_ns and back_ns > LARGEST_STAMP_STEP_BACK_NS:
        detail = f'by {back_ns / 1e9:.3f} s; a bag that loops?'
        return Succession(reason=ResetReason.TIME_BACKWARDS, detail=detail)
    lost = packet.seq - last.seq - 1
    if lost in (0, -1):
        return _SAME if lost else _NEXT
    if lost < 0:
        detail = f'seq {packet.seq} came after {last.seq}'
        return Succession(reason=ResetReason.SENDER_RESTARTED, detail=detail)
    if lost > LARGEST_LOSS:
        detail = f'seq {packet.seq} came after {last.seq}; two publishers on one topic?'
        return Succession(reason=ResetReason.SENDER_RESTARTED, detail=detail)
    if lost > lost_packets_tolerated:
        detail = f'{lost} before seq {packet.seq}'
        return Succession(lost=lost, reason=ResetReason.LOST_PACKETS, detail=detail)
    return Succession(lost=lost)


def _key(packet: Packet) -> tuple[int, int, int]:
    return packet.seq, packet.stamp_ns, packet.time_base


def _is_equal(last: Packet, packet: Packet) -> bool:
    is_same = packet.seq != 0 and _key(packet) == _key(last)
    return is_same and np.array_equal(packet.data, last.data)
