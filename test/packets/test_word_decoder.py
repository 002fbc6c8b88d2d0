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
