# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Mean rates over short spans, from the intervals that contain them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.spike_history.history import ORDERS, PLANES_KEPT, SpikeHistory
from spike_recon_ros.spike_history.mean_rates import mean_rates

HEIGHT, WIDTH = 2, 9


def found(spikes, cuts, *, lookahead=30, cut=None):
    history = SpikeHistory(WIDTH, HEIGHT, lookahead)
    for part in np.split(spikes, [] if cut is None else [cut]):
        history.push(pack_planes(part))
    out = np.full((len(cuts) - 1, HEIGHT, WIDTH), np.nan, np.float32)
    mean_rates(history, np.array(cuts), out)
    return out


def counted(numbers, plane, end, lookahead):
    """Return the number of spikes of a pixel up to a plane, with the fraction of the next one.

    A plain search, over the spikes that a SpikeHistory remembers.
    """
    instant = end - 1 - lookahead
    start, seen = end - PLANES_KEPT, min(end, PLANES_KEPT)
    before = [n for n in numbers if n <= instant][-(ORDERS + 1) :]
    known = sorted({n for n in numbers if n >= start} | set(before))
    until, later = [n for n in known if n <= plane], [n for n in known if n > plane]
    whole = sum(n >= start for n in until)
    if until and later:
        return whole + (plane - until[-1]) / (later[0] - until[-1])
    if until:
        length = until[-1] - until[-2] if len(until) > 1 else seen
        return whole + (plane - until[-1]) / max(length, end - until[-1])
    if later:
        length = later[1] - later[0] if len(later) > 1 else seen
        begun = max(start, 0)
        return 1 - (later[0] - plane) / max(length, later[0] - begun)
    return 0.0


@pytest.mark.parametrize('period', [1, 2, 5, 9, 40])
def test_a_pixel_that_fires_regularly_has_one_rate_at_all_times(period):
    spikes = np.zeros((150, HEIGHT, WIDTH), np.uint8)
    spikes[::period] = 1
    np.testing.assert_allclose(found(spikes, range(0, 61, 3)), 1 / period, rtol=1e-5)


def test_a_spike_is_spread_over_the_interval_that_it_ends():
    spikes = np.zeros((100, HEIGHT, WIDTH), np.uint8)
    spikes[[2, 60, 64, 74, 99]] = 1
    rates = found(spikes, range(25, 42, 2))[:, 0, 0]  # the newest of the planes 59 to 74 first
    np.testing.assert_allclose(rates, [1 / 10] * 5 + [1 / 4] * 2 + [1 / 58], rtol=1e-4)


def test_a_pixel_that_has_never_fired_is_black():
    assert not found(np.zeros((100, HEIGHT, WIDTH), np.uint8), range(0, 62, 2)).any()


def test_a_single_spike_in_n_planes_gives_the_rate_1_over_n():
    spikes = np.zeros((40, HEIGHT, WIDTH), np.uint8)
    spikes[[13]] = 1
    np.testing.assert_allclose(found(spikes, [0, 2, 7, 20, 39]), 1 / 40, rtol=1e-5)


@settings(deadline=None, max_examples=80)
@given(
    st.integers(1, 200),
    st.integers(0, 60),
    st.sampled_from([0.004, 0.03, 0.1, 0.4, 0.9]),
    st.sets(st.integers(0, PLANES_KEPT - 1), min_size=2),
    st.integers(0, 99),
)
def test_rates_equal_a_plain_search(count, lookahead, rate, chosen, seed):
    spikes = np.random.default_rng(seed).random((count, HEIGHT, WIDTH)) < rate
    cuts = sorted(cut for cut in chosen if cut <= count)
    if len(cuts) < 2:
        return
    rates = found(spikes, cuts, lookahead=lookahead, cut=count // 3)
    for y, x in np.ndindex(HEIGHT, WIDTH):
        numbers = np.flatnonzero(spikes[:, y, x])
        totals = [counted(numbers, count - 1 - cut, count, lookahead) for cut in cuts]
        expected = -np.diff(totals) / np.diff(cuts)
        np.testing.assert_allclose(rates[:, y, x], expected, atol=1e-5)
