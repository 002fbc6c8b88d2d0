# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from spike_recon_ros.packets.libcaer_cmp import LibcaerCmpDecoder
from spike_recon_ros.packets.packet import Packet

TIME_HIGH, TIME_LOW, ADDR_X, ADDR_Y, VECT_BASE_Y, VECT_8 = (kind << 12 for kind in range(6))
ON = 0x800


def packet(words, seq=0, time_base=0):
    data = np.array(words, np.uint16).view(np.uint8)
    return Packet('libcaer_cmp', 346, 260, seq, time_base, 0, data)


def test_event_before_any_time_word_is_at_the_time_base():
    events = LibcaerCmpDecoder(346, 260).decode(
        packet([ADDR_X | 219, ADDR_Y | ON | 67], time_base=10**18)
    )
    assert (events.x[0], events.y[0], events.p[0], events.t_ns[0]) == (219, 67, 1, 10**18)


def test_both_halves_of_the_time_add_up():
    events = LibcaerCmpDecoder(346, 260).decode(
        packet([TIME_HIGH | 2, TIME_LOW | 3, ADDR_X, ADDR_Y])
    )
    assert events.t_ns.tolist() == [1000 * (2 << 12 | 3)]


def test_vectors_run_along_a_column_and_advance_their_base():
    words = [ADDR_X | 9, VECT_BASE_Y | ON | 240, VECT_8 | 0x81, VECT_8 | 0xFF, VECT_8 | 0xFF]
    decoder = LibcaerCmpDecoder(346, 260)
    events = decoder.decode(packet(words))
    assert events.y.tolist() == [240, 247, *range(248, 256), *range(256, 260)]
    assert set(events.x) == {9}
    assert set(events.p) == {1}
    assert decoder.statistics.outside_pixels == 4


@pytest.mark.parametrize('count', [40, 8191, 8192, 30_000])
def test_vectors_far_beyond_the_last_row_stay_outside(count):
    decoder = LibcaerCmpDecoder(346, 260)
    words = [ADDR_X | 9, VECT_BASE_Y | 0, *[VECT_8 | 0xFF] * count, ADDR_Y | 3, VECT_8 | 1]
    events = decoder.decode(packet([*words, VECT_BASE_Y | ON | 258, VECT_8 | 0xFF]))
    assert events.y.tolist() == [*range(260), 3, 258, 259]
    assert decoder.statistics.outside_pixels == 8 * count + 1 + 1 + 8 - len(events)


def test_new_time_base_restarts_time_and_column():
    decoder = LibcaerCmpDecoder(346, 260)
    decoder.decode(packet([TIME_HIGH | 2, TIME_LOW | 3, ADDR_X | 1, ADDR_Y], 0, 5))
    assert decoder.decode(packet([ADDR_X | 1, ADDR_Y], 1, 7)).t_ns.tolist() == [7]
    decoder.decode(packet([ADDR_Y], 2, 8))
    assert decoder.statistics.outside_pixels == 1


def test_part_with_the_same_time_base_continues():
    decoder = LibcaerCmpDecoder(346, 260)
    decoder.decode(packet([TIME_HIGH | 2, TIME_LOW | 3, ADDR_X | 1], 0, 5))
    events = decoder.decode(packet([ADDR_Y | 4], 1, 5))
    assert (events.x[0], events.y[0], events.t_ns[0]) == (1, 4, 5 + 1000 * (2 << 12 | 3))


def test_words_of_undefined_type_are_counted():
    decoder = LibcaerCmpDecoder(346, 260)
    decoder.decode(packet([0x6000, 0xF000, ADDR_X]))
    assert decoder.statistics.unknown_words == 2
