# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Words that are cut in two by the end of a packet."""

import numpy as np
import pytest

from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for

WORD = np.array([0x1234, 0x0001_0002], np.uint32).view(np.uint8)  # mono: (2, 1) at 0x1234 ns


def packet(data, seq, time_base=0):
    return Packet('mono', 10, 10, seq, time_base, 0, data)


@pytest.fixture
def decoder():
    return decoder_for('mono', 10, 10)


def test_word_cut_in_two_is_joined(decoder):
    assert len(decoder.decode(packet(WORD[:3], 0))) == 0
    assert decoder.decode(packet(WORD[3:], 1)).t_ns.tolist() == [0x1234]
    assert decoder.statistics.truncated_words == 0


def test_word_cut_to_bytes_is_joined(decoder):
    parts = [decoder.decode(packet(WORD[i : i + 1], i)) for i in range(8)]
    assert [len(part) for part in parts] == [0] * 7 + [1]


def test_sequence_number_may_wrap_in_between(decoder):
    decoder.decode(packet(WORD[:3], 2**64 - 1))
    assert len(decoder.decode(packet(WORD[3:], 0))) == 1


@pytest.mark.parametrize(('seq', 'time_base'), [(2, 0), (0, 0), (1, 5)])
def test_part_that_is_not_continued_is_dropped_and_counted(decoder, seq, time_base):
    decoder.decode(packet(WORD[:3], 0))
    assert decoder.decode(packet(WORD, seq, time_base)).x.tolist() == [2]
    assert decoder.statistics.truncated_words == 1


def test_reset_drops_a_part_and_counts_it(decoder):
    decoder.decode(packet(WORD[:3], 0))
    decoder.reset()
    assert decoder.decode(packet(WORD, 1)).x.tolist() == [2]
    assert decoder.statistics.truncated_words == 1


# EVT3: a time of 12 bits and 12 bits, a row, and events; each packet uses what the last one left.
EVT3 = [
    [0x8000 | 20, 0x6005, 0x0007, 0x2001],
    [0x6006, 0x2002],
    [0x8000 | 40, 0x6001, 0x0009, 0x2003],
    [0x2004],
]


def evt3_events(order, cut=0):
    """Return (time in us, y, x) of the events of EVT3, whose packets come in an order.

    The first one ends so many bytes early; the second one begins with them.
    """
    data = np.concatenate([np.array(words, np.uint16) for words in EVT3]).view(np.uint8)
    ends = np.cumsum([2 * len(words) for words in EVT3]) - [cut, 0, 0, 0]
    parts = np.split(data, ends[:-1])
    decoder = decoder_for('evt3', 10, 10)
    found = [decoder.decode(Packet('evt3', 10, 10, 5 + at, 0, 0, parts[at])) for at in order]
    rows = [(e.t_ns // 1000, e.y, e.x) for e in found]
    return sorted(row for one in rows for row in zip(*map(np.ndarray.tolist, one), strict=True))


@pytest.mark.parametrize('cut', [0, 1])
@pytest.mark.parametrize('order', [[0, 2, 1, 3], [0, 2, 3, 1]])
def test_a_packet_that_comes_late_is_decoded_in_its_place(order, cut):
    assert [y for _, y, _ in evt3_events(range(4))] == [7, 7, 9, 9]
    assert evt3_events(order, cut) == evt3_events(range(4))


def test_each_packet_of_a_gap_is_decoded_in_its_place():
    assert set(evt3_events(range(4))[:3]) < set(evt3_events([0, 3, 1, 2]))
