# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import MonoDecoder
from spike_recon_ros.sources.mono_packets import MAX_SPAN_NS, mono_packets


def events_at(times):
    t_ns = np.array(times, np.int64)
    index = np.arange(len(t_ns))
    return Events(
        index.astype(np.uint16),
        (index * 2).astype(np.uint16),
        (index % 2).astype(np.uint8),
        t_ns,
        Triggers.empty(),
    )


def times_of(packets):
    return [
        packet.time_base + int(dt)
        for packet in packets
        for dt in packet.data.view('<u8') & 0xFFFFFFFF
    ]


def test_no_event_gives_one_empty_packet():
    (packet,) = mono_packets(events_at([]), 3, 2, 8, 9)
    assert (packet.seq, packet.stamp_ns, len(packet.data)) == (8, 9, 0)


def test_span_of_32_bits_stays_one_packet_and_one_more_makes_two():
    assert len(list(mono_packets(events_at([7, 7 + MAX_SPAN_NS]), 3, 2, 0, 0))) == 1
    packets = list(mono_packets(events_at([7, 8 + MAX_SPAN_NS]), 3, 2, 4, 0))
    assert [packet.seq for packet in packets] == [4, 5]
    assert times_of(packets) == [7, 8 + MAX_SPAN_NS]


def test_every_field_is_stored_in_its_bits():
    (packet,) = mono_packets(events_at([100, 101]), 3, 2, 0, 0)
    word = int(packet.data.view('<u8')[1])
    assert (word >> 63, word >> 48 & 0x7FFF, word >> 32 & 0xFFFF, word & 0xFFFFFFFF) == (
        1,
        2,
        1,
        1,
    )


@given(st.lists(st.integers(0, 2**62), max_size=40))
@settings(max_examples=100, deadline=None)
def test_unsorted_times_keep_their_order_and_value(times):
    assert times_of(mono_packets(events_at(times), 3, 2, 0, 0)) == times


def test_row_beyond_mono_stays_outside_the_sensor():
    events = Events(
        np.array([1], np.uint16),
        np.array([2**15 + 1], np.uint16),
        np.array([1], np.uint8),
        np.array([5], np.int64),
        Triggers.empty(),
    )
    (packet,) = mono_packets(events, 3, 2, 0, 0)
    assert len(MonoDecoder(3, 2).decode(packet)) == 0
