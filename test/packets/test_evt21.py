# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for

# The same two words as each kind of camera sends them: time 3 << 6, then ON at row 2, columns
# 32, 33 and 63, with 5 as the lower bits of the time.
TIME, VECTOR = 8 << 28 | 3, 1 << 28 | 5 << 22 | 32 << 11 | 2
MASK = 1 << 31 | 0b11
ORDERS = {
    'evt21': [0, TIME, MASK, VECTOR],
    'evt21;endianness=little': [0, TIME, MASK, VECTOR],
    'evt21;endianness=legacy': [TIME, 0, VECTOR, MASK],
}


def decode(encoding, halves):
    decoder = decoder_for(encoding, 320, 240)
    data = np.array(halves, np.uint32).view(np.uint8)
    return decoder.decode(Packet(encoding, 320, 240, 0, 0, 0, data)), decoder.statistics


@pytest.mark.parametrize('encoding', ORDERS)
def test_vector_spreads_over_its_columns_in_either_byte_order(encoding):
    events, _ = decode(encoding, ORDERS[encoding])
    assert events.x.tolist() == [32, 33, 63]
    assert events.y.tolist() == [2] * 3
    assert events.p.tolist() == [1] * 3
    assert events.t_ns.tolist() == [1000 * (3 << 6 | 5)] * 3


def test_published_example_decodes_equally_in_both_byte_orders():
    word = 0x0102030405060708  # as Prophesee prints it, with the bytes that two cameras send
    little, legacy = bytes.fromhex('0807060504030201'), bytes.fromhex('0403020108070605')
    assert int(np.frombuffer(little, np.uint64)[0]) == word
    halves = np.frombuffer(legacy, np.uint32)
    assert int(halves[0]) << 32 | int(halves[1]) == word
    time = {'evt21': [0, TIME], 'evt21;endianness=legacy': [TIME, 0]}
    found = [
        decode(encoding, [*time[encoding], *np.frombuffer(data, np.uint32)])[0]
        for encoding, data in zip(time, (little, legacy), strict=True)
    ]
    assert found[0].x.tolist() == found[1].x.tolist()
    assert found[0].t_ns.tolist() == found[1].t_ns.tolist()


def test_vector_across_the_edge_of_the_sensor_is_cropped():
    events, statistics = decode('evt21', [0, TIME, 0xFFFFFFFF, 300 << 11])
    assert events.x.tolist() == list(range(300, 320))
    assert statistics.outside_pixels == 12


def test_vectors_before_the_first_time_are_counted_by_pixel():
    events, statistics = decode('evt21', [MASK, VECTOR, 0, 10 << 28])
    assert len(events) == 0
    assert statistics.before_first_time == 4


def test_trigger_edge_has_its_time_value_and_channel():
    events, _ = decode('evt21', [0, TIME, 0, 10 << 28 | 5 << 22 | 3 << 8 | 1])
    triggers = events.triggers
    assert (triggers.t_ns[0], triggers.p[0], triggers.channel[0]) == (197_000, 1, 3)
