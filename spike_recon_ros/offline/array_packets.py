# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Turn checked arrays into packets.

Arrays reach the pipeline as packets, like every recording, so that they give the same frames as a
bag with the same content.
"""

from collections.abc import Iterator

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.arrays import Size
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.packets.spike_planes_decoder import encode_spike_planes, spike_encoding
from spike_recon_ros.sources.mono_packets import mono_packets

EVENTS_PER_PACKET = 65_536
PACKET_NS = 20_000_000
PLANES_PER_PACKET = 20


def packets_of(
    samples: Events | SpikePlanes, size: Size, first_seq: int, period_ns: int | None
) -> Iterator[Packet]:
    """Yield checked samples as packets of at most 20 ms, which bounds the frames of one packet.

    Args:
        samples: what `checked` returned.
        size: of the sensor.
        first_seq: number of the first packet.
        period_ns: time between two spike planes; None for events.
    """
    if isinstance(samples, SpikePlanes):
        if not len(samples):
            return
        assert period_ns is not None
        encoding = spike_encoding(period_ns)
        for seq, start in enumerate(range(0, len(samples), PLANES_PER_PACKET), first_seq):
            part = samples[start : start + PLANES_PER_PACKET]
            # Windows keep planes for a while, and a program may use its array again.
            data = encode_spike_planes(part).copy()
            yield Packet(encoding, size.width, size.height, seq, int(part.t_ns[0]), 0, data)
        return
    start, seq = 0, first_seq
    while start < len(samples):
        until_ns = int(samples.t_ns[start]) + PACKET_NS
        end = int(np.searchsorted(samples.t_ns, until_ns))
        end = max(start + 1, min(end, start + EVENTS_PER_PACKET))
        yield from mono_packets(samples[start:end], size.width, size.height, seq, 0)
        start, seq = end, seq + 1


def period_of(planes: SpikePlanes, known_ns: int | None) -> int:
    """Return the time between two planes, ns.

    Args:
        planes: one plane or more.
        known_ns: the period of the planes before, if there were any.

    Raises:
        UserError: the planes are not equally spaced, or a first plane is alone.
    """
    if len(planes) < 2:
        if known_ns is None:
            raise UserError('a single plane tells no period; give at least two planes at first')
        return known_ns
    periods = np.diff(planes.t_ns)
    if periods.min() != periods.max() or not 0 < int(periods[0]) <= 10**9:
        raise UserError(
            f'the planes are from {periods.min()} to {periods.max()} ns apart; all must be one '
            'period apart, from 1 ns to a second; hand over the parts one by one'
        )
    return int(periods[0])
