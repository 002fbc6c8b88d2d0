# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scales of the bands of mean rates, and the choice between two means."""

import numpy as np
import pytest

from spike_recon_ros.filters.rate_bands import (
    BANDS,
    COMPARED_BLUR_PX,
    MOVING_PX,
    NOISE_OF_DIFFERENCE,
    add_scaled,
    blend_middle,
)


def image(value):
    return np.full((3, 4), value, np.float32)


def scale_of(band, energy, noise, blur, difference=0.0):
    """Return by what a coefficient of a band is multiplied; `noise` in this band."""
    out = image(0)
    add_scaled(
        image(2), image(energy), image(noise / band.noise), image(difference), np.float32(1),
        image(blur), band, out,
    )  # fmt: skip
    assert (out == out[0, 0]).all()
    return float(out[0, 0]) / 2


@pytest.mark.parametrize('band', BANDS)
@pytest.mark.parametrize('noise', [0.0, 0.2, 0.9, 1.5])
def test_without_motion_the_scale_is_the_share_that_is_not_noise(band, noise):
    assert scale_of(band, 1, noise, 0) == pytest.approx(max(1 - noise, 0), abs=1e-6)


@pytest.mark.parametrize('band', BANDS)
def test_with_motion_clear_detail_is_amplified_and_unclear_detail_reduced_further(band):
    assert scale_of(band, 1, 0, MOVING_PX) == pytest.approx(band.most)
    assert scale_of(band, 1, 0.7, MOVING_PX) <= 0.3 + 1e-6
    between = (scale_of(band, 1, 0.3, 0) + scale_of(band, 1, 0.3, MOVING_PX)) / 2
    assert scale_of(band, 1, 0.3, MOVING_PX / 2) == pytest.approx(between, rel=1e-5)


def test_the_scale_does_not_change_beyond_the_blur_of_a_moving_scene():
    assert scale_of(BANDS[0], 1, 0.1, MOVING_PX) == scale_of(BANDS[0], 1, 0.1, 9 * MOVING_PX)


def test_a_difference_of_the_means_counts_as_noise():
    expected = 1 - NOISE_OF_DIFFERENCE * 0.5
    assert scale_of(BANDS[1], 1, 0.1, 0, difference=0.5) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ('energy', 'blur', 'share'),
    [
        (0.9, 1, 0),
        (1, 1, 0),
        (100, 1, 1),
        (8, 1, 0.5),
        (100, 0, 0),
        (100, COMPARED_BLUR_PX / 2, 0.5),
    ],
)
def test_the_middle_planes_replace_all_where_they_differ_by_more_than_noise(energy, blur, share):
    mean, noise = image(0.3), image(1e-4)
    blend_middle(
        image(0.1), image(energy), image(0.5), np.float32(2), image(blur), np.float32(3), mean,
        noise,
    )  # fmt: skip
    np.testing.assert_allclose(mean, 0.3 + 0.1 * share, rtol=1e-5)
    np.testing.assert_allclose(noise, 1e-4 * (1 + 2 * share), rtol=1e-5)
