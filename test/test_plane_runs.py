# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which packets of planes the next frame needs; test/ros/test_plane_overload.py has the node."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_planes import PERIOD_NS, PLANES_IN_PACKET, packet_at

from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.spike_history.history import PLANES_KEPT
from spike_recon_ros.stream_statistics import ResetReason
from spike_recon_ros.window_steps import Pace

PACKET_NS = PLANES_IN_PACKET * PERIOD_NS
FRAME_PACKETS = 40
"""Packets of a frame at 25 frames per second."""


class ShortRuns(Pace):
    """There is hardly time to read any plane."""

    def longest_run_ns(self):
        return 1


def reconstructor_of(model, **settings):
    made = Reconstructor(Settings(model=model, fps=25.0, **settings))
    made.pace = ShortRuns()
    return made


def needed(reconstructor, packets):
    """Push what is needed and skip the rest; return the numbers of the packets that were."""
    read = []
    for packet in packets:
        if reconstructor.needs(packet):
            read.append(packet.seq)
            reconstructor.push(packet)
        else:
            reconstructor.skip(packet)
    return read


def read_per_frame(model, **settings):
    read = needed(reconstructor_of(model, **settings), map(packet_at, range(4 * FRAME_PACKETS)))
    return len([seq for seq in read if 2 * FRAME_PACKETS <= seq < 3 * FRAME_PACKETS])


def test_a_run_is_as_long_as_what_the_model_reads_however_little_time_there_is():
    shortest = -(-(10 + PLANES_KEPT) // PLANES_IN_PACKET)
    assert read_per_frame('tfi', lookahead_planes=10) in (shortest, shortest + 1)


def test_planes_after_the_image_are_part_of_a_run():
    more = 60
    few, many = (read_per_frame('tfi', lookahead_planes=n) for n in (0, more))
    assert many - few == more // PLANES_IN_PACKET


def test_packets_whose_times_are_not_known_are_needed():
    packets = [replace(packet_at(n), time_base=0) for n in range(100)]
    assert len(needed(reconstructor_of('tfi'), packets)) == 100


def test_missing_planes_whose_times_are_not_known_reset_the_stream():
    reconstructor = reconstructor_of('tfi')
    packets = [replace(packet_at(n), time_base=0) for n in range(4)]
    reconstructor.push(packets[0])
    reconstructor.skip(packets[1])
    assert reconstructor.statistics.resets == {ResetReason.OVERLOAD: 1}
    reconstructor.skip(packets[2])  # nothing was read since then
    assert reconstructor.statistics.resets == {ResetReason.OVERLOAD: 1}


@pytest.mark.parametrize('model', ['fibar', 'leaky_integrator'])
def test_events_are_needed_and_skipped_ones_reset_nothing(model):
    reconstructor = reconstructor_of(model)
    packets = [
        Packet('mono', 64, 48, n, n * PACKET_NS, 1 + n * PACKET_NS, np.zeros(8, np.uint8))
        for n in range(100)
    ]
    assert len(needed(reconstructor, packets[:50])) == 50
    reconstructor.skip(packets[50])
    assert not reconstructor.statistics.resets


def test_the_contrast_goes_on_over_a_gap():
    packets = [packet_at(n) for n in range(8 * FRAME_PACKETS)]
    bright = [replace(one, data=one.data | 0x55) for one in packets[: 4 * FRAME_PACKETS]]
    images = []
    for lost in (set(), {4 * FRAME_PACKETS + 3}):
        reconstructor = Reconstructor(Settings(model='tfp', fps=25.0, tone_time=10.0))
        stream = bright + packets[4 * FRAME_PACKETS :]
        frames = [
            frame
            for packet in stream
            if packet.seq not in lost
            for frame in reconstructor.push(packet)
        ]
        images.append(frames[-1].image)
    assert reconstructor.statistics.resets == {ResetReason.LOST_PACKETS: 1}
    difference = images[0].astype(int) - images[1]
    assert np.abs(difference).max() <= 3
