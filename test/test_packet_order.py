# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets that come after later ones, or again after others, are no restart of their sender."""

import dataclasses

import numpy as np
import pytest

from spike_recon_ros.offline.stream_summary import EventSummary
from spike_recon_ros.packet_sequence import REMEMBERED, PacketOrder, Place
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
        if not packet.encoding.startswith('spike'):
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


def test_a_first_packet_that_comes_late_is_used_like_any_other():
    frames, counts, tally = results(exchanged(packets(), 0))
    assert dict(counts.resets) == {}
    assert (counts.unordered_packets, counts.lost_packets, counts.samples) == (1, 0, COUNT)
    assert len(frames) == len(results(packets())[0])
    summary = tally.summary()
    assert (summary['unordered_packets'], summary['events']) == (1, COUNT)


def test_the_first_planes_are_left_out_and_lost_if_they_come_late():
    stream = exchanged(packets('spike_planes;period_ns=1000000'), 0)
    _, counts, _ = results(stream, 'tfi')
    assert dict(counts.resets) == {}
    assert (counts.unordered_packets, counts.lost_packets) == (1, 1)
    assert counts.packets == COUNT - 1


def test_the_first_packet_of_a_restarted_sender_may_come_late():
    begun_ns = COUNT * 4 * MS
    again = [
        dataclasses.replace(one, seq=at, stamp_ns=one.stamp_ns + begun_ns)
        for at, one in enumerate(packets())
    ]
    _, counts, _ = results([*packets(), *exchanged(again, 0)])
    assert [(reason.value, n) for reason, n in counts.resets.items()] == [('sender restarted', 1)]
    assert counts.unordered_packets == 1


@pytest.mark.parametrize('seq', [50, 102, 118])
def test_a_lower_seq_that_was_never_missing_is_a_restart_for_all_who_decode(seq):
    """Bits of the time come in the first packet alone, so a restart shows in the events."""
    words = [0x8001, 0x6002, 0x0003, 0x2004]
    stream = [
        dataclasses.replace(one, encoding='evt3', data=np.array(part, np.uint16).view(np.uint8))
        for at, one in enumerate(packets(count=30))
        for part in [words if not at else [0x6000 | at, 0x2004]]
    ]
    stream[20] = dataclasses.replace(stream[20], seq=seq, stamp_ns=stream[20].stamp_ns - 9 * MS)
    for after in range(21, 30):
        stream[after] = dataclasses.replace(stream[after], seq=seq + after - 20)
    _, counts, tally = results(stream)
    assert {reason.value for reason in counts.resets} == {'sender restarted'}
    assert counts.samples == tally.summary()['events'] == 20


def test_packets_of_a_thread_may_come_100_packets_late():
    stream = [
        dataclasses.replace(one, stamp_ns=EPOCH_NS + at * MS // 10)
        for at, one in enumerate(packets(count=400))
    ]
    lagging, ahead = stream[::2], stream[1::2]
    order = PacketOrder()
    mixed = [one for pair in zip(ahead[100:], lagging, strict=False) for one in pair]
    found = [order.follow(one) for one in [*ahead[:100], *mixed]]
    assert [one.place for one in found].count(Place.LATE) == 100
    assert sum(one.restarts for one in found) == 0


@pytest.mark.parametrize('lag', [1, 3, 10])
def test_a_relay_that_lags_behind_another_repeats_packets(lag):
    stream = []
    for at, packet in enumerate(packets()):
        stream += [packet, *([packets()[at - lag]] if at >= lag else [])]
    _, counts, tally = results(stream)
    assert dict(counts.resets) == {}
    assert (counts.repeated_packets, counts.samples) == (COUNT - lag, COUNT)
    assert tally.summary()['repeated_packets'] == COUNT - lag


@pytest.mark.parametrize('change', [{'time_base': 5}, {'stamp_ns': EPOCH_NS + 5}, {'seq': 0}])
def test_equal_bytes_alone_do_not_make_a_packet_a_repetition(change):
    packet = dataclasses.replace(packets(count=1)[0], seq=7)
    first = dataclasses.replace(packet, seq=change.get('seq', 7))
    assert second_place(first, dataclasses.replace(packet, **change)) is not Place.REPEATED
    assert second_place(packet, dataclasses.replace(packet)) is Place.REPEATED


def second_place(first, second):
    order = PacketOrder()
    order.follow(first)
    return order.follow(second).place


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


def two_cameras(ahead, count=COUNT):
    """Return packets of two cameras in turn; the second one counts so many packets ahead."""
    stream = packets(count=count)
    others = [dataclasses.replace(one, seq=one.seq + ahead, time_base=1) for one in stream]
    return [one for pair in zip(stream, others, strict=True) for one in pair]


@pytest.mark.parametrize('ahead', [0, 30])
def test_two_cameras_that_count_alike_are_named_as_one_possible_cause(ahead):
    tally = EventSummary()
    for packet in two_cameras(ahead):
        tally.add(packet)
    assert any('two cameras or drivers send on one topic' in one for one in tally.warnings())


@pytest.mark.parametrize('seqs', [[0] * COUNT, [9] * COUNT, range(COUNT)])
def test_a_sender_that_does_not_count_is_one_sender(seqs):
    tally = EventSummary()
    for packet, seq in zip(packets(), seqs, strict=True):
        tally.add(dataclasses.replace(packet, seq=seq))
    assert tally.warnings() == []


def test_many_missing_packets_take_bounded_memory():
    stream = packets()
    jumped = [dataclasses.replace(one, seq=one.seq + 90_000) for one in stream[20:]]
    reconstructor = Reconstructor(Settings(model='fibar', lost_packets_tolerated=10**6))
    for packet in [*stream[:20], *jumped]:
        reconstructor.push(packet)
    assert reconstructor.statistics.lost_packets == 90_000
    assert len(reconstructor._order._missing) == REMEMBERED
