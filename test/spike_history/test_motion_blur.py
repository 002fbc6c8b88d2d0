# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Motion blur in means of warped rates."""

import numpy as np
import pytest

from spike_recon_ros.spike_history.motion_blur import INTERVAL_SHARE, write_motion_blur
from spike_recon_ros.spike_history.scene_path import ScenePath

NODES = np.array([-20, -10, 0, 10, 20], np.float32)
BRIGHT = 1e6
"""A rate whose intervals have no length."""


def blur_of(velocities, rate, times=(0.0,), lengths=(12.0,), weights=(1.0,)):
    """Return the blur of one pixel; velocities of the four segments, pixels per plane."""
    shift = np.zeros((5, 2, 1, 1), np.float32)
    shift[1:, :, 0, 0] = 10 * np.cumsum(velocities, 0)
    out = np.full((1, 1), np.nan, np.float32)
    lists = (np.array(one) for one in (times, lengths, weights))
    write_motion_blur(ScenePath(NODES, shift), *lists, np.full((1, 1), rate, np.float32), out)
    return float(out[0, 0])


def test_the_blur_of_a_span_is_that_of_a_box():
    travelled = np.linspace(0, 12 * 0.5, 1001)
    assert blur_of([(0.3, 0.4)] * 4, BRIGHT) == pytest.approx(travelled.std(), rel=2e-3)


def test_without_motion_there_is_no_blur():
    assert blur_of([(0, 0)] * 4, 0.02) == 0


def test_a_dark_pixel_is_blurred_over_its_interval_too():
    expected = 0.5 * np.sqrt((12**2 + INTERVAL_SHARE * 20**2) / 12)
    assert blur_of([(0.5, 0)] * 4, 1 / 20) == pytest.approx(expected, rel=1e-5)


def test_a_pixel_without_spikes_has_a_finite_blur():
    assert blur_of([(0.5, 0)] * 4, 0) == blur_of([(0.5, 0)] * 4, 0.001) < 20


def test_each_span_is_blurred_by_the_motion_at_its_time():
    stopped = [(1, 0), (1, 0), (0, 0), (0, 0)]
    spans = {'times': (-5.0, 5.0), 'lengths': (6.0, 6.0)}
    whole = blur_of([(1, 0)] * 4, BRIGHT, weights=(1, 1), **spans)
    assert blur_of(stopped, BRIGHT, weights=(1, 0), **spans) == pytest.approx(whole)
    assert blur_of(stopped, BRIGHT, weights=(0, 1), **spans) == 0
    half = blur_of(stopped, BRIGHT, weights=(1, 1), **spans)
    assert half == pytest.approx(whole / np.sqrt(2))
