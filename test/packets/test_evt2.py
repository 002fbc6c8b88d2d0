# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from spike_recon_ros.packets.evt2 import Evt2Decoder
from spike_recon_ros.packets.packet import Packet

LOOP_NS = 1000 << 34


def time_high(value):
    return 8 << 28 | value


def event(t_low, x, y, p):
    return p << 28 | t_low << 22 | x << 11 | y


def decode(words):
    decoder = Evt2Decoder(640, 480)
    data = np.array(words, np.uint32).view(np.uint8)
    return decoder.decode(Packet('evt2', 640, 480, 0, 0, 0, data)), decoder.statistics


def test_event_has_its_pixel_polarity_and_time():
    events, _ = decode([time_high(3), event(5, 639, 479, 1), event(6, 0, 1, 0)])
    assert events.x.tolist() == [639, 0]
    assert events.y.tolist() == [479, 1]
    assert events.p.tolist() == [1, 0]
    assert events.t_ns.tolist() == [1000 * (3 << 6 | 5), 1000 * (3 << 6 | 6)]


def test_event_outside_the_sensor_is_dropped_and_counted():
    events, statistics = decode([time_high(0), event(0, 640, 0, 1), event(0, 0, 480, 1)])
    assert len(events) == 0
    assert statistics.outside_pixels == 2


def test_time_wraps_after_34_bits():
    events, statistics = decode([time_high(2**28 - 1), time_high(0), event(1, 0, 0, 0)])
    assert events.t_ns.tolist() == [LOOP_NS + 1000]
    assert statistics.time_errors == 0


def test_smaller_step_back_is_followed_and_counted():
    words = [time_high(1000), event(0, 0, 0, 0), time_high(900), event(0, 0, 0, 0)]
    events, statistics = decode(words)
    assert events.t_ns.tolist() == [1000 * 64 * 1000, 1000 * 64 * 900]
    assert statistics.time_errors == 1


def test_events_before_the_first_time_are_dropped_and_counted():
    events, statistics = decode([event(0, 0, 0, 0), 10 << 28, time_high(1)])
    assert len(events) == len(events.triggers) == 0
    assert statistics.before_first_time == 2


def test_trigger_edge_has_its_time_value_and_channel():
    events, _ = decode([time_high(1), 10 << 28 | 3 << 22 | 5 << 8 | 1])
    triggers = events.triggers
    assert (triggers.t_ns[0], triggers.p[0], triggers.channel[0]) == (67_000, 1, 5)


def test_words_of_undefined_type_are_counted_and_vendor_data_is_not():
    _, statistics = decode([time_high(1), 7 << 28, 14 << 28, 15 << 28])
    assert statistics.unknown_words == 1
