# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the node does with a spike camera whose planes come faster than it can read them."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from simulated_planes import (
    HOST_AHEAD_NS,
    PERIOD_NS,
    PLANES_IN_PACKET,
    SIDE,
    PlaneSimulation,
    packet_at,
)

from spike_recon_ros.filters.tfi import Tfi
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.stream_statistics import ResetReason
from spike_recon_ros.windows.window import Window

SETTLED, END = 3.0, 8.0
PERIOD_S = PERIOD_NS / 1e9
FAST_ENOUGH, TOO_SLOW = (0.4, 0.8), (1.2, 1.7, 4.0)
"""Cost of a plane in periods of the camera."""


@functools.cache
def _settled(load, **settings):
    simulation = PlaneSimulation(lambda now: load * PERIOD_S, **settings)
    simulation.run(SETTLED)
    return simulation, simulation.run(END)


@functools.cache
def _with_time(model, **settings):
    """Frames of the same camera where there is time, by sensor time."""
    reconstructor = Reconstructor(Settings(model=model, **settings))
    packets = range(round(END * 1e9) // (PLANES_IN_PACKET * PERIOD_NS))
    return {frame.t_ns: frame for n in packets for frame in reconstructor.push(packet_at(n))}


@pytest.mark.parametrize('model', ['tfp', 'tfi', 'compensated_tfi'])
@pytest.mark.parametrize('load', TOO_SLOW)
def test_frames_keep_their_rate_and_are_young_where_planes_come_too_fast(load, model):
    _, made = _settled(load, model=model)
    assert len(made) >= 0.8 * 25.0 * (END - SETTLED)
    assert max(age for age, _ in made) < 0.1


def test_on_a_far_too_slow_machine_frames_are_fewer_but_young():
    _, made = _settled(10.0)
    assert len(made) >= 5.0 * (END - SETTLED)
    assert max(age for age, _ in made) < 0.1


@pytest.mark.parametrize('load', FAST_ENOUGH)
def test_where_there_is_time_every_plane_is_read(load):
    simulation, made = _settled(load)
    assert len(made) == 25.0 * (END - SETTLED)
    assert simulation.counts.dropped_packets == 0
    for _, frame in made:
        assert np.array_equal(frame.intensity, _with_time('tfp', fps=25.0)[frame.t_ns].intensity)


@pytest.mark.parametrize('load', TOO_SLOW)
@pytest.mark.parametrize('grid', ['first_sample', 'host_time', 'sensor_time'])
def test_images_after_a_gap_are_those_of_a_node_with_time(load, grid):
    _, made = _settled(load, grid_origin=grid)
    with_time = _with_time('tfp', fps=25.0, grid_origin=grid)
    for _, frame in made:
        same = with_time[frame.t_ns]
        assert np.array_equal(frame.intensity, same.intensity)
        assert frame.stamp_ns == same.stamp_ns


@pytest.mark.parametrize('load', TOO_SLOW)
def test_an_image_after_a_gap_is_made_of_the_planes_behind_it_alone(load):
    _, made = _settled(load, model='tfi')
    for _, frame in made[:20]:
        t_ns = frame.samples.t_ns
        window = Window(int(t_ns[0]), int(t_ns[-1]) + 1, frame.samples)
        assert (np.diff(t_ns) == PERIOD_NS).all()
        assert np.array_equal(frame.intensity, Tfi(SIDE, SIDE).step(window))


def test_what_is_left_out_is_counted():
    simulation, _ = _settled(1.7)
    counts = simulation.counts
    assert counts.dropped_packets > 0.4 * counts.received_packets
    assert counts.decoded_packets + counts.dropped_packets + counts.waiting_packets == (
        simulation.sent
    )
    resets = simulation.reconstructor.statistics.resets
    assert set(resets) == {ResetReason.OVERLOAD}


def test_when_the_load_falls_every_plane_is_read_again():
    simulation = PlaneSimulation(lambda now: (1.7 if now < 4.0 else 0.4) * PERIOD_S)
    simulation.run(5.0)
    dropped = simulation.counts.dropped_packets
    made = simulation.run(END)
    assert simulation.counts.dropped_packets == dropped
    assert len(made) == 25.0 * (END - 5.0)


def test_at_a_high_frame_rate_frames_are_fewer_and_young():
    _, made = _settled(1.7, fps=1000.0)
    assert len(made) >= 100.0 * (END - SETTLED)
    assert np.percentile([age for age, _ in made], 95) < 0.11


def test_a_step_that_is_slow_for_few_planes_is_merged_and_none_are_left_out():
    simulation, made = _settled(0.2, step_s=0.06)
    assert simulation.counts.dropped_packets == 0
    assert len(made) >= 10.0 * (END - SETTLED)


def test_stamps_advance_across_gaps():
    _, made = _settled(4.0)
    stamps = np.array([frame.stamp_ns for _, frame in made])
    assert (np.diff(stamps) > 0).all()
    assert {frame.stamp_ns - frame.t_ns for _, frame in made} == {HOST_AHEAD_NS}


def test_lost_packets_change_neither_frame_times_nor_stamps():
    settings = Settings(model='tfp', fps=25.0)
    reconstructor = Reconstructor(settings)
    kept = [n for n in range(1000) if n % 100 not in (17, 18, 63)]
    frames = [frame for n in kept for frame in reconstructor.push(packet_at(n))]
    with_time = _with_time('tfp', fps=25.0)
    assert len(frames) >= 19
    for frame in frames:
        assert np.array_equal(frame.intensity, with_time[frame.t_ns].intensity)
        assert frame.stamp_ns == with_time[frame.t_ns].stamp_ns
    assert reconstructor.statistics.resets[ResetReason.LOST_PACKETS] == 20


def test_a_time_base_that_stays_the_same_begins_again_after_lost_packets():
    reconstructor = Reconstructor(Settings(model='tfp', fps=25.0))
    packets = [replace(packet_at(n), time_base=0) for n in range(300) if n != 150]
    frames = [frame for packet in packets for frame in reconstructor.push(packet)]
    assert len(frames) == 6
    assert set(reconstructor.statistics.resets) == {ResetReason.LOST_PACKETS}


@pytest.mark.parametrize(('load', 'step_s'), [(1.5, 0.001), (0.1, 0.004)])
def test_windows_of_a_network_with_a_fixed_hop_are_never_merged(load, step_s):
    simulation = PlaneSimulation(lambda now: load * PERIOD_S, step_s, fps=1000.0, hop_planes=20)
    simulation.run(SETTLED)
    made = simulation.run(END)
    assert {len(frame.samples) for _, frame in made} == {20}
    assert len(made) >= 100.0 * (END - SETTLED)
    assert max(age for age, _ in made) < 0.15
