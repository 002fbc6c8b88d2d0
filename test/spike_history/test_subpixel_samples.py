# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Light between the pixels: found where the scene moves, zero where nothing is known."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.scene_path import ScenePath
from spike_recon_ros.spike_history.subpixel_samples import SubpixelSamples

HEIGHT, WIDTH, PLANES, LOOKAHEAD, SCALE = 3, 64, 100, 30, 4
INSTANT = PLANES - 1 - LOOKAHEAD
SPEED = 0.1
PERIOD_PX = 1.6
"""Shorter than two pixels, so that one image shows a wave that is not there."""


def light_at(x, contrast):
    """Return the mean light of a wave on pixels at positions x, spikes per plane."""
    return 0.4 + contrast * np.sin(2 * np.pi * x / PERIOD_PX) * np.sinc(1 / PERIOD_PX)


def recorded(contrast, speed):
    """Return the history of a wave that moves to the right."""
    x = np.arange(WIDTH)
    light = np.stack(
        [light_at(x - speed * (plane - 0.5 - INSTANT), contrast) for plane in range(PLANES)]
    )
    phase = np.random.default_rng(0).random((HEIGHT, WIDTH))
    charge = phase + np.cumsum(light, 0)[:, None]
    whole = np.floor(np.concatenate([phase[None], charge]))
    history = SpikeHistory(WIDTH, HEIGHT, LOOKAHEAD)
    history.push(pack_planes(np.diff(whole, axis=0).astype(np.uint8)))
    return history


def written(contrast, speed, path_speed=None):
    """Return the native image, and what is written, [2, SCALE^2, HEIGHT, WIDTH]."""
    nodes = np.array([-30, 0, 30], np.float32)
    shift = np.zeros((3, 2, HEIGHT, WIDTH), np.float32)
    shift[:, 0] = (speed if path_speed is None else path_speed) * nodes[:, None, None]
    image = np.tile(np.float32(light_at(np.arange(WIDTH), contrast)), (HEIGHT, 1))
    out = np.empty((2 * SCALE**2, HEIGHT, WIDTH), np.float32)
    samples = SubpixelSamples(recorded(contrast, speed), SCALE)
    samples.write(image, ScenePath(nodes, shift), out)
    return image, out.reshape(2, SCALE**2, HEIGHT, WIDTH)


def correlation(contrast, speed, path_speed=None):
    """Return the correlation of the differences with the true ones, in the middle row."""
    image, (difference, coverage) = written(contrast, speed, path_speed)
    enlarged = cv2.resize(image, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    middle = SCALE * (HEIGHT // 2) + 1
    x = (np.arange(SCALE * WIDTH) + 0.5) / SCALE - 0.5
    truth = light_at(x, contrast) - enlarged[middle]
    first = SCALE * (middle % SCALE)
    found = difference[first : first + SCALE, HEIGHT // 2].T.ravel()
    seen = coverage[first : first + SCALE, HEIGHT // 2].T.ravel() > 0.3
    seen[: 8 * SCALE] = seen[-8 * SCALE :] = False
    assert np.count_nonzero(seen) > 2 * WIDTH
    return np.corrcoef(found[seen], truth[seen])[0, 1]


def test_motion_shows_detail_that_one_image_cannot_contain():
    assert correlation(0.3, SPEED) > 0.8
    assert correlation(0.3, SPEED, path_speed=-SPEED) < 0.6


def test_uniform_light_gives_no_differences():
    _, (difference, coverage) = written(0.0, SPEED)
    assert np.abs(difference).max() < 0.02
    assert 0.2 < coverage.mean() < 0.5  # motion along rows samples two of four rows


def test_a_still_scene_is_sampled_at_the_centres_of_the_pixels_alone():
    _, (_, coverage) = written(0.3, 0.0)
    seen = coverage[:, 1, 1:-1].all(1).reshape(SCALE, SCALE)
    assert seen[1:3, 1:3].all()
    assert seen.sum() == 4


def test_without_a_path_nothing_is_sampled():
    out = np.ones((2 * SCALE**2, HEIGHT, WIDTH), np.float32)
    image = np.full((HEIGHT, WIDTH), 0.4, np.float32)
    SubpixelSamples(recorded(0.3, SPEED), SCALE).write(image, None, out)
    assert not out.any()


@pytest.mark.parametrize('scale', [1, 5, -4, 'four'])
def test_other_scales_are_refused(scale):
    with pytest.raises(UserError, match='it must be 0, 2, 3 or 4'):
        SubpixelSamples(SpikeHistory(WIDTH, HEIGHT, LOOKAHEAD), scale)
