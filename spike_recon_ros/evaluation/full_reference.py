# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Metrics that compare an image with ground truth; both are float [height, width] in 0..1.

Events do not tell absolute brightness, and contrast only as well as the thresholds are known. So
an image can also be compared after `mean_matched` or `contrast_matched`, which remove errors of
level and gain and leave those of structure. Matched images are not limited to 0..1.
"""

from collections.abc import Callable

import cv2
import numpy as np

SSIM_SIGMA = 1.5
SSIM_SIDE = 11
"""Side of the window, pixels: 3.5 sigma to each side of its centre."""
# As the authors of SSIM and GMSD have them, for a range of 1.
_SSIM_C1, _SSIM_C2 = 0.01**2, 0.03**2
_GMSD_C = 170.0 / 255.0**2
SMALLEST_MSE = 1e-10
SMALLEST_SPREAD = 1e-6
"""An image with a smaller standard deviation is flat: its contrast cannot be matched."""


def mse(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean squared error."""
    return float(np.mean(np.square(image.astype(np.float64) - truth)))


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio, dB; limited to 100, so that means stay finite."""
    return -10.0 * float(np.log10(max(mse(image, truth), SMALLEST_MSE)))


def ssim(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the structural similarity, at most 1.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE
    TIP 2004, with their window: a gaussian of 11x11 pixels and sigma 1.5, population moments, and
    the mean over the pixels where the whole window lies in the image.

    Raises:
        ValueError: a side is shorter than the window.
    """
    if min(image.shape) < SSIM_SIDE:
        raise ValueError(f'ssim needs {SSIM_SIDE}x{SSIM_SIDE} pixels, not {image.shape}')
    return _similarity(image, truth, _blurred, (_SSIM_C1, _SSIM_C2))


def ssim_v2v(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the structural similarity as ET-Net and V2V compute it, higher than `ssim`.

    The window is 7x7 pixels of equal weight with sample moments, and the constants are those of a
    range of 2, though images lie in 0..1. V2V keeps this because earlier papers had it.

    Raises:
        ValueError: a side is shorter than the window.
    """
    side = 7
    if min(image.shape) < side:
        raise ValueError(f'ssim_v2v needs {side}x{side} pixels, not {image.shape}')

    def mean(values: np.ndarray) -> np.ndarray:
        inside = side // 2
        return cv2.blur(values, (side, side))[inside:-inside, inside:-inside]

    of_sample = side**2 / (side**2 - 1)
    return _similarity(image, truth, mean, (4 * _SSIM_C1, 4 * _SSIM_C2), of_sample)


def _similarity(
    image: np.ndarray,
    truth: np.ndarray,
    mean: Callable[[np.ndarray], np.ndarray],
    constants: tuple[float, float],
    of_sample: float = 1.0,
) -> float:
    """Return the structural similarity.

    Args:
        image: float [height, width].
        truth: of the same shape.
        mean: returns the mean over the window around each pixel.
        constants: C1 and C2, which keep the terms of luminance and contrast finite.
        of_sample: factor from population to sample moments.
    """
    one, other = image.astype(np.float64), truth.astype(np.float64)
    mean_one, mean_other = mean(one), mean(other)
    variance_one = of_sample * (mean(one * one) - mean_one**2)
    variance_other = of_sample * (mean(other * other) - mean_other**2)
    covariance = of_sample * (mean(one * other) - mean_one * mean_other)
    c1, c2 = constants
    similarity = (
        (2 * mean_one * mean_other + c1)
        * (2 * covariance + c2)
        / (mean_one**2 + mean_other**2 + c1)
        / (variance_one + variance_other + c2)
    )
    return float(similarity.mean())


def gmsd(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the gradient magnitude similarity deviation, 0 for equal images.

    Xue et al., "Gradient Magnitude Similarity Deviation", IEEE TIP 2014: both images are halved
    by averaging 2x2 pixels, the magnitudes of their Prewitt gradients are compared at each pixel,
    and the score is the standard deviation of that similarity. A last odd row or column, and the
    border where the operator does not fit, are left out.

    Raises:
        ValueError: a side is shorter than 6 pixels.
    """
    if min(image.shape) < 6:
        raise ValueError(f'gmsd needs 6x6 pixels, not {image.shape}')
    one, other = _gradient(_halved(image)), _gradient(_halved(truth))
    similarity = (2 * one * other + _GMSD_C) / (one**2 + other**2 + _GMSD_C)
    return float(similarity.std())


def mean_matched(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the image with the mean of the truth, float64."""
    wide = image.astype(np.float64)
    return wide + (truth.mean(dtype=np.float64) - wide.mean())


def contrast_matched(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the image with the mean and the standard deviation of the truth, float64.

    A flat image gets the mean only.
    """
    wide = image.astype(np.float64)
    spread = wide.std()
    gain = truth.std(dtype=np.float64) / spread if spread > SMALLEST_SPREAD else 1.0
    return truth.mean(dtype=np.float64) + gain * (wide - wide.mean())


def finest_octave(image: np.ndarray) -> np.ndarray:
    """Return an image minus its coarser half, float64 [height, width] with even sides.

    The coarser half is the image reduced by averaging 2x2 pixels and enlarged bilinearly. A last
    odd row or column is left out.
    """
    height, width = (side // 2 * 2 for side in image.shape)
    whole = image[:height, :width].astype(np.float64)
    coarse = cv2.resize(_halved(whole), (width, height), interpolation=cv2.INTER_LINEAR)
    return whole - coarse


def correlation_sums(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the sums from which `correlation` is computed, float64 [6].

    The sums of several pairs of arrays, added, give the correlation over all of their values.
    """
    x, y = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    return np.array([x.size, x.sum(), y.sum(), x @ x, y @ y, x @ y])


def correlation(sums: np.ndarray) -> float | None:
    """Return Pearson's correlation, -1 to 1; None if one side is constant or there are no values.

    Args:
        sums: [6], from `correlation_sums`.
    """
    count, x, y, xx, yy, xy = sums
    if not count:
        return None
    variances = (xx - x * x / count) * (yy - y * y / count)
    if variances <= (count * SMALLEST_SPREAD**2) ** 2:
        return None
    return float((xy - x * y / count) / np.sqrt(variances))


def _blurred(image: np.ndarray) -> np.ndarray:
    """Return the gaussian mean around each pixel whose window lies in the image."""
    inside = SSIM_SIDE // 2
    blurred = cv2.GaussianBlur(image, (SSIM_SIDE, SSIM_SIDE), SSIM_SIGMA)
    return blurred[inside:-inside, inside:-inside]


def _halved(image: np.ndarray) -> np.ndarray:
    height, width = (side // 2 for side in image.shape)
    even = image[: 2 * height, : 2 * width].astype(np.float64)
    return even.reshape(height, 2, width, 2).mean(axis=(1, 3))


def _gradient(image: np.ndarray) -> np.ndarray:
    """Return the magnitude of the Prewitt gradient, without the border."""
    mean, difference = np.full(3, 1 / 3), np.array([-1.0, 0.0, 1.0])
    across = cv2.sepFilter2D(image, cv2.CV_64F, difference, mean)
    down = cv2.sepFilter2D(image, cv2.CV_64F, mean, difference)
    return np.hypot(across, down)[1:-1, 1:-1]
