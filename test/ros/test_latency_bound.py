# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The latency of frames under overload, on a simulated clock."""

import functools
import itertools

import numpy as np
import pytest
from simulated import PACKET_S, Cost, Simulation

from spike_recon_ros.nodes.overload import LONGEST_MERGED_S
from spike_recon_ros.nodes.step_cost import StepCost

FPS, LAG = 50.0, 0.1
SETTLED, END = 3.0, 13.0


@functools.cache
def _settled(cost):
    """Return a simulation with one cost, and the frames after it has settled."""
    simulation = Simulation(lambda now: cost, fps=FPS, overload_lag=LAG)
    simulation.run(SETTLED)
    return simulation, simulation.run(END)


def _largest_latency(cost):
    """The bound: `overload_lag`, and one step where it takes longer than that."""
    step = cost.step + cost.packet_in_step * LONGEST_MERGED_S / PACKET_S
    return LAG + (step if step > LAG else 0.0) + PACKET_S


STEADY = [
    Cost(step=0.005),
    Cost(step=0.015, packet=0.0002),
    Cost(step=0.03, packet=0.0003),
    Cost(step=0.06, packet_in_step=0.0001, packet=0.0002),
    Cost(step=0.07, packet=0.0005),
    Cost(step=0.095, packet=0.0003),
    Cost(step=0.11, packet_in_step=0.0001, packet=0.0003),
    Cost(step=0.2, packet=0.0004),
    Cost(step=0.4, packet_in_step=0.00005, packet=0.0003),
    # Only dropping helps: the samples alone take more time than there is.
    Cost(step=0.0005, packet_in_step=0.0015),
    Cost(step=0.004, packet_in_step=0.001, packet=0.0006),
    Cost(step=0.02, packet=0.0012),
    Cost(step=0.07, packet_in_step=0.0005, packet=0.002),
    Cost(step=0.2, packet=0.003),
]


@pytest.mark.parametrize('cost', STEADY, ids=str)
def test_under_steady_overload_every_frame_is_published_within_the_bound(cost):
    simulation, frames = _settled(cost)
    assert max(frame.latency for frame in frames) <= _largest_latency(cost)
    assert max(frame.packets for frame in frames) <= (LONGEST_MERGED_S + LAG) / PACKET_S
    assert simulation.resets == []


@pytest.mark.parametrize('cost', STEADY, ids=str)
def test_what_the_model_can_give_is_used(cost):
    _, frames = _settled(cost)
    samples = (cost.packet + cost.packet_in_step) / PACKET_S
    share = max(0.85 - samples, 0.3)
    rate = min(FPS, share / cost.step)
    # Where packets are dropped, frames wait for a gap.
    used = 0.95 if _merging_helps(cost) else 0.4
    assert len(frames) / (END - SETTLED) >= used * rate


def _merging_helps(cost):
    samples = (cost.packet + cost.packet_in_step) / PACKET_S
    return samples + cost.step / LONGEST_MERGED_S < 0.95


@pytest.mark.parametrize('cost', [cost for cost in STEADY if _merging_helps(cost)], ids=str)
def test_no_packet_is_dropped_where_merging_helps(cost):
    simulation, _ = _settled(cost)
    assert simulation.counts.dropped_packets == 0


def test_the_frame_rate_falls_smoothly_with_the_cost_of_a_step():
    costs = [0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.4]
    rates = [len(_settled(Cost(step=cost, packet=0.0002))[1]) / (END - SETTLED) for cost in costs]
    assert all(later <= 1.05 * rate for rate, later in itertools.pairwise(rates))
    for cost, rate in zip(costs, rates, strict=True):
        assert rate >= 0.6 * min(FPS, 0.8 / cost)


def test_the_frame_rate_falls_smoothly_with_the_cost_of_the_samples():
    costs = np.arange(0.0002, 0.003, 0.0002)
    rates = [len(_settled(Cost(step=0.03, packet=cost))[1]) / (END - SETTLED) for cost in costs]
    assert all(later <= 1.25 * rate for rate, later in itertools.pairwise(rates))
    assert min(rates) >= 0.4 * 0.3 / 0.03


@pytest.mark.parametrize('step', [0.017, 0.02, 0.024, 0.03, 0.06, 0.2])
def test_intervals_between_frames_differ_by_one_window_at_most(step):
    _, frames = _settled(Cost(step=step, packet=0.0002))
    counts = {frame.windows for frame in frames}
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize('step', [0.017, 0.018, 0.02, 0.024, 0.028])
def test_a_model_that_is_a_little_too_slow_loses_few_frames(step):
    cost = Cost(step=step, packet=0.0002)
    simulation, frames = _settled(cost)
    most = min(FPS, (1 - cost.packet / PACKET_S) / step)
    assert len(frames) / (END - SETTLED) >= 0.9 * most
    assert simulation.counts.dropped_packets == 0


def test_few_frames_are_lost_when_long_windows_in_one_step_are_a_little_too_slow():
    cost = Cost(step=0.055, packet=0.0003)  # 71 of 66 ms
    simulation = Simulation(lambda now: cost, parts=2, fps=15.0, overload_lag=LAG)
    simulation.run(SETTLED)
    frames = simulation.run(END)
    assert {frame.steps for frame in frames} == {1}
    assert len(frames) / (END - SETTLED) >= 0.9 * 0.7 / 0.055
    assert simulation.counts.dropped_packets == 0


def test_the_cost_of_a_step_is_that_of_one_part():
    cost = StepCost()
    for samples, parts in [(4000, 2), (4000, 1), (8000, 1), (6000, 3)] * 30:
        cost.add(samples, 0.01 * parts + 2e-6 * samples, parts)
    assert cost.fixed == pytest.approx(0.01)
    assert cost.per_sample == pytest.approx(2e-6)
    assert cost.expected(5000, 2) == pytest.approx(0.03, rel=0.01)


@pytest.mark.parametrize('mean', [Cost(step=0.03, packet=0.0003), Cost(step=0.05, packet=0.0003)])
def test_irregular_costs_rarely_exceed_the_bound(mean):
    generator = np.random.default_rng(0)
    factors = generator.gamma(4.0, 0.25, 100_000)  # as on a shared machine: one half on average

    def cost(now):
        factor = factors[round(now * 2000) % len(factors)]
        return Cost(mean.step * factor, mean.packet_in_step * factor, mean.packet * factor)

    simulation = Simulation(cost, fps=FPS, overload_lag=LAG)
    simulation.run(SETTLED)
    latencies = [frame.latency for frame in simulation.run(33.0)]
    assert np.percentile(latencies, 95) <= LAG + PACKET_S
    assert max(latencies) <= 3 * LAG
    assert simulation.resets == []


def test_a_slow_start_drops_nothing():
    def cost(now):
        if now < 1.0:
            return Cost(step=0.06, packet_in_step=0.0008, packet=0.0004)
        return Cost(step=0.06, packet=0.00015)

    simulation = Simulation(cost, parts=4, fps=10.0, overload_lag=LAG)
    simulation.run(SETTLED)
    frames = simulation.run(END)
    assert simulation.counts.dropped_packets == 0
    assert {frame.windows for frame in frames} == {1}


def test_after_a_stall_the_latency_falls_to_the_bound_within_two_seconds():
    def cost(now):
        return Cost(step=1.5 if 5.0 <= now < 5.02 else 0.02, packet=0.0002)

    simulation = Simulation(cost, fps=FPS, overload_lag=LAG)
    simulation.run(7.0 + 1.5)
    frames = simulation.run(20.0)
    assert max(frame.latency for frame in frames) <= LAG + PACKET_S


@pytest.mark.parametrize('cost', [Cost(step=0.01, packet=0.2), Cost(step=0.3, packet=0.05)])
def test_on_a_far_too_slow_machine_frames_keep_coming(cost):
    simulation, frames = _settled(cost)
    assert len(frames) >= 0.3 * (END - SETTLED)
    limit = simulation.settings.queue_time_limit
    assert max(frame.latency for frame in frames) <= limit + cost.step + 2 * cost.packet
    assert simulation.resets == []


@pytest.mark.parametrize('cost', [Cost(step=0.01, packet=0.0003), Cost(step=0.05, packet=0.002)])
def test_packets_that_are_late_when_they_come_are_not_all_dropped(cost):
    simulation = Simulation(lambda now: cost, delayed=1.5, fps=FPS, overload_lag=LAG)
    simulation.run(SETTLED)
    frames = simulation.run(END)
    assert len(frames) >= 0.5 * (END - SETTLED)
    assert max(frame.packets for frame in frames) > 1


def test_when_the_load_falls_every_window_is_a_frame_again():
    def cost(now):
        return Cost(step=0.08 if now < 10.0 else 0.005, packet=0.0003)

    simulation = Simulation(cost, fps=FPS, overload_lag=LAG)
    simulation.run(13.0)
    frames = simulation.run(20.0)
    assert {frame.windows for frame in frames} == {1}
    assert len(frames) >= 7 * FPS - 2


def test_a_larger_overload_lag_drops_nothing_and_makes_every_frame():
    simulation = Simulation(
        lambda now: Cost(step=0.06 if now < 2.0 else 0.005), fps=FPS, overload_lag=60.0,
        queue_time_limit=3600.0,
    )  # fmt: skip
    frames = simulation.run(20.0)
    assert {frame.windows for frame in frames} == {1}
    assert simulation.counts.dropped_packets == 0


HALF_FAST_ENOUGH = Cost(step=0.04, packet=0.0001)  # of 66 ms: one step fits, two do not


def test_long_windows_are_processed_in_one_step_before_any_are_merged():
    simulation = Simulation(lambda now: HALF_FAST_ENOUGH, parts=2, fps=15.0, overload_lag=LAG)
    simulation.run(SETTLED)
    frames = simulation.run(END)
    assert {(frame.windows, frame.steps) for frame in frames} == {(1, 1)}
    assert len(frames) >= (END - SETTLED) * 15 - 1


def test_the_rest_of_a_window_is_processed_in_one_step_once_its_parts_would_be_late():
    simulation = Simulation(lambda now: Cost(step=0.06), parts=6, fps=10.0, overload_lag=LAG)
    first, second, *_ = simulation.run(1.0)
    # Two in advance, and two after the window, which then is 157 ms old: the rest is one step.
    assert first.steps == 5
    assert second.steps == 1


def test_windows_are_not_merged_where_one_step_instead_of_parts_is_fast_enough():
    cost = Cost(step=0.045, packet=0.0001)
    simulation = Simulation(lambda now: cost, parts=2, fps=15.0, overload_lag=LAG)
    assert {frame.windows for frame in simulation.run(END)} == {1}


def test_long_windows_are_processed_in_parts_again_when_the_load_falls():
    def cost(now):
        return HALF_FAST_ENOUGH if now < 5.0 else Cost(step=0.01, packet=0.0001)

    simulation = Simulation(cost, parts=2, fps=15.0, overload_lag=LAG)
    assert 1 in {frame.steps for frame in simulation.run(5.0)}
    simulation.run(8.0)
    assert {frame.steps for frame in simulation.run(10.0)} == {2}


def test_long_windows_are_processed_in_parts_where_there_is_time():
    cost = Cost(step=0.015, packet=0.0001)
    simulation = Simulation(lambda now: cost, parts=2, fps=15.0, overload_lag=LAG)
    assert {frame.steps for frame in simulation.run(END)} == {2}


def test_a_frame_waits_for_one_step_where_the_others_were_made_before_its_last_event():
    cost = Cost(step=0.012, packet=0.00005)
    for parts, steps_after in ((1, 1), (2, 1), (3, 1)):
        simulation = Simulation(lambda now: cost, parts=parts, fps=25.0, overload_lag=LAG)
        simulation.run(SETTLED)
        frames = simulation.run(END)
        assert len(frames) == pytest.approx(25 * (END - SETTLED), abs=1)
        assert {frame.steps for frame in frames} == {parts}
        latency = max(frame.latency for frame in frames)
        assert latency <= steps_after * cost.step + 3 * PACKET_S


def test_steps_in_advance_leave_time_for_all_frames_where_the_model_is_just_fast_enough():
    cost = Cost(step=0.018, packet=0.00005)  # two of them take 90 % of a window
    simulation = Simulation(lambda now: cost, parts=2, fps=25.0, overload_lag=LAG)
    simulation.run(SETTLED)
    frames = simulation.run(END)
    assert len(frames) == pytest.approx(25 * (END - SETTLED), abs=1)
    assert max(frame.latency for frame in frames) <= LAG
