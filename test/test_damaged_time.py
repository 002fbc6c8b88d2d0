# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames of streams whose sensor time is damaged."""

import dataclasses
import itertools

import numpy as np
import pytest
from stream import EPOCH_NS, HEIGHT, WIDTH, make_events, packets_of, run_packets

from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source

MS = 1_000_000


def test_one_packet_of_slow_times_gives_few_frames_and_one_reset():
    words = []
    for index in range(8192):
        t_us = index * 990_000
        words += [8 << 28 | (t_us >> 6), 1 << 28 | (t_us & 63) << 22 | 5 << 11 | 7]
    data = np.array(words, np.uint32).view(np.uint8)
    assert len(data) == 64 * 1024
    for stamp_ns in (0, EPOCH_NS):
        packet = Packet('evt2', WIDTH, HEIGHT, 0, 0, stamp_ns, data)
        frames, resets, reconstructor = run_packets([packet], fps=25.0)
        assert resets == [ResetReason.TIME_JUMP]
        assert len(frames) <= 26
        assert reconstructor.statistics.time_outliers > 7000


@pytest.mark.parametrize('off', [-4 * 10**9, 4 * 10**9, 10**18])
def test_one_packet_with_a_forged_time_base_changes_no_frame_time(off):
    events = make_events(4000, step_ns=20_000, t_start_ns=20 * 10**9)
    packets = packets_of(events, range(100, 4000, 100))
    right, _, _ = run_packets(packets)
    forged = dataclasses.replace(packets[20], time_base=max(0, packets[20].time_base + off))
    frames, resets, reconstructor = run_packets([*packets[:20], forged, *packets[21:]])
    assert resets == []
    assert reconstructor.statistics.time_outliers == 100
    assert [frame.stamp_ns for frame in frames] == [frame.stamp_ns for frame in right]


@pytest.mark.parametrize('jump', [-4 * 10**9, -3 * 10**9, 3 * 10**9, 4 * 10**9])
@pytest.mark.parametrize('at', [2000, 2030])
def test_a_camera_that_restarts_keeps_the_grid_of_frames(jump, at):
    start_ns = 20 * 10**9
    events = make_events(4000, step_ns=50_000, t_start_ns=start_ns)
    packets = packets_of(events, range(50, 4000, 50))
    right, _, _ = run_packets(packets)
    moved = dataclasses.replace(events, t_ns=np.where(np.arange(4000) < at, 0, jump) + events.t_ns)
    sent = []
    for packet, first in zip(packets, range(0, 4000, 50), strict=True):
        part = moved[first : first + 50]
        base = int(part.t_ns.min())
        sent.append(dataclasses.replace(packet, time_base=base, data=encode_mono(part, base)))
    frames, resets, reconstructor = run_packets(sent)
    assert len(resets) == 1
    assert reconstructor.statistics.time_outliers == 0
    assert len(frames) == len(right)
    errors = [one.stamp_ns - other.stamp_ns for one, other in zip(frames, right, strict=True)]
    assert max(map(abs, errors)) < 10 * MS
    assert all(a.stamp_ns < b.stamp_ns for a, b in itertools.pairwise(frames))


@pytest.mark.parametrize(
    ('name', 'resets', 'outliers'),
    [
        ('q04_dvs_glitch_minus_1s.bag', 0, 6),
        ('j01_startup_junk_8s', 1, 0),
        ('j02_camera_restart_midstream', 1, 0),
        ('j04_forward_3s', 1, 0),
    ],
)
def test_recordings_with_damaged_time_give_frames_at_the_right_times(
    name, resets, outliers, recordings
):
    reconstructor = Reconstructor(Settings(model='fibar', fps=100.0))
    frames = []
    with open_source(recordings(f'field/{name}')) as source:
        for packet in source:
            frames += reconstructor.push(packet)
    frames += reconstructor.flush()
    assert len(frames) == 20
    assert reconstructor.statistics.resets.total() == resets
    assert reconstructor.statistics.time_outliers == outliers
    stamps_ns = [frame.stamp_ns - EPOCH_NS for frame in frames]
    assert stamps_ns[0] > 0
    assert stamps_ns[-1] <= 210 * MS
    assert {round((b - a) / MS) for a, b in itertools.pairwise(stamps_ns)} == {10}


def _evt3_packets(flip_in=None, lose_in=None):
    """200 ms of EVT3 in packets of 2 ms, with a rising trigger edge each 5 ms."""
    rng, packets = np.random.default_rng(3), []
    for seq in range(100):
        words = []
        for t_us in range(2_000_000 + 2000 * seq, 2_000_000 + 2000 * (seq + 1), 10):
            is_flipped = seq == flip_in and t_us % 2000 == 1000
            high = t_us >> 12 ^ (0x400 if is_flipped else 0)
            words += [0x8000 | high & 0xFFF, 0x6000 | t_us & 0xFFF]
            if t_us % 5000 == 0 or is_flipped:
                words += [0xA001]
            words += [int(rng.integers(0, HEIGHT)), 0x2800 | int(rng.integers(0, WIDTH))]
        data = np.array(words, np.uint16).view(np.uint8)
        if seq == lose_in:
            data = np.delete(data, 777)
        stamp_ns = EPOCH_NS + 2 * MS * seq
        packets.append(Packet('evt3', WIDTH, HEIGHT, seq, 0, stamp_ns, data))
    return packets


@pytest.mark.parametrize('flip_in', [20, 21, 22, 60])
def test_one_flipped_bit_of_a_time_does_not_silence_trigger_edges(flip_in):
    settings = {'sync_mode': 'trigger_events', 'trigger_edge': 'up'}
    right, _, _ = run_packets(_evt3_packets(), **settings)
    assert len(right) == 39
    frames, resets, _ = run_packets(_evt3_packets(flip_in), **settings)
    assert len(resets) <= 1
    assert len(right) - 1 <= len(frames) <= len(right) + 1
    expected_ms = {round((frame.stamp_ns - EPOCH_NS) / MS) for frame in right}
    found_ms = {round((frame.stamp_ns - EPOCH_NS) / MS) for frame in frames}
    assert len(expected_ms & found_ms) >= len(right) - 2
    assert all(a.stamp_ns < b.stamp_ns for a, b in itertools.pairwise(frames))


@pytest.mark.parametrize('late_ms', [20, 300, 900])
def test_stamps_increase_although_the_first_packets_came_late(late_ms):
    packets = packets_of(make_events(4000, step_ns=50_000), range(40, 4000, 40))
    late = [dataclasses.replace(one, stamp_ns=one.stamp_ns + late_ms * MS) for one in packets[:3]]
    frames, _, _ = run_packets([*late, *packets[3:]], model='fibar')
    assert len(frames) == 20
    assert all(a.stamp_ns < b.stamp_ns for a, b in itertools.pairwise(frames))


@pytest.mark.parametrize('lose_in', [0, 20, 50, 99])
def test_one_lost_byte_changes_the_events_of_one_packet_only(lose_in):
    right, _, _ = run_packets(_evt3_packets())
    frames, resets, reconstructor = run_packets(_evt3_packets(lose_in=lose_in))
    assert len(resets) <= 1
    assert len(right) - 1 <= len(frames) <= len(right)
    stamps_ns = [frame.stamp_ns for frame in frames]
    errors_ns = [abs(one - frame.stamp_ns) for one, frame in zip(stamps_ns, right, strict=False)]
    assert max(errors_ns) < 10 * MS
    assert reconstructor.statistics.samples > 19_500
