# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
from collections import Counter, deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.filters.fibar import FILL_RATIO, Fibar, coefficients

KERNEL = np.outer([1, 2, 1], [1, 2, 1]) / 16


class SlowFibar:
    """The published description, word for word, one event at a time."""

    def __init__(self, width, height, cutoff):
        self.alpha, self.beta = coefficients(cutoff)
        self.level = np.zeros((height, width))
        self.mean = np.zeros((height, width))
        self.window = deque()
        self.capacity = 2
        while self.capacity <= width * height:
            self.capacity *= 2
        self.fell_out = 0

    def event(self, x, y, p):
        polarity = 2 * int(p) - 1
        self.level[y, x] *= self.beta
        self.level[y, x] += (1 + self.beta) / 2 * (polarity - self.mean[y, x])
        self.mean[y, x] = self.alpha * self.mean[y, x] + (1 - self.alpha) * polarity
        self.window.append((x, y))
        active = Counter(self.window)
        tiles = {(x // 2, y // 2) for x, y in active}
        if len(active) >= FILL_RATIO * 4 * len(tiles):
            drops = 2
        else:
            drops = int(len(self.window) == self.capacity)
        for _ in range(drops):
            x, y = self.window.popleft()
            if (x, y) not in self.window:
                around = np.pad(self.level, 1, mode='edge')[y : y + 3, x : x + 3]
                self.level[y, x] = (KERNEL * around).sum()
                self.fell_out += 1


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from((5.0, 40.0)))
def test_equals_the_slow_description_on_random_streams(streams, window_of, data, cutoff):
    width, height, events = data.draw(streams)
    slow = SlowFibar(width, height, cutoff)
    for x, y, p in zip(events.x, events.y, events.p, strict=True):
        slow.event(int(x), int(y), p)
    image = Fibar(width, height, cutoff).step(window_of(events))
    np.testing.assert_allclose(image, slow.level, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_cutting_the_stream_anywhere_changes_no_bit(streams, window_of, data):
    width, height, events = data.draw(streams)
    cut = data.draw(st.integers(0, len(events)))
    whole, parts = Fibar(width, height), Fibar(width, height)
    parts.step(window_of(events[:cut]))
    np.testing.assert_array_equal(
        parts.step(window_of(events[cut:])), whole.step(window_of(events))
    )


def test_first_event_gives_half_of_one_plus_beta(events_of, window_of):
    _, beta = coefficients(40.0)
    image = Fibar(6, 4).step(window_of(events_of([(2, 1, 1, 0), (5, 3, 0, 1)])))
    expected = np.zeros((4, 6))
    expected[1, 2], expected[3, 5] = (1 + beta) / 2, -(1 + beta) / 2
    np.testing.assert_allclose(image, expected, rtol=1e-6)


@pytest.mark.parametrize('count', [1, 2, 7, 100])
def test_events_of_one_polarity_follow_the_closed_form(events_of, window_of, count):
    alpha, beta = coefficients(30.0)
    image = Fibar(8, 8, 30.0).step(window_of(events_of([(3, 3, 1, 0)] * count)))
    if abs(alpha - beta) < 1e-9:
        expected = (1 + beta) / 2 * count * beta ** (count - 1)
    else:
        expected = (1 + beta) / 2 * (alpha**count - beta**count) / (alpha - beta)
    assert image[3, 3] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_an_imbalance_of_the_polarities_decays(events_of, window_of):
    steady = events_of([(3, 3, int(i % 3 > 0), 0) for i in range(900)])
    image = Fibar(8, 8).step(window_of(steady))
    assert abs(image[3, 3]) < 1.5
    assert abs(image[3, 3]) < 0.01 * 300  # what an integrator shows


@pytest.mark.parametrize('cutoff', [4.5, 40.0, 1000.0])
def test_both_poles_have_half_their_power_at_the_cut_off(cutoff):
    alpha, beta = coefficients(cutoff)
    delay = np.exp(-2j * np.pi / cutoff)
    high_pass = (1 + alpha) / 2 * (1 - delay) / (1 - alpha * delay)
    low_pass = (1 - beta) / (1 - beta * delay)
    assert abs(high_pass) ** 2 == pytest.approx(0.5)
    assert abs(low_pass) ** 2 == pytest.approx(0.5)


def test_a_pixel_that_becomes_inactive_is_replaced_by_the_mean_around_it(events_of, window_of):
    # A lone event, then a full tile elsewhere: the share of active pixels passes 0.6 and the
    # oldest event leaves the window.
    rows = [(5, 5, 1, 0), (0, 0, 1, 1), (1, 0, 1, 2), (0, 1, 1, 3), (1, 1, 1, 4)]
    _, beta = coefficients(40.0)
    image = Fibar(8, 8).step(window_of(events_of(rows)))
    assert image[5, 5] == pytest.approx((1 + beta) / 2 / 4)
    assert image[5, 4] == 0.0


def test_window_keeps_the_wanted_share_of_active_tiles_active(events_of, window_of):
    random = np.random.default_rng(3)
    model = Fibar(64, 48)
    xs, ys = random.integers(0, 64, 40_000), random.integers(0, 48, 40_000)
    ps = random.integers(0, 2, 40_000)
    model.step(window_of(events_of(list(zip(xs, ys, ps, range(40_000), strict=True)))))
    _, _, active_pixels, active_tiles = model._counters
    assert active_pixels / (4 * active_tiles) == pytest.approx(0.6, abs=0.005)
    assert active_pixels == np.count_nonzero(model._pixels['slot'])
    assert active_tiles == np.count_nonzero(model._tiles)


def test_window_stays_bounded_where_the_share_is_never_reached(events_of, window_of):
    width, height = 12, 10
    rows = [
        (2 * (i % 6), 2 * (i // 6 % 5), i % 2, i) for i in range(1000)
    ]  # one pixel in each tile
    slow = SlowFibar(width, height, 40.0)
    for x, y, p, _ in rows:
        slow.event(x, y, p)
    model = Fibar(width, height)
    image = model.step(window_of(events_of(rows)))
    assert len(slow.window) < slow.capacity == model._ring.size < len(rows)
    np.testing.assert_allclose(image, slow.level, atol=1e-5)


def test_empty_window_changes_nothing(events_of, window_of):
    model = Fibar(5, 4)
    before = model.step(window_of(events_of([(1, 1, 1, 0)])))
    np.testing.assert_array_equal(model.step(window_of(events_of([]))), before)


def test_state_is_alive_and_reset_brings_the_first_image_back(events_of, window_of):
    model = Fibar(6, 6)
    window = window_of(events_of([(1, 1, 1, 0), (2, 1, 0, 1), (1, 2, 1, 2), (2, 2, 1, 3)]))
    first, second = model.step(window), model.step(window)
    model.reset()
    assert np.any(first != second)
    np.testing.assert_array_equal(model.step(window), first)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_a_reset_clears_the_past(streams, window_of, data):
    width, height, events = data.draw(streams)
    model = Fibar(width, height)
    model.step(window_of(events[::-1]))
    model.reset()
    np.testing.assert_array_equal(
        model.step(window_of(events)), Fibar(width, height).step(window_of(events))
    )


def test_images_do_not_share_memory_with_the_state(events_of, window_of):
    model = Fibar(4, 4)
    first = model.step(window_of(events_of([(1, 1, 1, 0)])))
    first.fill(9.0)
    second = model.step(window_of(events_of([])))
    assert second.dtype == np.float32
    assert second.shape == (4, 4)
    assert second.flags.c_contiguous
    assert second.max() < 2.0


@pytest.mark.parametrize('cutoff', [4.0, 3.0, 0.0, -1.0, float('nan')])
def test_a_cut_off_for_which_no_filter_exists_is_refused(cutoff):
    with pytest.raises(UserError, match='larger than 4'):
        Fibar(4, 4, cutoff)
