# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Streams that have lost bytes."""

from dataclasses import replace

import numpy as np
import pytest

from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for

WIDTH, HEIGHT = 640, 480
PACKETS, EVENTS = 40, 200
MS = 1_000_000


def words_of(encoding, t_us, x, y):
    """Words of ON events at increasing times, as a camera would send them."""
    if encoding == 'evt3':
        words = []
        for t, column, row in zip(t_us, x, y, strict=True):
            words += [0x8000 | t >> 12 & 0xFFF, 0x6000 | t & 0xFFF, row, 0x2800 | column]
        return np.array(words, np.uint16)
    words = []
    for t, column, row in zip(t_us, x, y, strict=True):
        words += [8 << 28 | t >> 6, 1 << 28 | (t & 63) << 22 | column << 11 | row]
    return np.array(words, np.uint32)


def sound_packets(encoding):
    rng = np.random.default_rng(7)
    packets = []
    for seq in range(PACKETS):
        t_us = 5_000_000 + seq * 2000 + np.arange(EVENTS) * 10
        x, y = rng.integers(0, WIDTH, EVENTS), rng.integers(0, HEIGHT, EVENTS)
        data = words_of(encoding, t_us.tolist(), x.tolist(), y.tolist()).view(np.uint8)
        packets.append(Packet(encoding, WIDTH, HEIGHT, seq, 0, seq * 2 * MS, data))
    return packets


def without(packet, start, count):
    return replace(packet, data=np.delete(packet.data, slice(start, start + count)))


def decoded(packets):
    decoder = decoder_for(packets[0].encoding, packets[0].width, packets[0].height)
    return [decoder.decode(packet) for packet in packets], decoder.statistics


def same(one, other):
    names = ('x', 'y', 'p', 't_ns')
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


LOSSES = [('evt3', 1), ('evt2', 1), ('evt2', 2), ('evt2', 3)]


@pytest.mark.parametrize(('encoding', 'count'), LOSSES)
@pytest.mark.parametrize('place', [0, 3, 801, 1599])
def test_after_lost_bytes_the_next_packet_is_decoded_as_if_nothing_was_lost(
    encoding, count, place
):
    packets = sound_packets(encoding)
    right, _ = decoded(packets)
    start = min(place, len(packets[10].data) - count)
    damaged = [*packets[:10], without(packets[10], start, count), *packets[11:]]
    found, statistics = decoded(damaged)
    assert all(same(*pair) for pair in zip(found[11:], right[11:], strict=True))
    assert statistics.truncated_words >= 1


def test_a_file_in_pieces_is_aligned_again_at_the_next_piece():
    packets = sound_packets('evt3')
    right, _ = decoded(packets)
    data = np.concatenate([packet.data for packet in packets])
    data = np.delete(data, 16_001)
    pieces = np.split(data, range(8_192, len(data), 8_192))
    found, _ = decoded(
        [Packet('evt3', WIDTH, HEIGHT, seq, 0, 0, piece) for seq, piece in enumerate(pieces)]
    )
    t_ns = np.concatenate([events.t_ns for events in found[3:]])
    expected = np.concatenate([events.t_ns for events in right])
    np.testing.assert_array_equal(t_ns, expected[-len(t_ns) :])
    assert len(t_ns) > 4000


def test_a_recording_that_lost_a_byte_is_right_again_one_packet_later(bag_packets):
    packets = bag_packets('vga_evt3')
    right, _ = decoded(packets)
    found, _ = decoded([*packets[:100], without(packets[100], 501, 1), *packets[101:]])
    assert sum(map(len, right[101:])) > 100_000
    assert all(same(*pair) for pair in zip(found[101:], right[101:], strict=True))


def test_words_that_are_unknown_in_any_alignment_are_not_shifted():
    padding = np.full(2000, 0x9999, np.uint16).view(np.uint8)
    packets = [
        replace(packet, data=np.concatenate((padding, packet.data)))
        for packet in sound_packets('evt3')
    ]
    found, statistics = decoded(packets)
    right, _ = decoded(sound_packets('evt3'))
    assert all(same(*pair) for pair in zip(found, right, strict=True))
    assert statistics.truncated_words == 0


@pytest.mark.parametrize('encoding', ['evt2', 'evt21', 'evt3', 'libcaer'])
def test_time_that_wraps_very_often_does_not_overflow(encoding):
    turns = 700_000
    if encoding == 'evt3':
        words = np.tile(np.array([5, 0x8FFF, 0x6000, 0x2001, 0x8000, 0x2002], np.uint16), turns)
    elif encoding == 'evt2':
        turn = [0x8FFF_FFFF, 0x1000_0000, 0x8000_0000, 0x1000_0000]
        words = np.tile(np.array(turn, np.uint32), turns)
    elif encoding == 'evt21':
        turn = [0, 0x8FFF_FFFF, 1, 0x1000_0000, 0, 0x8000_0000, 1, 0x1000_0000]
        words = np.tile(np.array(turn, np.uint32), turns)
    else:
        words = np.tile(np.array([0, 2**31 - 1, 0, 0], np.uint32), turns)
    decoder = decoder_for(encoding, WIDTH, HEIGHT)
    time_base = 2**64 - 1 if encoding == 'libcaer' else 0
    events = decoder.decode(Packet(encoding, WIDTH, HEIGHT, 0, time_base, 0, words.view(np.uint8)))
    assert len(events) > 0
    assert events.t_ns.min() >= 0
    if encoding.startswith('evt2'):
        assert events.t_ns.max() > 2**60
        assert decoder.statistics.time_errors > 0
