# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.packets.evt3 import Evt3Decoder
from spike_recon_ros.packets.packet import Packet

TIME_HIGH, TIME_LOW, ADDR_Y, ADDR_X = 0x8000, 0x6000, 0x0000, 0x2000
VECT_BASE_X, VECT_12, VECT_8, EXT_TRIGGER = 0x3000, 0x4000, 0x5000, 0xA000
ON = 0x800
START = [TIME_HIGH | 1, TIME_LOW | 2, ADDR_Y | 7]
START_NS = 1000 * (1 << 12 | 2)
LOOP_NS = 1000 << 24
UNKNOWN_KINDS = 1, 9, 11, 12, 13


def decode(words, width=640, height=480):
    decoder = Evt3Decoder(width, height)
    data = np.array(words, np.uint16).view(np.uint8)
    return decoder.decode(Packet('evt3', width, height, 0, 0, 0, data)), decoder.statistics


def reference_decode(words, width, height):
    """A plain reference decoder: one word at a time, without regard to speed."""
    loop, high, low, row, base, base_p = 0, None, None, None, None, 0
    since_loop, unknown = 4096, 0
    events, edges = [], []
    for word in words:
        kind, value, address = word >> 12, word & 0xFFF, word & 0x7FF
        pixels = []
        known = high is not None and low is not None
        since_loop, unknown = since_loop + known, unknown + (known and kind in UNKNOWN_KINDS)
        if kind == 0:
            row = address
        elif kind == 2:
            pixels = [(address, value >> 11)]
        elif kind == 3:
            base, base_p = address, value >> 11
        elif kind in (4, 5):
            size = 12 if kind == 4 else 8
            if base is not None:
                pixels = [(base + i, base_p) for i in range(size) if value >> i & 1]
                base += size
        elif kind == 6:
            low = value
        elif kind == 8:
            wrapped = known and high - value > 10
            if wrapped and (since_loop >= 4096 or unknown <= 0.1 * since_loop):
                loop, since_loop, unknown = loop + 1, 0, 0
            high = value
        if high is None or low is None:
            continue
        t_ns = 1000 * (loop << 24 | high << 12 | low)
        if kind == 10:
            edges.append((t_ns, value & 1, value >> 8))
        if row is not None and row < height:
            events += [(x, row, p, t_ns) for x, p in pixels if x < width]
    return events, edges


words_of_all_kinds = st.builds(
    lambda kind, value: kind << 12 | value,
    st.sampled_from([0, 0, 2, 2, 2, 3, 4, 5, 6, 8, 8, 10, 14, 9]),
    st.integers(0, 0xFFF) | st.integers(0, 60),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(words_of_all_kinds, max_size=120), st.sampled_from([(2048, 2048), (50, 30)]))
def test_events_equal_those_of_a_plain_reference_decoder(words, size):
    events, _ = decode(words, *size)
    expected, edges = reference_decode(words, *size)
    found = zip(events.x, events.y, events.p, events.t_ns, strict=True)
    assert [tuple(map(int, event)) for event in found] == expected
    triggers = events.triggers
    found = zip(triggers.t_ns, triggers.p, triggers.channel, strict=True)
    assert [tuple(map(int, edge)) for edge in found] == edges


def test_single_event_has_its_pixel_polarity_and_time():
    events, _ = decode([*START, ADDR_X | ON | 33])
    assert (events.x[0], events.y[0], events.p[0], events.t_ns[0]) == (33, 7, 1, START_NS)


def test_vectors_advance_their_base():
    events, _ = decode([*START, VECT_BASE_X | ON | 100, VECT_12 | 0b1000_0000_0001, VECT_8 | 0b11])
    assert events.x.tolist() == [100, 111, 112, 113]
    assert events.p.tolist() == [1] * 4


def test_vector_across_the_edge_of_the_sensor_is_cropped():
    events, statistics = decode([*START, VECT_BASE_X | 635, VECT_12 | 0xFFF])
    assert events.x.tolist() == [635, 636, 637, 638, 639]
    assert statistics.outside_pixels == 7


@pytest.mark.parametrize('vector', [VECT_12 | 0xFFF, VECT_8 | 0xFF])
@pytest.mark.parametrize('count', [170, 5461, 5462, 8192, 8193, 30_000])
def test_vectors_far_beyond_the_last_column_equal_the_reference(vector, count):
    words = [*START, VECT_BASE_X | 0, *[vector] * count, ADDR_X | 3, VECT_12 | 1]
    words += [VECT_BASE_X | ON | 2040, VECT_12 | 0xFFF, VECT_8 | 1]
    events, statistics = decode(words, 2048, 2048)
    expected, _ = reference_decode(words, 2048, 2048)
    found = zip(events.x, events.y, events.p, events.t_ns, strict=True)
    assert [tuple(map(int, event)) for event in found] == expected
    sent = (12 if vector >> 12 == 4 else 8) * count + 1 + 1 + 12 + 1
    assert statistics.outside_pixels == sent - len(expected)


def test_many_vectors_never_wrap_to_the_first_column():
    events, statistics = decode([*START, VECT_BASE_X | 0, *[VECT_12 | 0xFFF] * 400_000])
    assert len(events) == 640
    assert statistics.outside_pixels == 12 * 400_000 - 640


@pytest.mark.parametrize(
    ('high', 'later', 'loops', 'errors'),
    [(4095, 0, 1, 0), (100, 89, 1, 0), (100, 90, 0, 1), (100, 100, 0, 0), (100, 4095, 0, 0)],
)
def test_time_that_steps_far_back_has_wrapped(high, later, loops, errors):
    start = [TIME_HIGH | high, TIME_LOW | 5, ADDR_Y | 7]
    events, statistics = decode([*start, TIME_HIGH | later, ADDR_X | 1])
    assert events.t_ns[0] == loops * LOOP_NS + 1000 * (later << 12 | 5)
    assert statistics.time_errors == errors


def test_bytes_that_are_no_evt3_make_few_loops():
    garbage = np.random.default_rng(2).integers(0, 2**16, 2_000).tolist()
    later = [TIME_HIGH | 2, TIME_LOW | 5, ADDR_Y | 7, ADDR_X | 9]
    events, statistics = decode([*START, *garbage, *later])
    assert events.t_ns.max() < 2 * LOOP_NS
    assert events.t_ns[-1] % LOOP_NS == 1000 * (2 << 12 | 5)
    assert statistics.time_errors > 10


def test_a_few_unknown_words_between_loops_are_no_garbage():
    loop = [TIME_HIGH | 4000, TIME_LOW | 2, *[ADDR_X | 9] * 30, 0x9999, TIME_HIGH | 1]
    events, statistics = decode([*START, *(5 * loop), ADDR_X | 9])
    assert events.t_ns[-1] // LOOP_NS == 5
    assert statistics.time_errors == 0


def test_time_wraps_many_times_in_one_packet():
    turn = [TIME_HIGH | 4000, ADDR_X | 1, TIME_HIGH | 0, ADDR_X | 2]
    events, _ = decode([*START, *turn * 5000])
    assert len(events) == 10_000
    assert np.diff(events.t_ns).min() > 0
    assert events.t_ns[-1] == 5000 * LOOP_NS + 2000


def test_events_before_both_halves_of_the_time_are_dropped_and_counted():
    words = [ADDR_Y | 7, VECT_BASE_X | 5, ADDR_X | 1, EXT_TRIGGER, VECT_8 | 3, TIME_HIGH | 1]
    events, statistics = decode([*words, ADDR_X | 2, TIME_LOW | 2, ADDR_X | 3, VECT_8 | 1])
    assert events.x.tolist() == [3, 13]
    assert events.t_ns.tolist() == [START_NS] * 2
    assert statistics.before_first_time == 5


def test_events_before_the_first_row_are_outside_the_sensor():
    events, statistics = decode([TIME_HIGH, TIME_LOW, ADDR_X | 2], 2048, 2048)
    assert len(events) == 0
    assert statistics.outside_pixels == 1


def test_system_type_bit_is_not_part_of_the_row():
    events, _ = decode([TIME_HIGH, TIME_LOW, ADDR_Y | 0x800 | 9, ADDR_X | 2])
    assert events.y.tolist() == [9]


def test_padding_counts_as_unknown_and_vendor_data_does_not():
    _, statistics = decode([0x9999, *START, 0x9999, 0x9999, 0xE016, 0xF000, 0x7000, ADDR_X])
    assert statistics.unknown_words == 3


def test_trigger_edge_has_its_time_value_and_channel():
    events, _ = decode([*START, EXT_TRIGGER | 0x601])
    triggers = events.triggers
    assert (triggers.t_ns[0], triggers.p[0], triggers.channel[0]) == (START_NS, 1, 6)
