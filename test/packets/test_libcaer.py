# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from spike_recon_ros.packets.libcaer import LibcaerDecoder
from spike_recon_ros.packets.packet import Packet

LOOP_NS = 1000 << 31


def packet(events, seq=0, time_base=0):
    """A packet of (x, y, p, t_us); times may be given as any 32 bits."""
    words = [[x << 17 | y << 2 | p << 1 | 1, t_us & 0xFFFFFFFF] for x, y, p, t_us in events]
    data = np.array(words, np.uint32).reshape(-1).view(np.uint8)
    return Packet('libcaer', 640, 480, seq, time_base, 0, data)


def test_event_has_its_pixel_polarity_and_time():
    events = LibcaerDecoder(640, 480).decode(packet([(639, 479, 1, 7)], time_base=10**18))
    assert (events.x[0], events.y[0], events.p[0]) == (639, 479, 1)
    assert events.t_ns[0] == 10**18 + 7000


def test_time_that_wraps_in_a_packet_continues():
    events = LibcaerDecoder(640, 480).decode(packet([(0, 0, 0, 2**31 - 1), (0, 0, 0, 1)]))
    assert np.diff(events.t_ns).tolist() == [2000]


def test_rollover_lasts_until_the_time_base_changes():
    decoder = LibcaerDecoder(640, 480)
    decoder.decode(packet([(0, 0, 0, 2**31 - 1), (0, 0, 0, 1)], seq=0, time_base=5))
    same = decoder.decode(packet([(0, 0, 0, 3)], seq=1, time_base=5))
    new = decoder.decode(packet([(0, 0, 0, 4)], seq=2, time_base=5 + LOOP_NS))
    assert same.t_ns.tolist() == [5 + LOOP_NS + 3000]
    assert new.t_ns.tolist() == [5 + LOOP_NS + 4000]


def test_small_step_back_is_followed_and_counted():
    decoder = LibcaerDecoder(640, 480)
    events = decoder.decode(packet([(0, 0, 0, 9), (0, 0, 0, 8)]))
    assert events.t_ns.tolist() == [9000, 8000]
    assert decoder.statistics.time_errors == 1


def test_negative_times_are_unknown_words():
    decoder = LibcaerDecoder(640, 480)
    events = decoder.decode(packet([(0, 0, 0, 9), (0, 0, 0, -1), (0, 0, 0, 10)]))
    assert events.t_ns.tolist() == [9000, 10_000]
    assert decoder.statistics.unknown_words == 1


def test_an_impossible_time_base_neither_raises_nor_wraps():
    events = LibcaerDecoder(640, 480).decode(packet([(0, 0, 0, 9)], time_base=2**64 - 1))
    assert events.t_ns[0] > 0
