# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A model that is loaded before the first packet, and packets that the caller drops."""

import dataclasses

import numpy as np

from spike_recon_ros.backends import quiet_hold
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.settings import Settings
from spike_recon_ros.warm_up import warm_up

WIDTH, HEIGHT = 32, 24


def _packets(count):
    """Packets of 10 ms each, with 1,000 events."""
    generator = np.random.default_rng(0)
    packets = []
    for seq in range(count):
        t_ns = (seq * 1000 + np.arange(1000)) * 10_000
        events = Events(
            generator.integers(0, WIDTH, 1000).astype(np.uint16),
            generator.integers(0, HEIGHT, 1000).astype(np.uint16),
            generator.integers(0, 2, 1000).astype(np.uint8),
            t_ns,
            Triggers.empty(),
        )
        data = encode_mono(events, int(t_ns[0]))
        packets.append(Packet('mono', WIDTH, HEIGHT, seq, int(t_ns[0]), int(t_ns[0]) + 1, data))
    return packets


def test_a_packet_that_was_skipped_neither_resets_the_state_nor_counts_as_lost():
    packets = _packets(3)
    resets = []
    reconstructor = Reconstructor(
        Settings(model='fibar', fps=100.0, lost_packets_tolerated=0),
        on_reset=lambda reason, detail: resets.append(reason),
    )
    frames = list(reconstructor.push(packets[0]))
    reconstructor.skip(packets[1])
    frames += reconstructor.push(packets[2])
    assert resets == []
    assert frames
    assert reconstructor.statistics.lost_packets == 0
    assert reconstructor.statistics.packets == 2


def test_a_model_that_was_prepared_is_not_loaded_again_by_the_first_packet():
    packets = _packets(2)
    settings = Settings(model='fibar', fps=100.0)
    prepared, plain = Reconstructor(settings), Reconstructor(settings)
    prepared.prepare(WIDTH, HEIGHT, SensorKind.EVENT)
    assert prepared.statistics.models_loaded == 1
    for packet in packets:
        for one, other in zip(prepared.push(packet), plain.push(packet), strict=True):
            np.testing.assert_array_equal(one.intensity, other.intensity)
    assert prepared.statistics.models_loaded == 1


def test_a_model_that_was_prepared_for_another_size_is_replaced_without_a_reset():
    packets = _packets(2)
    resets = []
    reconstructor = Reconstructor(
        Settings(model='fibar', fps=100.0), on_reset=lambda reason, detail: resets.append(reason)
    )
    reconstructor.prepare(2 * WIDTH, HEIGHT, SensorKind.EVENT)
    frames = [frame for packet in packets for frame in reconstructor.push(packet)]
    assert frames[0].intensity.shape == (HEIGHT, WIDTH)
    assert reconstructor.statistics.models_loaded == 2
    assert resets == []


def test_two_senders_on_one_topic_are_not_counted_as_millions_of_lost_packets():
    resets = []
    reconstructor = Reconstructor(
        Settings(model='fibar', fps=100.0),
        on_reset=lambda reason, detail: resets.append(reason),
    )
    for packet in _packets(4):
        other = dataclasses.replace(packet, seq=packet.seq + 5_000_000)
        reconstructor.push(packet)
        reconstructor.push(other)
    assert reconstructor.statistics.lost_packets == 0
    assert set(resets) == {ResetReason.SENDER_RESTARTED}


def test_the_warm_up_also_follows_an_image_of_a_network(monkeypatch):
    followed = []
    monkeypatch.setattr(quiet_hold, '_follow', lambda *arrays: followed.append(arrays))
    warm_up(Settings(model='two_scale_gru'), [SensorKind.EVENT], networks=False)
    assert followed
