# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Distances of an image from the truth, against scikit-image and numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spike_recon_ros.evaluation.full_reference import (
    contrast_matched,
    correlation,
    correlation_sums,
    finest_octave,
    gmsd,
    mean_matched,
    mse,
    psnr,
    ssim,
    ssim_v2v,
)

METRICS = (mse, psnr, ssim, gmsd)
sides = st.tuples(st.integers(11, 24), st.integers(11, 24))
images = sides.flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(0, 1, width=32, allow_nan=False))
)


def noisy(shape=(60, 83), seed=0):
    random = np.random.default_rng(seed)
    truth = random.random(shape)
    truth[10:30, 20:50] = 0.8
    image = np.clip(truth + 0.1 * random.standard_normal(shape), 0, 1)
    return image.astype(np.float32), truth.astype(np.float32)


@settings(deadline=None, max_examples=50)
@given(images)
def test_an_image_equals_itself(image):
    assert mse(image, image) == 0.0
    assert psnr(image, image) == pytest.approx(100.0)
    assert ssim(image, image) == pytest.approx(1.0, abs=1e-9)
    assert gmsd(image, image) == pytest.approx(0.0, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(
    sides.flatmap(
        lambda s: st.tuples(*[arrays(np.float32, s, elements=st.floats(0, 1, width=32))] * 2)
    )
)
def test_distances_do_not_depend_on_the_order_and_keep_their_range(pair):
    for metric in METRICS:
        assert metric(*pair) == pytest.approx(metric(*pair[::-1]), abs=1e-9)
    assert 0.0 <= mse(*pair) <= 1.0
    assert -1e-9 <= psnr(*pair) <= 100.0
    assert -1.0 <= ssim(*pair) <= 1.0 + 1e-9
    assert 0.0 <= gmsd(*pair) <= 0.5


def test_structural_similarity_is_that_of_scikit_image():
    oracle = pytest.importorskip('skimage.metrics', reason='scikit-image is the oracle')
    for shape in ((60, 83), (11, 11), (12, 40)):
        image, truth = noisy(shape)
        expected = oracle.structural_similarity(
            image.astype(np.float64),
            truth.astype(np.float64),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1.0,
        )
        assert ssim(image, truth) == pytest.approx(expected, abs=1e-12)


def test_peak_signal_to_noise_ratio_is_that_of_scikit_image():
    oracle = pytest.importorskip('skimage.metrics', reason='scikit-image is the oracle')
    image, truth = noisy()
    expected = oracle.peak_signal_noise_ratio(
        truth.astype(np.float64), image.astype(np.float64), data_range=1.0
    )
    assert psnr(image, truth) == pytest.approx(expected, abs=1e-9)


def test_a_constant_error_has_its_square_as_mse():
    truth = np.full((12, 12), 0.25, np.float32)
    assert mse(truth + np.float32(0.5), truth) == 0.25
    assert psnr(truth + np.float32(0.1), truth) == pytest.approx(20.0, abs=1e-5)


def test_two_flat_images_differ_in_their_luminance_alone():
    one, other = np.full((16, 16), 0.5), np.full((16, 16), 0.25)
    luminance = (2 * 0.5 * 0.25 + 1e-4) / (0.5**2 + 0.25**2 + 1e-4)
    assert ssim(one, other) == pytest.approx(luminance)
    assert gmsd(one, other) == 0.0


def test_gradient_similarity_of_a_step_is_what_the_formula_says():
    # Halved, the truth has a step of 1 between columns 3 and 4 of 8: gradient 1 in both.
    truth = np.repeat([[0.0] * 8 + [1.0] * 8], 16, axis=0)
    flat = np.zeros((16, 16))
    c = 170 / 255**2
    similarity = np.ones((6, 6))
    similarity[:, 2:4] = c / (1 + c)
    assert gmsd(flat, truth) == pytest.approx(similarity.std())


def test_a_last_odd_row_and_column_do_not_count_for_gradients():
    image, truth = noisy((40, 50))
    padded = [np.pad(one, ((0, 1), (0, 1))) for one in (image, 1 - truth)]
    assert gmsd(*padded) == gmsd(image, 1 - truth)


def test_inputs_are_not_changed():
    image, truth = noisy()
    before = image.copy(), truth.copy()
    for metric in METRICS:
        metric(image, truth)
    assert np.array_equal(image, before[0])
    assert np.array_equal(truth, before[1])


@pytest.mark.parametrize(('metric', 'side'), [(ssim, 10), (gmsd, 5)])
def test_images_that_are_too_small_are_refused(metric, side):
    with pytest.raises(ValueError, match='needs'):
        metric(np.zeros((side, 40)), np.zeros((side, 40)))


def test_a_matched_image_has_the_mean_and_spread_of_the_truth():
    image, truth = noisy()
    shifted = mean_matched(image, truth)
    assert shifted.mean() == pytest.approx(truth.mean())
    assert shifted.std() == pytest.approx(image.std())
    scaled = contrast_matched(image, truth)
    assert (scaled.mean(), scaled.std()) == pytest.approx((truth.mean(), truth.std()))


def test_the_contrast_of_a_flat_image_is_not_raised():
    _, truth = noisy()
    flat = np.full(truth.shape, 0.1, np.float32)
    assert contrast_matched(flat, truth) == pytest.approx(truth.mean())


def test_the_finest_octave_holds_stripes_of_one_pixel_and_no_ramp():
    stripes = np.tile([0.0, 1.0], (20, 12))
    assert finest_octave(stripes) == pytest.approx(stripes - 0.5)
    ramp = np.tile(np.arange(24) / 100, (21, 1))
    assert finest_octave(ramp).shape == (20, 24)
    assert finest_octave(ramp)[:, 1:-1] == pytest.approx(0.0, abs=1e-12)


def test_sums_of_parts_give_the_correlation_of_the_whole():
    image, truth = noisy()
    parts = correlation_sums(image[:20], truth[:20]) + correlation_sums(image[20:], truth[20:])
    expected = np.corrcoef(image.ravel(), truth.ravel())[0, 1]
    assert correlation(parts) == pytest.approx(expected, abs=1e-9)
    assert correlation(np.zeros(6)) is None
    assert correlation(correlation_sums(np.ones(9), np.arange(9.0))) is None


def test_ssim_of_v2v_is_scikit_images_with_its_defaults_and_a_range_of_2():
    metrics = pytest.importorskip('skimage.metrics', reason='scikit-image is not installed')
    image, truth = noisy()
    expected = metrics.structural_similarity(image, truth, data_range=2)
    assert ssim_v2v(image, truth) == pytest.approx(expected, abs=1e-5)
    assert ssim_v2v(truth, truth) == pytest.approx(1.0)
    with pytest.raises(ValueError, match='7x7'):
        ssim_v2v(image[:6], truth[:6])
