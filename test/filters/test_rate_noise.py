# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Noise of mean spike rates."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.filters.rate_noise import RateNoise, shot_noise
from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.motion_compensated_rates import MotionCompensatedRates

PLANES = 160
SIZE = 96, 128


def scene(brightest, size=SIZE):
    """Return a smooth texture, float64 [size], spikes per plane."""
    chance = np.random.default_rng(0).random(size).astype(np.float32)
    return cv2.normalize(
        cv2.GaussianBlur(chance, (0, 0), 6), None, 0.2 * brightest, brightest, cv2.NORM_MINMAX
    ).astype(np.float64)


def history_of(light, photons=0.0, lookahead=30):
    """Return the history of a still scene; with photons per spike it has shot noise."""
    rng = np.random.default_rng(1)
    charge, planes = rng.random(light.shape), np.empty((PLANES, *light.shape), np.uint8)
    for plane in planes:
        charge += rng.poisson(light * photons) / photons if photons else light
        plane[:] = charge >= 1
        charge -= plane
    history = SpikeHistory(*light.shape[::-1], lookahead)
    history.push(pack_planes(planes))
    return history


def images_of(history):
    """Return the mean rates without and with the removal of noise."""
    rates = MotionCompensatedRates(history)
    mean, middle = np.zeros((2, history.height, history.width), np.float32)
    rates.write(mean, middle=middle)
    clean = mean.copy()
    RateNoise(history, rates).remove(clean, middle)
    return mean, clean


def off(image, light):
    return np.sqrt(np.mean((image - light)[8:-8, 8:-8] ** 2))


@pytest.mark.parametrize('brightest', [0.05, 0.1, 0.5])
def test_shot_noise_is_removed(brightest):
    light = scene(brightest)
    mean, clean = images_of(history_of(light, photons=40))
    assert off(clean, light) < 0.7 * off(mean, light)


def test_an_image_without_noise_keeps_its_detail():
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    light = 0.3 + 0.15 * np.sin(columns / 1.5) * np.cos(rows / 2)
    mean, clean = images_of(history_of(light))
    assert off(clean, light) < 0.03 * light.std()
    assert off(clean, mean) < 0.02 * light.std()


@pytest.mark.parametrize('velocity', [(0.5, 0.2), (-0.3, 0.8)])
def test_the_image_of_a_moving_scene_is_nearer_to_the_light(moving_spikes, velocity):
    spikes, light = moving_spikes(velocity, PLANES, PLANES - 31)
    history = SpikeHistory(spikes.shape[2], spikes.shape[1], 30)
    history.push(pack_planes(spikes))
    mean, clean = images_of(history)
    light = light[PLANES - 31]
    assert off(clean, light) < 0.985 * off(mean, light)


def test_the_brightness_is_unchanged():
    mean, clean = images_of(history_of(scene(0.05), photons=40))
    np.testing.assert_allclose(clean.mean(), mean.mean(), rtol=2e-3)


@pytest.mark.parametrize(('photons', 'most_off'), [(40, 0.005), (100, 0.003), (400, 0.002)])
def test_shot_noise_is_measured_from_intervals(photons, most_off):
    history = history_of(np.full((192, 256), 0.06), photons)
    assert shot_noise(history) == pytest.approx(1 / photons, abs=most_off)


@pytest.mark.parametrize('light', [0.0, 0.002, 0.5])
def test_without_intervals_that_are_long_enough_there_is_no_shot_noise(light):
    assert shot_noise(history_of(np.full(SIZE, light))) == 0


def test_without_planes_after_the_instant_the_rates_are_unchanged():
    mean, clean = images_of(history_of(scene(0.05), photons=40, lookahead=0))
    np.testing.assert_array_equal(clean, mean)


@pytest.mark.parametrize('size', [(1, 1), (8, 40), (20, 20), (33, 47)])
def test_any_size_of_sensor_has_an_image(size):
    _, clean = images_of(history_of(scene(0.1, size) if min(size) > 1 else np.full(size, 0.1), 40))
    assert np.isfinite(clean).all()
    assert clean.shape == size


def test_images_do_not_depend_on_the_number_of_opencv_threads():
    history = history_of(scene(0.05), photons=40)
    before, images = cv2.getNumThreads(), []
    try:
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            images.append(images_of(history)[1])
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(*images)
