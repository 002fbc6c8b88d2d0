# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Events of any origin as `mono` packets.

A mono packet spans at most 32 bits of nanoseconds, so longer lists of events are split.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet

MAX_SPAN_NS = 2**32 - 1
LARGEST_ROW = 2**15 - 1


def mono_packets(
    events: Events, width: int, height: int, first_seq: int, stamp_ns: int
) -> Iterator[Packet]:
    """Yield the events in their order as packets; usually there is only one.

    Times need not be sorted. Without events, one empty packet is yielded. Rows that mono cannot
    hold (damaged messages) become its largest row, which decoders drop and count.
    """
    events = replace(events, y=np.minimum(events.y, LARGEST_ROW))
    for seq, part in enumerate(_split(events), first_seq):
        time_base = int(part.t_ns.min()) if len(part) else 0
        yield Packet('mono', width, height, seq, time_base, stamp_ns, encode_mono(part, time_base))


def _split(events: Events) -> Iterator[Events]:
    if not len(events) or int(events.t_ns.max()) - int(events.t_ns.min()) <= MAX_SPAN_NS:
        yield events
        return
    middle = len(events) // 2
    yield from _split(events[:middle])
    yield from _split(events[middle:])
