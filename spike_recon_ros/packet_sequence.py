# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whether a packet continues the one before it, judged by its sequence number and host stamp."""

from collections import deque
from typing import NamedTuple

import numpy as np

from spike_recon_ros.packets.packet import LARGEST_STAMP_STEP_BACK_NS, Packet
from spike_recon_ros.stream_statistics import ResetReason

LARGEST_LOSS = 100_000
"""A larger step of `seq`, 100 s of 1 ms packets, is another sender or a restart, not a loss."""

REMEMBERED = 64
"""Latest packets, and latest gaps, among which a packet that comes late is looked for."""


class Succession(NamedTuple):
    """How a packet follows the one before it.

    Attributes:
        lost: packets missing in between.
        reason: why the state must be reset; None if it can be kept.
        detail: sentence for the log, if there is a reason.
    """

    lost: int = 0
    reason: ResetReason | None = None
    detail: str = ''


class PacketOrder:
    """Remembers the latest packets of a sensor, to know one that comes late or again.

    Threads of a driver, a network or a recorder may exchange packets; two relays of a topic repeat
    them. Neither is a restart of the sender, although `seq` steps back.
    """

    def __init__(self) -> None:
        self._came: deque[tuple[int, int, int]] = deque(maxlen=REMEMBERED)
        self._missing: deque[int] = deque(maxlen=REMEMBERED)

    def is_repeated(self, last: Packet | None, packet: Packet) -> bool:
        """Return whether a packet is one of the latest, sent a second time.

        A bridge or relay that runs twice does this. Senders that do not count leave `seq` at 0,
        where nothing can be concluded: two packets of dark spike planes are equal.

        Args:
            last: the newest packet before; None = there is none.
            packet: the packet.
        """
        if last is None or packet.seq > last.seq:
            return False
        if packet.seq == last.seq:
            return _is_equal(last, packet)
        is_close = 0 <= last.stamp_ns - packet.stamp_ns <= LARGEST_STAMP_STEP_BACK_NS
        return is_close and packet.stamp_ns != 0 and _key(packet) in self._came

    def comes_late(self, last: Packet | None, packet: Packet) -> bool:
        """Return whether a packet is one that was missing before the newest; it is then not."""
        if last is None or packet.seq >= last.seq or packet.seq not in self._missing:
            return False
        if not (_is_near(last, packet) and last.sensor == packet.sensor):
            return False
        self._missing.remove(packet.seq)
        self._came.append(_key(packet))
        return True

    def follow(self, last: Packet, packet: Packet, lost_packets_tolerated: int) -> Succession:
        """Compare a packet with the newest one before it, from the same sensor.

        Args:
            last: the newest packet before.
            packet: the packet, which neither comes late nor again.
            lost_packets_tolerated: more lost packets than this require a reset.
        """
        found = succession(last, packet, lost_packets_tolerated)
        if found.reason not in (None, ResetReason.LOST_PACKETS):
            self._came.clear()
            self._missing.clear()
        elif found.lost:
            self._missing.extend(range(max(last.seq + 1, packet.seq - REMEMBERED), packet.seq))
        if not self._came:
            self._came.append(_key(last))
        self._came.append(_key(packet))
        return found


def succession(last: Packet, packet: Packet, lost_packets_tolerated: int) -> Succession:
    """Compare a packet with the one before it, from the same sensor.

    Args:
        last: the packet before.
        packet: the packet.
        lost_packets_tolerated: more lost packets than this require a reset.
    """
    back_ns = last.stamp_ns - packet.stamp_ns
    if packet.stamp_ns and back_ns > LARGEST_STAMP_STEP_BACK_NS:
        detail = f'by {back_ns / 1e9:.3f} s; a bag that loops?'
        return Succession(reason=ResetReason.TIME_BACKWARDS, detail=detail)
    if packet.seq == last.seq:  # a sender that does not count
        return Succession()
    if packet.seq < last.seq:
        detail = f'seq {packet.seq} came after {last.seq}'
        return Succession(reason=ResetReason.SENDER_RESTARTED, detail=detail)
    lost = packet.seq - last.seq - 1
    if lost > LARGEST_LOSS:
        detail = f'seq {packet.seq} came after {last.seq}; two publishers on one topic?'
        return Succession(reason=ResetReason.SENDER_RESTARTED, detail=detail)
    if lost > lost_packets_tolerated:
        return Succession(lost, ResetReason.LOST_PACKETS, f'{lost} before seq {packet.seq}')
    return Succession(lost)


def _key(packet: Packet) -> tuple[int, int, int]:
    return packet.seq, packet.stamp_ns, packet.time_base


def _is_near(last: Packet, packet: Packet) -> bool:
    return abs(last.stamp_ns - packet.stamp_ns) <= LARGEST_STAMP_STEP_BACK_NS


def _is_equal(last: Packet, packet: Packet) -> bool:
    is_same = packet.seq != 0 and _key(packet) == _key(last)
    return is_same and np.array_equal(packet.data, last.data)
