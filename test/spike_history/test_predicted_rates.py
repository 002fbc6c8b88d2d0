# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Mean rates whose intervals are divided in proportion to the predicted light."""

import numpy as np
import pytest

from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.mean_rates import mean_rates
from spike_recon_ros.spike_history.predicted_rates import PredictedRates
from spike_recon_ros.spike_history.scene_path import ScenePath, light_of_row

HEIGHT, WIDTH, PLANES, LOOKAHEAD = 4, 120, 100, 30
INSTANT = PLANES - 1 - LOOKAHEAD
CUTS = np.arange(30, -31, -5)
SPEED = 0.4
MARGIN = 25


def straight(speed):
    """Return the path of a scene that moves to the right, in pixels per plane."""
    nodes = np.array([-30, 0, 30], np.float32)
    shift = np.zeros((3, 2, HEIGHT, WIDTH), np.float32)
    shift[:, 0] = speed * nodes[:, None, None]
    return ScenePath(nodes, shift)


def light_at(plane):
    """Return the light of a moving wave, float64 [WIDTH], spikes per plane."""
    x = np.arange(WIDTH) - SPEED * (plane - INSTANT)
    return 0.12 + 0.1 * np.sin(2 * np.pi * x / 12)


def recorded():
    """Return a history of the wave and the charge at each plane, [PLANES + 1, HEIGHT, WIDTH]."""
    phase = np.random.default_rng(0).random((HEIGHT, WIDTH))
    light = np.stack([np.broadcast_to(light_at(k - 0.5), (HEIGHT, WIDTH)) for k in range(PLANES)])
    charge = phase + np.cumsum(light, 0)
    whole = np.floor(np.concatenate([phase[None], charge]))
    history = SpikeHistory(WIDTH, HEIGHT, LOOKAHEAD)
    history.push(pack_planes((np.diff(whole, axis=0) > 0).astype(np.uint8)))
    return history, np.concatenate([phase[None], charge])


def rates_of(history, path, image):
    rates = np.empty((len(CUTS) - 1, HEIGHT, WIDTH), np.float32)
    mean_rates(history, LOOKAHEAD - CUTS, rates)
    before = rates.copy()
    PredictedRates(history).write(image, path, CUTS, rates)
    return before, rates


def test_moving_light_is_found_inside_long_intervals():
    history, charge = recorded()
    image = np.tile(np.float32(light_at(INSTANT + 0.5)), (HEIGHT, 1))
    before, rates = rates_of(history, straight(SPEED), image)
    at = charge[INSTANT + 1 + CUTS]
    truth = (at[:-1] - at[1:]) / 5
    inner = np.s_[2:-2, :, MARGIN:-MARGIN]
    error = np.sqrt(np.mean((rates - truth)[inner] ** 2))
    assert error < 0.5 * np.sqrt(np.mean((before - truth)[inner] ** 2))


def test_rows_without_motion_are_unchanged():
    history, _ = recorded()
    path = straight(SPEED)
    path.shift[:, :, 1] = 0
    before, rates = rates_of(history, path, np.full((HEIGHT, WIDTH), 0.1, np.float32))
    np.testing.assert_array_equal(rates[:, 1], before[:, 1])


def test_constant_light_gives_the_rates_without_a_prediction():
    history, _ = recorded()
    before, rates = rates_of(history, straight(SPEED), np.full((HEIGHT, WIDTH), 0.1, np.float32))
    np.testing.assert_allclose(rates, before, atol=2e-5)


def test_a_prediction_divides_charge_but_does_not_create_it():
    history, _ = recorded()
    image = np.float32(np.random.default_rng(1).random((HEIGHT, WIDTH)))
    before, rates = rates_of(history, straight(SPEED), image)
    spikes = np.abs((rates - before).sum(0) * 5)
    assert spikes.max() < 2  # less than one spike at either end
    assert (rates >= -1e-5).all()


@pytest.mark.parametrize('speed', [0.0, 0.5, -1.0])
def test_predicted_light_adds_up_along_the_motion(speed):
    image = np.float32(np.random.default_rng(2).random((HEIGHT, WIDTH)))
    path, centres = straight(speed), (3, 1, -1)
    left, share = path.segments(np.array(centres))
    out = np.empty((HEIGHT, len(centres) + 1, WIDTH), np.float32)
    for y, row in enumerate(out):
        light_of_row(image, left, share, np.float32([2, 2, 2]), path.shift, np.float32(0), y, row)
    columns = np.arange(WIDTH)
    expected = np.zeros((HEIGHT, WIDTH))
    np.testing.assert_array_equal(out[:, 0], expected)
    for number, centre in enumerate(centres):
        seen = np.clip(columns - speed * centre, 0, WIDTH - 1)
        expected += 2 * np.stack([np.interp(seen, columns, row) for row in image])
        np.testing.assert_allclose(out[:, number + 1], expected, atol=1e-4)
