# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a wrong size or encoding leaves out is reported by everything that reads a recording."""

import re

import numpy as np
import pytest

from spike_recon_ros.offline.stream_warnings import left_out_warnings
from spike_recon_ros.packets.decoder import DecoderStatistics
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.sensor_kind import SensorKind


@pytest.mark.parametrize(
    ('dropped', 'used', 'words'),
    [
        ({}, 100, []),
        ({'unknown_words': 20}, 100, []),
        ({'unknown_words': 30}, 100, ['30 words .* beside 100 events; the encoding is probably']),
        ({'outside_pixels': 25}, 75, [r'25 events \(25 %\) lie outside the sensor of 9x9']),
        ({'unknown_words': 90, 'outside_pixels': 9}, 1, ['the encoding is probably wrong']),
        ({'outside_pixels': 60}, 40, ['9x9 .* the size or the encoding is wrong: .* --encoding']),
        ({'before_first_time': 7}, 0, ['7 events come without any time stamp; the encoding is']),
        ({'before_first_time': 7}, 1, []),
    ],
)
def test_a_sentence_says_what_is_left_out_and_why(dropped, used, words):
    found = left_out_warnings(DecoderStatistics(**dropped), used, ' of 9x9')
    assert len(found) == len(words)
    for sentence, pattern in zip(found, words, strict=True):
        assert re.search(pattern, sentence)


def test_spikes_in_the_padding_of_rows_are_called_spikes():
    bits = np.full((3, 2, 2), 0xFF, np.uint8)  # 13 columns and 3 bits of padding
    decoder = decoder_for('spike_planes;period_ns=50000', 13, 2)
    planes = decoder.decode(Packet('spike_planes;period_ns=50000', 13, 2, 0, 0, 0, bits.ravel()))
    (sentence,) = left_out_warnings(decoder.statistics, len(planes), kind=SensorKind.SPIKE)
    assert sentence.startswith('18 spikes right of the last column')
    assert sentence.endswith('--plane-size')
    assert left_out_warnings(DecoderStatistics(), 3, kind=SensorKind.SPIKE) == []


@pytest.mark.parametrize(('packets', 'named'), [(1, False), (7, True)])
def test_packets_that_end_inside_a_plane_are_named_unless_the_recording_ends(packets, named):
    dropped = DecoderStatistics(truncated_words=packets)
    found = left_out_warnings(dropped, 3, ' of 9x9 pixels', kind=SensorKind.SPIKE)
    sentence = '7 packets end inside a plane of 9x9 pixels, which is left out; if the planes have'
    assert [one.startswith(sentence) for one in found] == [True] * named


def test_events_decoded_as_another_encoding_are_reported():
    words = np.arange(3_000, dtype=np.uint32) % 480 | 100 << 11 | np.uint32(1) << 28
    words[::10] = np.uint32(8) << 28 | np.arange(300, dtype=np.uint32)
    packet = Packet('evt3', 640, 480, 0, 0, 0, words.view(np.uint8))
    decoder = decoder_for('evt3', 640, 480)
    used = len(decoder.decode(packet))
    sentences = left_out_warnings(decoder.statistics, used)
    assert any('encoding is probably wrong' in one for one in sentences)
