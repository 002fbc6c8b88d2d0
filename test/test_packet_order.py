# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets that come after later ones, or again after others, are no restart of their sender."""

import dataclasses

import numpy as np
import pytest

from spike_recon_ros.offline.stream_summary import EventSummary
from spike_recon_ros.packet_sequence import REMEMBERED
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings

MS, EPOCH_NS = 1_000_000, 1_700_000_000_000_000_000
COUNT = 40


def packets(encoding='mono', count=COUNT):
    """Return packets of 4 ms; each holds the event of its first moment, or 4 planes."""
    data = np.array([3 << 32 | 1 << 63], np.uint64).view(np.uint8)
    if encoding != 'mono':
        data = np.zeros(4 * 48 * 8, np.uint8)
    return [
        Packet(encoding, 64, 48, 100 + at, at * 4 * MS, EPOCH_NS + at * 4 * MS, data)
        for at in range(count)
    ]


def results(stream, model='fibar', **settings):
    reconstructor = Reconstructor(Settings(model=model, fps=100.0, **settings))
    tally = EventSummary()
    frames = []
    for packet in stream:
        frames += reconstructor.push(packet)
        if packet.encoding == 'mono':
            tally.add(packet)
    return frames, reconstructor.statistics, tally


def exchanged(stream, *places):
    stream = list(stream)
    for place in places:
        stream[place], stream[place + 1] = stream[place + 1], stream[place]
    return stream


def test_exchanged_packets_keep_the_state_and_all_events():
    frames, counts, tally = results(exchanged(packets(), 5, 11, 20))
    assert dict(counts.resets) == {}
    assert (counts.unordered_packets, counts.lost_packets) == (3, 0)
    assert (counts.packets, counts.samples) == (COUNT, COUNT)
    assert len(frames) == len(results(packets())[0])
    summary = tally.summary()
    assert (summary['unordered_packets'], summary['lost_packets']) == (3, 0)
    assert '3 packets came after a later one, their events are used' in tally.warnings()[0]


def test_a_packet_that_comes_several_packets_late_is_used():
    stream = packets()
    stream.insert(12, stream.pop(6))
    _, counts, _ = results(stream)
    assert dict(counts.resets) == {}
    assert (counts.unordered_packets, counts.lost_packets, counts.samples) == (1, 0, COUNT)


@pytest.mark.parametrize('lag', [1, 3, 10])
def test_a_relay_that_lags_behind_another_repeats_packets(lag):
    stream = []
    for at, packet in enumerate(packets()):
        stream += [packet, *([packets()[at - lag]] if at >= lag else [])]
    _, counts, tally = results(stream)
    assert dict(counts.resets) == {}
    assert (counts.repeated_packets, counts.samples) == (COUNT - lag, COUNT)
    assert tally.summary()['repeated_packets'] == COUNT - lag


def test_exchanged_packets_of_spike_planes_are_left_out_and_stay_lost():
    stream = exchanged(packets('spike_planes;period_ns=1000000'), 5)
    _, counts, _ = results(stream, 'tfi')
    assert (counts.unordered_packets, counts.lost_packets) == (1, 1)
    assert counts.packets == COUNT - 1
    assert 'sender restarted' not in {reason.value for reason in counts.resets}


def test_a_packet_of_long_ago_is_a_restart():
    stream = packets()
    late = stream.pop(3)
    stream.insert(3 + 20, late)  # 80 ms
    _, counts, _ = results(stream)
    assert counts.unordered_packets == 0
    assert sum(counts.resets.values()) == 1


def test_without_stamps_a_sender_that_counts_again_is_a_restart():
    once = [dataclasses.replace(one, stamp_ns=0) for one in packets(count=5)]
    _, counts, _ = results([*once, *once])
    assert counts.repeated_packets == 0
    assert {reason.value for reason in counts.resets} == {'sender restarted'}


def test_many_missing_packets_take_bounded_memory():
    stream = packets()
    jumped = [dataclasses.replace(one, seq=one.seq + 90_000) for one in stream[20:]]
    reconstructor = Reconstructor(Settings(model='fibar', lost_packets_tolerated=10**6))
    for packet in [*stream[:20], *jumped]:
        reconstructor.push(packet)
    assert reconstructor.statistics.lost_packets == 90_000
    assert len(reconstructor._order._missing) == REMEMBERED
