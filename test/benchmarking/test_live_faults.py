# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a node uses over time is summarised by minute, and its slope shows growth."""

import pytest

from spike_recon_ros.benchmarking.live_faults import use_over_time


def sampled(memory_mb, minutes):
    return [
        {
            'at': 1000 + 30.0 * n,
            'memory_mb': memory_mb(n / 2),
            'own_memory_mb': 100.0,
            'threads': 5,
            'descriptors': 7,
        }
        for n in range(2 * minutes + 1)
    ]


def test_growth_during_the_warm_up_does_not_count():
    found = use_over_time(sampled(lambda minute: 400 + 5 * min(minute, 8), 30))
    assert found['memory_mb_by_minute'][0] == 401.2  # median of the samples at 0 s and 30 s
    assert found['memory_mb_by_minute'][30] == 440.0
    assert (found['threads'], found['descriptors']) == ([5], [7])
    late = found['memory_mb_after_warm_up']
    assert (late['smallest'], late['largest'], late['minutes']) == (440.0, 440.0, 20.0)
    assert late['slope_mb_per_hour'] == pytest.approx(0.0, abs=1e-6)
    assert found['own_memory_mb_after_warm_up']['median_of_second_half'] == 100.0


def test_steady_growth_shows_as_a_slope():
    found = use_over_time(sampled(lambda minute: 400 + minute / 10, 40))
    late = found['memory_mb_after_warm_up']
    assert (late['slope_mb_per_hour'], late['largest']) == (6.0, 404.0)
    assert late['median_of_first_half'] < late['median_of_second_half']


def test_a_node_that_lived_only_in_the_warm_up_has_no_slope():
    assert 'memory_mb_after_warm_up' not in use_over_time(sampled(lambda minute: 400, 5))
