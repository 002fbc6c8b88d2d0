# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Under a lamp, the events of each pixel show how its thresholds differ."""

import numpy as np
import pytest

from spike_recon_ros.backends.threshold_balance import ThresholdBalance
from spike_recon_ros.packets.events import Events, Triggers

WIDTH, HEIGHT = 40, 30
PERIOD_NS = 10_000_000


def period(off, on, number=0):
    """Return the events of a period: `off` and `on` are counts of each pixel."""
    parts = []
    for polarity, counts in enumerate((off, on)):
        y, x = np.nonzero(np.ones((HEIGHT, WIDTH)))
        repeats = np.broadcast_to(counts, (HEIGHT, WIDTH)).ravel()
        parts.append((np.repeat(x, repeats), np.repeat(y, repeats), polarity))
    x, y = (np.concatenate([part[axis] for part in parts]) for axis in (0, 1))
    p = np.concatenate([np.full(len(part[0]), part[2], np.uint8) for part in parts])
    times = np.arange(len(x), dtype=np.int64) + number * PERIOD_NS
    return Events(x.astype(np.uint16), y.astype(np.uint16), p, times, Triggers.empty())


def weights_after(*periods):
    balance = ThresholdBalance(WIDTH, HEIGHT)
    for events in periods:
        balance.add(events, 0, PERIOD_NS, 1)
    return balance.on_weights


def test_weighted_events_cancel_where_one_polarity_is_more_frequent():
    off, on = np.full((HEIGHT, WIDTH), 3), np.full((HEIGHT, WIDTH), 3)
    on[4, 5], off[20, 30] = 4, 4
    weights = weights_after(*[period(off, on)] * 100)
    assert np.abs(on * weights - off * (2 - weights)).max() < 0.05  # unweighted, 1


def test_a_sensor_whose_on_threshold_is_lower_is_balanced_after_one_period():
    weights = weights_after(period(2, 3))
    assert 3 * weights == pytest.approx(2 * (2 - weights), abs=1e-5)


@pytest.mark.parametrize(('off', 'on'), [(2, 8), (9, 4)])
def test_a_sensor_with_very_unequal_thresholds_is_balanced(off, on):
    weights = weights_after(*[period(off, on)] * 3)
    assert on * weights == pytest.approx(off * (2 - weights), abs=1e-4)


def test_an_edge_that_passes_within_a_period_hardly_changes_the_weights():
    on = np.full((HEIGHT, WIDTH), 2)
    edge = on.copy()
    edge[4, 5] = 13
    weights = weights_after(*[period(on, on)] * 10, period(on, edge), *[period(on, on)] * 10)
    assert abs(weights[4, 5] - 1) < 0.02  # without a bound, 0.1


def test_the_periods_of_one_call_are_bounded_one_by_one():
    off, on = np.full((HEIGHT, WIDTH), 2), np.full((HEIGHT, WIDTH), 2)
    on[4, 5] = 4
    apart = weights_after(*[period(off, on)] * 3)
    balance = ThresholdBalance(WIDTH, HEIGHT)
    balance.add(Events.concatenate([period(off, on, k) for k in range(3)]), 0, PERIOD_NS, 3)
    assert balance.on_weights == pytest.approx(apart, abs=1e-4)


def test_without_events_all_weights_are_one():
    assert (ThresholdBalance(WIDTH, HEIGHT).on_weights == 1).all()


def test_a_pixel_without_events_has_the_mean_of_the_others():
    shines = np.ones((HEIGHT, WIDTH), int)
    shines[0, 1] = 0
    weights = weights_after(*[period(2 * shines, 3 * shines)] * 20)
    assert weights[0, 1] == pytest.approx(0.8, abs=1e-5)


def test_the_contrast_of_a_large_thing_is_no_difference_of_thresholds():
    bright = np.full((HEIGHT, WIDTH), 3)
    bright[:, 20:] = 5
    dark = np.full((HEIGHT, WIDTH), 3)
    dark[:, :20] = 5
    weights = weights_after(*[period(dark, bright)] * 20)
    inside = np.r_[:12, 28:40]  # pixels whose neighbourhood has no edge
    assert weights[:, inside] == pytest.approx(1, abs=1e-5)
