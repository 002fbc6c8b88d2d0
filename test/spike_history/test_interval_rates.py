# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Rates from the intervals around an instant."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.interval_rates import RATES, interval_rates

HEIGHT, WIDTH, LOOKAHEAD = 2, 9, 30


def rates_of(spikes):
    history = SpikeHistory(WIDTH, HEIGHT, LOOKAHEAD)
    history.push(pack_planes(spikes))
    out = np.full((len(RATES), HEIGHT, WIDTH), np.nan, np.float32)
    interval_rates(history, out)
    return out, history.instant


@pytest.mark.parametrize('period', [1, 2, 5, 9])
def test_a_pixel_that_fires_regularly_has_the_same_rate_from_every_interval(period):
    spikes = np.zeros((100, HEIGHT, WIDTH), np.uint8)
    spikes[::period] = 1
    rates, _ = rates_of(spikes)
    np.testing.assert_allclose(rates, 1 / period, rtol=1e-6)


def test_a_pixel_that_has_never_fired_is_black():
    rates, _ = rates_of(np.zeros((100, HEIGHT, WIDTH), np.uint8))
    assert rates.max() < 1e-8
    assert rates.min() >= 0


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 120), st.sampled_from([0.05, 0.4]), st.integers(0, 99))
def test_rates_are_finite_and_equal_a_plain_search(count, rate, seed):
    spikes = np.random.default_rng(seed).random((count, HEIGHT, WIDTH)) < rate
    rates, instant = rates_of(spikes)
    assert np.isfinite(rates).all()
    assert ((rates >= 0) & (rates <= 1)).all()
    for y, x in np.ndindex(HEIGHT, WIDTH):
        numbers = np.flatnonzero(spikes[:, y, x])
        before, after = numbers[numbers <= instant][::-1], numbers[numbers > instant]
        if len(before) < 4 or len(after) < 2:
            continue
        expected = [
            1 / (after[1] - before[0]) + 1 / (after[0] - before[1]),
            1 / (after[0] - before[0]),
            3 / (after[1] - before[1]),
            1 / (before[0] - before[1]),
            3 / (before[0] - before[3]),
            1 / (after[1] - after[0]),
        ]
        np.testing.assert_allclose(rates[:, y, x], expected, rtol=1e-6)


def test_an_interval_that_has_not_ended_is_not_used():
    spikes = np.zeros((100, HEIGHT, WIDTH), np.uint8)
    spikes[[20, 40, 60]] = 1  # the instant is plane 69, and nothing follows
    rates, instant = rates_of(spikes)
    assert instant == 69
    np.testing.assert_allclose(rates[[0, 1, 2, 5]], 1 / (100 - 60), rtol=1e-6)
    np.testing.assert_allclose(rates[3], 1 / 20, rtol=1e-6)


def test_an_interval_that_has_not_begun_is_not_used():
    spikes = np.zeros((60, HEIGHT, WIDTH), np.uint8)
    spikes[[25, 45, 55]] = 1  # the instant is plane 29: one spike before it, two after
    rates, instant = rates_of(spikes)
    assert instant == 29
    np.testing.assert_allclose(rates[0], 2 / (55 - 25), rtol=1e-6)
    np.testing.assert_allclose(rates[1], 1 / (45 - 25), rtol=1e-6)
    np.testing.assert_allclose(rates[[2, 3, 4]], np.broadcast_to(rates[0], rates[:3].shape))
    np.testing.assert_allclose(rates[5], 1 / (55 - 45), rtol=1e-6)


@pytest.mark.parametrize(
    ('planes', 'rate'),
    [
        ([40, 50], 1 / 10),  # both after the instant
        ([20, 50], 1 / 30),  # one on each side
        ([20], 1 / 40),  # and nothing since
        ([10, 20], 1 / 40),
        ([50], 1 / 60),  # one of 60 planes
    ],
)
def test_a_stream_that_has_just_begun_gives_rates_from_few_planes(planes, rate):
    spikes = np.zeros((60, HEIGHT, WIDTH), np.uint8)
    spikes[planes] = 1
    np.testing.assert_allclose(rates_of(spikes)[0][0], rate, rtol=1e-6)
