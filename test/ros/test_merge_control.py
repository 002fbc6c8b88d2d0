# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How many windows are merged, on a simulated clock."""

import pytest

from spike_recon_ros.nodes.overload import MergeControl, Progress
from spike_recon_ros.settings import Settings

FPS, SAMPLES = 50.0, 1000


def _simulate(seconds_a_step, seconds_a_window, duration, lag_limit=1.0):
    """Return (time, merge, lag) of each step of a model with these costs.

    Windows arrive at FPS. What is older than `lag_limit` is dropped.
    """
    control = MergeControl(Settings(fps=FPS, overload_lag=0.1))
    now = busy = 0.0
    steps = windows = held = 0
    log = []
    index = 0
    while index < duration * FPS:
        arrived = index / FPS
        now = max(now, arrived)
        if now - arrived > lag_limit:
            index += round(lag_limit / 2 * FPS)
            continue
        merge = control.merge_for(
            now - arrived, Progress(busy, arrived, steps, windows, windows * SAMPLES)
        )
        held += 1
        windows += 1
        cost = seconds_a_window
        if held >= merge:
            cost += seconds_a_step
            log.append((arrived, held, now + cost - arrived))
            held = 0
            steps += 1
        busy += cost
        now += cost
        index += 1
    return log


@pytest.mark.parametrize(
    ('seconds_a_step', 'least', 'most'),
    [(0.005, 1, 1), (0.015, 1, 1), (0.03, 2, 3), (0.06, 3, 6), (0.2, 10, 25), (0.4, 20, 25)],
)
def test_windows_are_merged_as_far_as_the_model_needs(seconds_a_step, least, most):
    log = [entry for entry in _simulate(seconds_a_step, 0.0005, 20.0) if entry[0] > 10.0]
    mean = sum(merge for _, merge, _ in log) / len(log)
    assert least <= mean <= most
    assert max(lag for _, _, lag in log) < max(0.4, 3 * seconds_a_step)


def test_the_frame_rate_falls_smoothly_with_the_cost_of_a_step():
    rates = [len(_simulate(cost, 0.0005, 20.0)) / 20 for cost in (0.01, 0.03, 0.06, 0.1, 0.2)]
    assert rates == sorted(rates, reverse=True)
    for cost, rate in zip((0.01, 0.03, 0.06, 0.1, 0.2), rates, strict=True):
        assert rate > 0.6 * min(FPS, 1 / cost)


def test_merging_is_given_up_where_every_window_costs_the_same():
    log = _simulate(0.0005, 0.03, 40.0)
    late = [merge for arrived, merge, _ in log if arrived > 10.0]
    assert sum(late) / len(late) < 4
    # Two thirds of the windows can be processed at all.
    assert sum(late) > 0.5 * 30 * FPS
