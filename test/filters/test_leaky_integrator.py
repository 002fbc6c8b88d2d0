# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.filters.leaky_integrator import LeakyIntegrator

MS = 1_000_000


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from((0.002, 0.1, 3.0)))
def test_equals_the_sum_of_decayed_polarities(streams, window_of, data, leak_time_s):
    width, height, events = data.draw(streams)
    t_end_ns = int(events.t_ns[-1]) + 5 * MS if len(events) else 0
    expected = np.zeros((height, width))
    for x, y, p, t_ns in zip(events.x, events.y, events.p, events.t_ns, strict=True):
        expected[y, x] += (2.0 * p - 1.0) * np.exp(-(t_end_ns - t_ns) / (leak_time_s * 1e9))
    image = LeakyIntegrator(width, height, leak_time_s).step(window_of(events, t_end_ns))
    np.testing.assert_allclose(image, expected, atol=2e-5 * max(1, len(events)))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_cutting_the_stream_anywhere_changes_no_bit(streams, window_of, data):
    width, height, events = data.draw(streams)
    t_end_ns = int(events.t_ns[-1]) + 1 if len(events) else 0
    cut = data.draw(st.integers(0, len(events)))
    whole, parts = (LeakyIntegrator(width, height, 0.004) for _ in range(2))
    parts.step(window_of(events[:cut], t_end_ns))
    np.testing.assert_array_equal(
        parts.step(window_of(events[cut:], t_end_ns)), whole.step(window_of(events, t_end_ns))
    )


def test_an_event_fades_to_one_over_e_in_a_leak_time(events_of, window_of):
    model = LeakyIntegrator(3, 2, 0.1)
    at_once = model.step(window_of(events_of([(2, 1, 0, 50 * MS)]), 50 * MS))
    later = model.step(window_of(events_of([]), 150 * MS))
    assert at_once[1, 2] == -1.0
    assert later[1, 2] == pytest.approx(-np.exp(-1), rel=1e-6)
    assert np.count_nonzero(later) == 1


def test_hours_of_events_neither_overflow_nor_fade(events_of, window_of):
    model = LeakyIntegrator(1, 1, 0.1)
    hour_ns = 3600 * 1000 * MS
    for hour in range(3):
        image = model.step(window_of(events_of([(0, 0, 1, hour * hour_ns)]), hour * hour_ns))
        assert image[0, 0] == 1.0


def test_a_long_silence_ends_in_exact_zeros(events_of, window_of):
    model = LeakyIntegrator(2, 2, 0.01)
    model.step(window_of(events_of([(0, 0, 1, 0)]), 1))
    for silence_ms in (1000, 3_600_000):  # the first would leave a denormal number, e^-100
        assert not model.step(window_of(events_of([]), silence_ms * MS)).any()


def test_a_jump_back_in_time_clears_the_sums(events_of, window_of):
    model = LeakyIntegrator(2, 1, 0.1)
    model.step(window_of(events_of([(0, 0, 1, 10**15)]), 10**15))
    image = model.step(window_of(events_of([(1, 0, 1, 0)]), 0))
    np.testing.assert_array_equal(image, [[0.0, 1.0]])


def test_without_events_the_image_is_zero(events_of, window_of):
    image = LeakyIntegrator(4, 3).step(window_of(events_of([]), 10**18))
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, np.zeros((3, 4)))


def test_state_is_alive_and_reset_brings_the_first_image_back(events_of, window_of):
    model = LeakyIntegrator(2, 2, 0.1)
    window = window_of(events_of([(0, 0, 1, 0), (1, 1, 0, 5)]), 10)
    first, second = model.step(window), model.step(window)
    model.reset()
    assert np.any(first != second)
    np.testing.assert_array_equal(model.step(window), first)


@pytest.mark.parametrize('leak_time_s', [0.0, -1.0, float('nan')])
def test_a_leak_time_that_is_not_positive_is_refused(leak_time_s):
    with pytest.raises(UserError, match='leak_time'):
        LeakyIntegrator(2, 2, leak_time_s)
