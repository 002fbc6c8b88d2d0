# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How detail of mean rates is scaled, by its energy, its noise and the motion blur.

The parameters were chosen on simulated scenes; see decision 0075.
"""

from typing import NamedTuple

import numpy as np

from spike_recon_ros.jit import njit


class Band(NamedTuple):
    """A band of the wavelet transform.

    Attributes:
        noise: variance of white noise in it, relative to that in the image.
        energy_px: width of the region of the local energy.
        compared_px: the same for the difference of two means.
        clear: scale of detail without noise where the scene moves.
        slope: by how much the scale falls when the share of detail falls from 1 to 0.
        least: smallest scale where the scene moves.
        most: largest scale there.
    """

    noise: np.float32
    energy_px: int
    compared_px: int
    clear: np.float32
    slope: np.float32
    least: np.float32
    most: np.float32


def _band(noise: float, energy_px: int, compared_px: int, *scales: float) -> Band:
    return Band(np.float32(noise), energy_px, compared_px, *(np.float32(one) for one in scales))


BANDS = (
    _band(0.793, 5, 7, 1.3, 3.3, 0.1, 1.2),
    _band(0.0403, 11, 11, 1.4, 2.0, 0.3, 1.1),
    _band(0.0073, 21, 21, 1.2, 2.0, 0.0, 1.0),
)
"""The bands, the finest first."""
MOVING_PX = 0.5
"""Motion blur from which on detail is scaled as in a moving scene; less below."""
COMPARED_BLUR_PX = 0.25
"""Motion blur from which on the path may be so wrong that far planes are left out."""
NOISE_OF_DIFFERENCE = 0.7
"""Share of the difference of two means that is noise of the mean; the rest is detail."""
SURE, UNSURE = 0.95, 0.8
"""Shares of a difference that must not be noise, to leave far planes out and to begin with it."""


@njit(nogil=True, cache=True, error_model='numpy')
def blend_middle(off, energy, rate, scale, blur, part, mean, noise):
    """Add the difference of the middle spans to the mean where it is more than noise.

    Args:
        off: float32 [height, width], the mean over the middle spans minus that over all.
        energy: float32 [height, width], local mean square of the difference in a middle band.
        rate: float32 [height, width], spikes per plane.
        scale: float32, variance of the noise in `energy` by the rate.
        blur: float32 [height, width], motion blur, pixels.
        part: float32, variance of the noise in the middle spans relative to that in all.
        mean: float32 [height, width], changed.
        noise: float32 [height, width], its variance of noise, changed.
    """
    height, width = mean.shape
    zero, one, least = np.float32(0), np.float32(1), np.float32(1e-12)
    unsure, ramp = np.float32(UNSURE), np.float32(1 / (SURE - UNSURE))
    by_blur = np.float32(1 / COMPARED_BLUR_PX)
    for y in range(height):
        difference, found, light = off[y], energy[y], rate[y]
        moved, row, variance = blur[y], mean[y], noise[y]
        for x in range(width):
            real = max(found[x] - scale * light[x], zero) / (found[x] + least)
            share = min(max((real - unsure) * ramp, zero), one) * min(moved[x] * by_blur, one)
            row[x] += share * difference[x]
            variance[x] *= one + share * (part - one)


def add_scaled(
    band: np.ndarray,
    energy: np.ndarray,
    noise: np.ndarray,
    difference: np.ndarray,
    difference_scale: np.float32,
    blur: np.ndarray,
    parameters: Band,
    out: np.ndarray,
) -> None:
    """Add a band of a mean to an image, scaled.

    Without motion, the scale is the share of the energy that is not noise. With motion it falls
    faster with the noise, and is above 1 where there is little of it.

    Args:
        band: float32 [height, width].
        energy: float32 [height, width], its local mean square.
        noise: float32 [height, width], variance of the noise in the mean.
        difference: float32 [height, width], local mean square of this band of the difference of
            two means.
        difference_scale: variance of noise in the mean relative to that in the difference.
        blur: float32 [height, width], motion blur, pixels.
        parameters: of the band.
        out: float32 [height, width], changed.
    """
    scale = np.float32(NOISE_OF_DIFFERENCE) * difference_scale
    limits = parameters.clear, parameters.slope, parameters.least, parameters.most
    _add_scaled(band, energy, noise, parameters.noise, difference, scale, blur, limits, out)


@njit(nogil=True, cache=True, error_model='numpy')
def _add_scaled(band, energy, noise, share, difference, scale, blur, limits, out):
    height, width = band.shape
    clear, slope, least, most = limits
    zero, one, nothing = np.float32(0), np.float32(1), np.float32(1e-12)
    by_blur = np.float32(1 / MOVING_PX)
    for y in range(height):
        row, found, all_noise, off = band[y], energy[y], noise[y], difference[y]
        moved, target = blur[y], out[y]
        for x in range(width):
            unwanted = max(share * all_noise[x], scale * off[x])
            kept = max(found[x] - unwanted, zero) / (found[x] + nothing)
            moving = min(max(clear + slope * (kept - one), least), most)
            target[x] += row[x] * (kept + min(moved[x] * by_blur, one) * (moving - kept))
