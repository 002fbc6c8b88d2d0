# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Optical flow of spike planes, and warping of images along it."""

import contextlib

import cv2
import numpy as np
import pytest

from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.plane_motion import PlaneMotion, one_thread

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
def test_the_velocity_equals_that_of_the_scene(moving_spikes, velocity):
    spikes, _ = moving_spikes(velocity, PLANES, INSTANT)
    found = motion_of(spikes).velocity()
    assert found.shape == (*spikes.shape[1:], 2)
    np.testing.assert_allclose(np.median(inner(found), (0, 1)), velocity, atol=0.01)
    assert np.abs(inner(found) - velocity).max() < 0.15


@pytest.mark.parametrize('lookahead', [0, 5, 15])
def test_the_velocity_is_right_with_a_shorter_lookahead(moving_spikes, lookahead):
    seen = moving_spikes((0.2, -0.1), PLANES, INSTANT)[0][: INSTANT + 1 + lookahead]
    found = motion_of(seen, lookahead).velocity()
    np.testing.assert_allclose(np.median(inner(found), (0, 1)), (0.2, -0.1), atol=0.03)


def test_a_warped_image_shows_the_scene_at_the_instant(moving_spikes):
    spikes, rates = moving_spikes((0.3, 0.2), PLANES, INSTANT)
    motion = motion_of(spikes)
    velocity = motion.velocity()
    for planes in (-20, 12):
        moved = rates[INSTANT + planes].copy()
        before = np.abs(inner(moved) - inner(rates[INSTANT])).mean()
        motion.move(moved, velocity, planes)
        assert np.abs(inner(moved) - inner(rates[INSTANT])).mean() < 0.1 * before


def test_without_motion_an_image_is_unchanged(moving_spikes):
    spikes, rates = moving_spikes((0.0, 0.0), PLANES, INSTANT)
    moved = rates[0].copy()
    motion_of(spikes).move(moved, np.zeros((*moved.shape, 2), np.float32), 17.0)
    np.testing.assert_array_equal(moved, rates[0])


def test_a_dark_scene_has_no_velocity():
    velocity = motion_of(np.zeros((PLANES, 72, 96), np.uint8)).velocity()
    np.testing.assert_array_equal(velocity, 0)


@pytest.mark.parametrize(
    ('planes', 'height', 'width'), [(15, 72, 96), (PLANES, 15, 96), (PLANES, 72, 8)]
)
def test_too_few_planes_or_pixels_give_no_velocity(planes, height, width):
    seen = np.ones((planes, height, width), np.uint8)
    assert motion_of(seen).velocity() is None


def test_the_number_of_opencv_threads_is_restored():
    before = cv2.getNumThreads()
    with contextlib.suppress(ZeroDivisionError), one_thread():
        assert cv2.getNumThreads() == 1
        _ = 1 / 0
    assert cv2.getNumThreads() == before
