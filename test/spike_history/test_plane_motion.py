# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Paths of the scene points, estimated from spike planes."""

import contextlib

import cv2
import numpy as np
import pytest

from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.motion_compensated_rates import MotionCompensatedRates
from spike_recon_ros.spike_history.plane_motion import one_thread

MARGIN = 12
LOOKAHEAD, PLANES = 30, 64
INSTANT = PLANES - 1 - LOOKAHEAD


def path_of(spikes, lookahead=LOOKAHEAD):
    height, width = spikes.shape[1:]
    history = SpikeHistory(width, height, lookahead)
    history.push(pack_planes(spikes))
    return MotionCompensatedRates(history).write(np.empty((height, width), np.float32))


def inner(array):
    return array[..., MARGIN:-MARGIN, MARGIN:-MARGIN]


def shift_of(spikes, planes, lookahead=LOOKAHEAD):
    return np.median(inner(path_of(spikes, lookahead).at(planes)), (1, 2))


@pytest.mark.parametrize('velocity', [(0.25, 0.1), (-0.1, 0.3), (0.0, -0.05)])
def test_constant_velocity_gives_a_straight_path(moving_spikes, velocity):
    spikes, _ = moving_spikes(velocity, PLANES, INSTANT)
    path = path_of(spikes)
    assert path.at(0).shape == (2, *spikes.shape[1:])
    for planes in (-30, -15, 8, 25):
        found = inner(path.at(planes)) / planes
        np.testing.assert_allclose(np.median(found, (1, 2)), velocity, atol=0.012)
        assert np.abs(found.transpose(1, 2, 0) - velocity).max() < 0.15


def test_the_shift_at_the_instant_is_zero(moving_spikes):
    spikes, _ = moving_spikes((0.3, 0.2), PLANES, INSTANT)
    for lookahead in (LOOKAHEAD, 0):
        seen = spikes[: INSTANT + 1 + lookahead]
        assert np.abs(inner(path_of(seen, lookahead).at(0))).max() < 0.15


def test_a_reversal_at_the_instant_is_followed(moving_spikes):
    spikes, _ = moving_spikes((0.4, -0.1), PLANES, INSTANT)
    # The planes after the instant show those before it in reverse order.
    spikes[INSTANT + 1 :] = spikes[INSTANT - LOOKAHEAD : INSTANT][::-1]
    for planes in (-20, 20):
        np.testing.assert_allclose(shift_of(spikes, planes), (-8, 2), atol=0.8)


def test_a_scene_that_starts_to_move_has_a_corner_in_its_path(moving_spikes):
    spikes, _ = moving_spikes((0.4, 0.2), PLANES, INSTANT)
    still, _ = moving_spikes((0.0, 0.0), PLANES, INSTANT)
    spikes[: INSTANT + 1] = still[: INSTANT + 1]
    np.testing.assert_allclose(shift_of(spikes, -23), (0, 0), atol=0.25)
    np.testing.assert_allclose(shift_of(spikes, 23), (9.2, 4.6), atol=0.6)


@pytest.mark.parametrize('lookahead', [0, 5, 15])
def test_the_path_is_right_with_a_shorter_lookahead(moving_spikes, lookahead):
    seen = moving_spikes((0.2, -0.1), PLANES, INSTANT)[0][: INSTANT + 1 + lookahead]
    np.testing.assert_allclose(shift_of(seen, -10, lookahead), (-2, 1), atol=0.3)


def test_the_path_does_not_depend_on_earlier_calls():
    # Noise over a texture without an end: the search finds large flows that a next call must not
    # start from.
    rng = np.random.default_rng(0)
    light = cv2.GaussianBlur(rng.random((80, 96), np.float32), (0, 0), 1.5)
    light = cv2.normalize(light, None, 0.02, 0.5, cv2.NORM_MINMAX)
    spikes = (rng.random((5 * PLANES, *light.shape)) < light).astype(np.uint8)
    history = SpikeHistory(light.shape[1], light.shape[0], LOOKAHEAD)
    rates = MotionCompensatedRates(history)
    for part in np.split(spikes, 10):
        history.push(pack_planes(part))
        path = rates.write(np.empty(light.shape, np.float32))
    np.testing.assert_array_equal(path.shift, path_of(spikes).shift)


def test_a_dark_scene_does_not_move():
    path = path_of(np.zeros((PLANES, 72, 96), np.uint8))
    np.testing.assert_array_equal(path.shift, 0)


@pytest.mark.parametrize(
    ('planes', 'height', 'width'), [(15, 72, 96), (PLANES, 31, 96), (PLANES, 72, 31)]
)
def test_too_few_planes_or_pixels_give_no_path(planes, height, width):
    assert path_of(np.ones((planes, height, width), np.uint8)) is None


@pytest.mark.parametrize(('height', 'width'), [(32, 32), (33, 47)])
def test_small_and_odd_sizes_have_a_path(height, width):
    path = path_of(np.ones((PLANES, height, width), np.uint8))
    np.testing.assert_allclose(path.at(-20), np.zeros((2, height, width)), atol=1e-3)


def test_the_number_of_opencv_threads_is_restored():
    before = cv2.getNumThreads()
    with contextlib.suppress(ZeroDivisionError), one_thread():
        assert cv2.getNumThreads() == 1
        _ = 1 / 0
    assert cv2.getNumThreads() == before
