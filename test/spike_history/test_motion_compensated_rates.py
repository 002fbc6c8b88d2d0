# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Motion-compensated rates from all planes around an instant."""

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.motion_compensated_rates import (
    GROUPS,
    MIDDLE_REACH,
    REACH,
    MotionCompensatedRates,
)

PLANES = 120
INSTANT = PLANES - 1 - REACH
UNKNOWN = 0.125


def seen(spikes, lookahead=REACH):
    """Return the mean, the groups and the path after some planes."""
    size = spikes.shape[1:]
    history = SpikeHistory(*size[::-1], lookahead)
    history.push(pack_planes(spikes))
    mean = np.full(size, UNKNOWN, np.float32)
    groups = np.full((GROUPS, *size), np.nan, np.float32)
    path = MotionCompensatedRates(history).write(mean, groups)
    return mean, groups, path


def inner(array):
    return array[..., 14:-14, 14:-14]


def off(image, light):
    return np.sqrt(np.mean((inner(image) - inner(light)) ** 2))


@pytest.mark.parametrize('velocity', [(0.0, 0.0), (0.3, 0.2), (-0.1, 0.45)])
def test_the_mean_equals_the_light_at_the_instant(moving_spikes, velocity):
    spikes, light = moving_spikes(velocity, PLANES, INSTANT)
    mean, _, _ = seen(spikes)
    assert off(mean, light[INSTANT]) < 0.02
    assert off(mean, light[INSTANT]) < 0.8 * off(mean, light[INSTANT - 5]) or not any(velocity)


def test_every_group_equals_the_light_at_the_instant(moving_spikes):
    spikes, light = moving_spikes((0.3, 0.2), PLANES, INSTANT)
    _, groups, path = seen(spikes)
    np.testing.assert_allclose(np.median(inner(path.at(10)), (1, 2)), (3, 2), atol=0.1)
    unmoved = spikes[PLANES - 10 :].mean(0)
    assert max(off(group, light[INSTANT]) for group in groups) < 0.06
    assert off(unmoved, light[INSTANT]) > 0.1


def test_the_oldest_group_comes_first(moving_spikes):
    spikes, _ = moving_spikes((0.0, 0.0), PLANES, INSTANT)
    spikes[: INSTANT + 1] = 0
    _, groups, _ = seen(spikes)
    assert groups[0].mean() < 0.3 * groups[-1].mean()


def test_planes_that_are_not_available_are_not_used(moving_spikes):
    spikes, _ = moving_spikes((0.2, 0.0), PLANES, INSTANT)
    mean, groups, _ = seen(spikes[:47])  # the instant is plane 16
    assert (groups[0] == UNKNOWN).all()  # planes -13 to -4
    assert not (groups[1] == UNKNOWN).all()  # from -3 on
    assert not (mean == UNKNOWN).all()


def test_without_an_available_span_the_mean_is_unchanged():
    mean, groups, path = seen(np.ones((1, 20, 20), np.uint8))
    assert path is None
    np.testing.assert_array_equal(mean, UNKNOWN)
    np.testing.assert_array_equal(groups, UNKNOWN)


def middle_of(spikes, lookahead=REACH):
    """Return the mean, the mean over the middle spans, and what made them."""
    size = spikes.shape[1:]
    history = SpikeHistory(*size[::-1], lookahead)
    history.push(pack_planes(spikes))
    mean, middle = np.full((2, *size), UNKNOWN, np.float32)
    rates = MotionCompensatedRates(history)
    rates.write(mean, middle=middle)
    return mean, middle, rates


def test_the_middle_mean_uses_no_far_planes():
    spikes = np.zeros((PLANES, 8, 8), np.uint8)
    spikes[INSTANT - MIDDLE_REACH : INSTANT + MIDDLE_REACH + 1] = 1
    mean, middle, _ = middle_of(spikes)
    np.testing.assert_allclose(middle, 1)
    assert mean.max() < 0.9


def test_without_middle_planes_their_mean_is_that_of_all():
    mean, middle, rates = middle_of(np.ones((10, 8, 8), np.uint8))  # before the instant
    np.testing.assert_array_equal(middle, mean)
    assert (mean != UNKNOWN).all()
    assert rates.middle_noise() == (1, 0)


def test_the_noise_of_the_middle_mean_is_known():
    chance = np.random.default_rng(3).random((PLANES, 31, 400))  # too low for motion
    mean, middle, rates = middle_of((chance < 0.5).astype(np.uint8))
    part, between = rates.middle_noise()
    assert middle.var() / mean.var() == pytest.approx(part, rel=0.1)
    assert (middle - mean).var() / mean.var() == pytest.approx(between, rel=0.1)


def test_a_scene_at_rest_has_no_motion_blur(moving_spikes):
    for velocity, most in (((0.0, 0.0), 0.05), ((0.4, 0.3), 2.0)):
        mean, _, rates = middle_of(moving_spikes(velocity, PLANES, INSTANT)[0])
        blur = np.full_like(mean, np.nan)
        rates.write_blur(mean, blur)
        assert most / 4 < np.median(inner(blur)) < most or not any(velocity)
        assert np.median(inner(blur)) < most


@pytest.mark.parametrize('lookahead', range(0, 34, 3))
def test_any_lookahead_within_the_limit_is_accepted(moving_spikes, lookahead):
    spikes, light = moving_spikes((0.2, -0.1), PLANES, INSTANT)
    mean, _, _ = seen(spikes[: INSTANT + 1 + lookahead], lookahead)
    assert off(mean, light[INSTANT]) < (0.03 if lookahead > 6 else 0.09)


def test_a_lookahead_beyond_the_limit_is_refused():
    with pytest.raises(UserError, match=r'lookahead_planes is 34.* at most 33'):
        MotionCompensatedRates(SpikeHistory(20, 20, 34))
