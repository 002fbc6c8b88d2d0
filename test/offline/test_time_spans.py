# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How long a recording is where its times begin again, and what its times suggest."""

import dataclasses

import numpy as np
import pytest

from spike_recon_ros.offline.stream_summary import EventSummary
from spike_recon_ros.packets.packet import Packet

MS = 1_000_000
PACKET_MS = 4


def mono(starts_ms, stamps_ms=None, last_ms=PACKET_MS):
    """Return packets of two events each, OFF and ON, with their first times and their stamps."""
    data = np.array([0, 1 << 63 | last_ms * MS], np.uint64) | np.uint64(3 << 32)
    stamps_ms = stamps_ms or [0] * len(starts_ms)
    return [
        Packet('mono', 64, 48, seq, start_ms * MS, stamp_ms * MS, data.view(np.uint8))
        for seq, (start_ms, stamp_ms) in enumerate(zip(starts_ms, stamps_ms, strict=True))
    ]


def tallied(packets):
    tally = EventSummary()
    for packet in packets:
        tally.add(packet)
    return tally.summary()['duration_s'], tally.warnings()


def test_where_times_begin_again_the_stretches_are_added_with_a_warning():
    joined = [*range(5_000, 6_000, PACKET_MS), *range(1_000, 1_400, PACKET_MS)]
    duration_s, (sentence,) = tallied(mono(joined))
    assert duration_s == pytest.approx(1.4)
    assert sentence.startswith('the times of the sensor go back 1 time, by up to 5.000 s: ')
    assert 'camera that was restarted' in sentence


def test_two_cameras_on_one_topic_are_named():
    both = [start for at in range(0, 1_000, PACKET_MS) for start in (9_000 + at, 500 + at)]
    duration_s, (sentence,) = tallied(mono(both))
    assert 'go back 250 times' in sentence
    assert 'record each on a topic of its own' in sentence
    assert duration_s < 10


def test_times_that_do_not_advance_with_the_stamps_are_named():
    stamps_ms = list(range(10_000, 11_000, PACKET_MS))
    duration_s, (sentence,) = tallied(mono([0] * 250, stamps_ms))
    assert duration_s == pytest.approx(0.004)
    assert 'advance by 0.996 s, the times of the sensor by 0.004 s only' in sentence
    assert 'time_base' in sentence


@pytest.mark.parametrize('unit', [0.001, 0])
def test_stamps_that_do_not_advance_with_the_times_are_named(unit):
    times_ms = list(range(0, 1_000, PACKET_MS))
    packets = [
        dataclasses.replace(one, stamp_ns=10**15 + int(unit * one.time_base))
        for one in mono(times_ms)
    ]
    _, (sentence,) = tallied(packets)
    assert sentence.startswith(
        f'the stamps of the packets advance by {unit:.3f} s only, the times'
    )
    assert 'header.stamp' in sentence


def test_stamps_of_whole_seconds_and_missing_ones_are_not_called_slow():
    times_ms = list(range(0, 4_000, PACKET_MS))
    assert tallied(mono(times_ms, [9_000 + t // 1_000 * 1_000 for t in times_ms]))[1] == []
    assert tallied(mono(times_ms, [9_000 * (t % 8 == 0) for t in times_ms]))[1] == []


def test_times_that_advance_as_their_stamps_do_are_no_problem():
    times_ms = list(range(0, 1_000, PACKET_MS))
    assert tallied(mono(times_ms, [10_000 + t for t in times_ms])) == (pytest.approx(1.0), [])


def test_a_wrong_time_at_the_end_of_a_packet_is_no_restart():
    damaged = mono([1_000], last_ms=4_000)
    sound = mono([1_004, 1_008])[1:]
    assert tallied([*damaged, *sound]) == (pytest.approx(0.012), [])


def test_the_times_of_two_sensors_are_not_compared():
    other = [dataclasses.replace(one, width=32) for one in mono([5, 9])]
    assert tallied([*mono([1_000, 1_004]), *other]) == (pytest.approx(0.016), [])


@pytest.mark.parametrize(
    ('stamps_ms', 'named'), [(None, True), ([5, 9], True), ([5, 60_009], False)]
)
def test_long_steps_ahead_that_no_stamp_confirms_are_named(stamps_ms, named):
    duration_s, sentences = tallied(mono([1_000, 61_000], stamps_ms))
    assert duration_s == pytest.approx(60.004)
    assert [one[:39] for one in sentences] == ['the times of the sensor step ahead 1 ti'] * named
