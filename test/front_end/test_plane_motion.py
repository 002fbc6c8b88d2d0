# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Planes tell how the scene moves, and a mean that moves along shows it as if it stood still."""

import contextlib

import cv2
import numpy as np
import pytest

from spike_recon_ros.front_end.plane_motion import MOST_COUNTED, PlaneMotion, one_thread
from spike_recon_ros.front_end.spike_history import SpikeHistory
from spike_recon_ros.packets.spike_planes import pack_planes

MARGIN = 12
LOOKAHEAD, PLANES = 31, 64
INSTANT = PLANES - 1 - LOOKAHEAD


def motion_of(spikes, lookahead=LOOKAHEAD):
    height, width = spikes.shape[1:]
    history = SpikeHistory(width, height, lookahead)
    history.push(pack_planes(spikes))
    return PlaneMotion(history)


def inner(array):
    return array[MARGIN:-MARGIN, MARGIN:-MARGIN]


@pytest.mark.parametrize('velocity', [(0.25, 0.1), (-0.1, 0.3), (0.0, -0.05)])
def test_the_velocity_is_that_of_the_scene(moving_spikes, velocity):
    spikes, _ = moving_spikes(velocity, PLANES, INSTANT)
    found = motion_of(spikes).velocity()
    assert found.shape == (*spikes.shape[1:], 2)
    np.testing.assert_allclose(np.median(inner(found), (0, 1)), velocity, atol=0.01)
    assert np.abs(inner(found) - velocity).max() < 0.15


@pytest.mark.parametrize('lookahead', [0, 5, 15])
def test_fewer_planes_ahead_still_tell_it(moving_spikes, lookahead):
    seen = moving_spikes((0.2, -0.1), PLANES, INSTANT)[0][: INSTANT + 1 + lookahead]
    found = motion_of(seen, lookahead).velocity()
    np.testing.assert_allclose(np.median(inner(found), (0, 1)), (0.2, -0.1), atol=0.03)


def test_a_mean_that_is_moved_along_shows_the_instant(moving_spikes):
    spikes, rates = moving_spikes((0.3, 0.2), PLANES, INSTANT)
    motion = motion_of(spikes)
    velocity = motion.velocity()
    starts = range(0, 63, MOST_COUNTED)
    still, moved = (
        np.mean([motion.count(start, MOST_COUNTED, how) for start in starts], 0)
        for how in (None, velocity)
    )
    off = [np.sqrt(np.mean((inner(mean) - inner(rates[INSTANT])) ** 2)) for mean in (still, moved)]
    assert off[1] < 0.4 * off[0]


def test_where_nothing_moves_a_mean_is_that_of_the_planes(moving_spikes):
    spikes, _ = moving_spikes((0.0, 0.0), PLANES, INSTANT)
    motion = motion_of(spikes)
    plain = motion.count(10, 3, None)
    np.testing.assert_allclose(plain, spikes[PLANES - 13 : PLANES - 10].mean(0), rtol=1e-6)
    nowhere = np.zeros((*plain.shape, 2), np.float32)
    np.testing.assert_allclose(motion.count(10, 3, nowhere), plain, atol=1e-6)


def test_darkness_does_not_move():
    velocity = motion_of(np.zeros((PLANES, 72, 96), np.uint8)).velocity()
    np.testing.assert_array_equal(velocity, 0)


@pytest.mark.parametrize(
    ('planes', 'height', 'width'), [(15, 72, 96), (PLANES, 15, 96), (PLANES, 72, 8)]
)
def test_of_too_little_no_motion_is_told(planes, height, width):
    seen = np.ones((planes, height, width), np.uint8)
    assert motion_of(seen).velocity() is None


def test_the_threads_of_opencv_are_as_many_as_before():
    before = cv2.getNumThreads()
    with contextlib.suppress(ZeroDivisionError), one_thread():
        assert cv2.getNumThreads() == 1
        _ = 1 / 0
    assert cv2.getNumThreads() == before
