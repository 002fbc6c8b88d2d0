# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whether a packet continues the one before it, judged by its sequence number and host stamp."""

from typing import NamedTuple

import numpy as np

from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.stream_statistics import ResetReason

LARGEST_STAMP_STEP_BACK_NS = 50_000_000
"""Host stamps that go back further mean that a recording was started again."""
LARGEST_LOSS = 100_000
"""A larger step of `seq`, 100 s of 1 ms packets, is another sender or a restart, not a loss."""


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


def is_repeated(last: Packet | None, packet: Packet) -> bool:
    """Return whether a packet is the one before it, sent a second time.

    A bridge or relay that runs twice does this. Senders that do not count leave `seq` at 0, where
    nothing can be concluded: two packets of dark spike planes are equal.
    """
    return (
        last is not None
        and packet.seq == last.seq != 0
        and (packet.stamp_ns, packet.time_base) == (last.stamp_ns, last.time_base)
        and np.array_equal(packet.data, last.data)
    )
