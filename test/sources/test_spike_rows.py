# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files of spike planes whose rows have another length than assumed are named."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.sources.spike_file import open_spike_file
from spike_recon_ros.sources.spike_rows import better_row

LIGHT = 0.3
"""Mean spikes per plane."""


def texture(width, height):
    """Return a smooth random scene, spikes per plane."""
    noise = np.random.default_rng(1).standard_normal((height, width)).astype(np.float32)
    return LIGHT * np.exp(20 * cv2.GaussianBlur(noise, (0, 0), 8))


def stripes(width, height):
    """Return horizontal stripes of ten rows."""
    rows = np.sin(2 * np.pi * np.arange(height) / 10)[:, None]
    return LIGHT * np.broadcast_to(1 + 0.9 * rows, (height, width))


def uniform(width, height):
    return np.full((height, width), LIGHT)


def planes_of(light, count=None):
    """Return packed planes of a still scene, uint8 [planes, height, bytes]."""
    count = count or -(-600_000 // light.size)
    start = np.random.default_rng(0).random(light.shape)
    total = np.floor(start + light.clip(0, 1) * np.arange(count + 1)[:, None, None])
    return np.packbits(np.diff(total, axis=0).astype(np.uint8), axis=2, bitorder='little')


@pytest.mark.parametrize('size', [(400, 250), (250, 250), (1000, 1000), (64, 48), (346, 260)])
@pytest.mark.parametrize('scene', [texture, stripes, uniform])
def test_the_right_length_fits(size, scene):
    planes = planes_of(scene(*size))
    assert better_row(planes, planes.shape[2]) is None


@pytest.mark.parametrize(
    ('size', 'assumed'), [((1000, 1000), 50), ((250, 250), 50), ((416, 250), 50), ((400, 250), 25)]
)
def test_a_length_that_fits_better_is_found(size, assumed):
    planes = planes_of(texture(*size))
    assert better_row(planes, assumed) == planes.shape[2]


@pytest.mark.parametrize('data', [np.zeros(0), np.zeros(60_000), np.full(60_000, 255)])
def test_without_a_scene_nothing_is_found(data):
    assert better_row(data.astype(np.uint8), 50) is None


@pytest.mark.parametrize('count', [20, 500, 5_000, 60_000])
def test_in_random_bits_nothing_is_found(count):
    for seed in range(20):
        data = np.random.default_rng(seed).integers(0, 256, count, np.uint8)
        assert better_row(data, 50) is None


def test_a_file_of_another_camera_is_named_with_the_cure(tmp_path):
    path = tmp_path / 'clip.dat'
    planes_of(texture(1000, 1000), 4).tofile(path)
    warnings = open_spike_file(path).warnings
    assert [text for text in warnings if '1000 pixels' in text and '--plane-size' in text]
    assert not open_spike_file(path, {'width': 1000, 'height': 1000}).warnings


def test_a_stated_size_is_not_doubted(tmp_path):
    path = tmp_path / 'clip.dat'
    planes_of(texture(1000, 1000), 4).tofile(path)
    path.with_name('clip.dat.yaml').write_text('width: 400\nheight: 250\n')
    assert not open_spike_file(path).warnings
