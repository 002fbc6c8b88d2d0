# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colours of the phases of an event camera."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.color.luma import merged
from spike_recon_ros.color.phase_chroma import NoiseFilter, PhaseChroma, centred

RNG = np.random.default_rng(1)


def smooth(scale):
    return cv2.GaussianBlur(scale * RNG.standard_normal((64, 96), np.float32), (0, 0), 3)


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'grbg', 'gbrg'])
def test_phases_without_noise_give_the_colours_of_the_scene(pattern):
    rgb = {'r': 0.7, 'g': 0.5, 'b': 0.3}
    phases = [np.full((12, 16), rgb[letter], np.float32) for letter in pattern]
    luma = round(255 * (0.299 * 0.7 + 0.587 * 0.5 + 0.114 * 0.3))
    image = merged(np.full((24, 32), luma, np.uint8), PhaseChroma(pattern).step(phases))
    np.testing.assert_allclose(image[5, 7] / 255, [0.3, 0.5, 0.7], atol=0.01)


def test_a_grey_scene_stays_grey_although_each_phase_is_noisy():
    scene = smooth(1.0) + 0.5
    phases = [scene + smooth(0.3) for _ in range(4)]
    raw = np.abs(phases[0] - 0.5 * (phases[1] + phases[2])).mean()
    kept = PhaseChroma('rggb').step(phases).astype(np.float32) - 128
    assert 255 * raw > 5
    assert np.abs(kept).mean() < 0.15 * 255 * raw


def test_colours_above_the_noise_stay():
    colour, noise = smooth(3.0), smooth(0.3)
    kept = NoiseFilter().step(colour + noise, smooth(0.3))
    error, before = np.abs(kept - colour).mean(), np.abs(noise).mean()
    assert error < 1.2 * before
    assert np.corrcoef(kept.ravel(), colour.ravel())[0, 1] > 0.95


def test_silent_phases_have_no_colour():
    assert (PhaseChroma('rggb').step([np.full((6, 8), 0.5, np.float32)] * 4) == 128).all()


def test_the_share_of_the_noise_follows_the_last_images_and_a_reset_forgets_them():
    colour, noise = smooth(3.0), smooth(0.3)
    chroma = PhaseChroma('rggb')
    grey = [smooth(0.3) + 0.5 for _ in range(4)]
    first = [0.5 + colour + noise, *(np.full_like(colour, 0.5) for _ in range(3))]
    alone = chroma.step(first).astype(int)
    for _ in range(30):
        after = chroma.step(grey)
    faded = chroma.step(first).astype(int)
    chroma.reset()
    assert np.abs(after.astype(int) - 128).mean() < np.abs(alone - 128).mean() / 4
    assert np.abs(faded - 128).mean() < np.abs(alone - 128).mean()
    assert (chroma.step(first) == alone).all()


def test_edges_of_a_grey_scene_get_no_false_colours():
    scene = np.clip(0.5 + cv2.GaussianBlur(smooth(6.0), (0, 0), 1), 0, 1)
    phases = [scene[k // 2 :: 2, k % 2 :: 2].copy() for k in range(4)]
    differences = np.abs(phases[0] - phases[3]).mean()
    chroma = PhaseChroma('rggb').step(phases).astype(np.float32) - 128
    assert np.abs(chroma).mean() < 0.1 * 255 * differences
    left = np.abs(centred(phases[0], 0) - centred(phases[3], 3))[2:-2, 2:-2].mean()
    assert left < 0.4 * differences
