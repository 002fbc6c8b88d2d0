# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Noise of mean spike rates: measured from the spikes themselves, and removed from the image.

Two measurements complete each other. Where pixels fire often, the means over the planes before and
after the instant differ by noise alone. Where one interval lasts longer than these planes, both
means hold the same interval and the same error; there the lengths of successive intervals differ
by the shot noise. Nothing is assumed about the camera, so the same code leaves a clean image as it
is and smooths a dark one.

The noise is removed in bands of an undecimated wavelet transform (Starck, Murtagh and Bijaoui,
"Image Processing and Data Analysis", 1998): each coefficient is scaled by the share of the local
energy that is not noise (Lee, "Digital Image Enhancement and Noise Filtering by Use of Local
Statistics", TPAMI 1980). Where the scene moves, detail that is clearly not noise is amplified
instead, because motion has blurred it, and less clear detail is reduced further: errors of the
motion look like detail.

The mean over the middle spans is compared with the mean over all. Where they differ by more than
noise, the path is wrong, and the middle spans are used alone; their differences elsewhere are
another measurement of the noise.
"""

import cv2
import numpy as np

from spike_recon_ros.filters.rate_bands import BANDS, add_scaled, blend_middle
from spike_recon_ros.jit import njit
from spike_recon_ros.spike_history.history import NEVER, SpikeHistory
from spike_recon_ros.spike_history.motion_compensated_rates import MotionCompensatedRates
from spike_recon_ros.spike_history.plane_motion import one_thread

ROW_STEP = 25
"""The noise is measured in each 25th row."""
COLUMN_STEP = 4
"""And in each fourth column: its squares are means over FLAT_PX columns."""
FLAT_SHARE, FLAT_PX = 0.3, 25
"""Quantile of the squared difference of the means over FLAT_PX pixels of a row. It is low, because
wrong motion makes the means differ along edges."""
LEAST_INTERVAL = 6.0
"""Mean length of two intervals in planes, below which rounding to planes exceeds shot noise."""
LEAST_PAIRS = 200
"""Smallest number of pairs of intervals from which shot noise is measured."""
LOWER_HALF = 0.143
"""Mean of the lower half of the chi-square distribution with one degree of freedom."""
MOST_SHOT_NOISE = 0.04
"""Greatest relative variance of an interval; more comes from motion."""
MEAN_PLANES = 45.0
"""Planes whose plain mean is as noisy as the weighted mean over all spans."""
DARK_SPIKES, DARK_PX = 3.0, 65
"""Regions of DARK_PX pixels with fewer spikes in MEAN_PLANES have the noise of intervals."""
TAPS = np.array([1, 4, 6, 4, 1], np.float32) / 16
"""Filter of the wavelet transform."""
SMOOTHED_PX = 2.0
"""Standard deviation of the blur of the rates from which the variance of the noise follows."""
RATE_SMOOTHED_PX = 1.0
"""The same for the rates from which the lengths of the intervals follow."""
LEAST_RATE = 1e-3
"""Smallest rate, so that the variance is never 0, in spikes per plane."""
COMPARED_PX = 11
"""The means are compared without what this box blur keeps; also the width of the region."""
COMPARED_NOISE = 0.0649
"""Variance of white noise in that comparison, relative to that in the image."""
LEAST_DIFFERENCE = 0.02
"""Variance of the difference of the means, relative to that of the mean, below which they hold the
same spans and are not compared."""


class RateNoise:
    """Removes the noise of mean rates; keeps its working memory.

    Args:
        history: spikes of the pixels; read at each call.
        rates: makes the mean rates of the same history.
    """

    def __init__(self, history: SpikeHistory, rates: MotionCompensatedRates) -> None:
        self._history, self._rates = history, rates
        self._rows = np.arange(min(ROW_STEP, history.height) // 2, history.height, ROW_STEP)
        size = history.height, history.width
        self._now, self._low, self._band, self._energy = np.empty((4, *size), np.float32)
        self._noise, self._smooth = np.empty((2, *size), np.float32)
        self._blur, self._off, self._off_low, self._off_energy = np.empty((4, *size), np.float32)

    def remove(self, mean: np.ndarray, middle: np.ndarray) -> None:
        """Remove noise in place from the rates of the last call of `rates.write`.

        Args:
            mean: float32 [height, width], spikes per plane. Unchanged if there were planes on one
                side of the instant only.
            middle: float32 [height, width], the mean over the middle spans.
        """
        with one_thread():
            spread = self._spread()
            if spread is not None:
                self._measure(mean, spread)
                self._shrink(mean, self._use_middle(mean, middle, spread))

    def _measure(self, mean: np.ndarray, spread: float) -> None:
        """Write the motion blur, and the noise: `spread` times the rate, intervals in the dark."""
        cv2.GaussianBlur(mean, (0, 0), RATE_SMOOTHED_PX, self._noise)
        self._rates.write_blur(self._noise, self._blur)
        cv2.GaussianBlur(mean, (0, 0), SMOOTHED_PX, self._smooth)
        self._noise[:] = self._smooth
        cv2.blur(mean, (DARK_PX, DARK_PX), self._energy)
        shot = np.float32(shot_noise(self._history))
        _write_variance(self._noise, self._energy, np.float32(spread), shot)

    def _use_middle(self, mean: np.ndarray, middle: np.ndarray, spread: float) -> float:
        """Use the middle spans alone where they differ from all by more than noise.

        Returns: variance of noise in the mean relative to that in the difference; 0 if there is
            no difference. Otherwise `_off` and `_off_low` then hold it and its low-pass.
        """
        part, between = self._rates.middle_noise()
        if between < LEAST_DIFFERENCE:
            return 0.0
        off, low, band, energy = self._off, self._off_low, self._band, self._off_energy
        cv2.subtract(middle, mean, off)
        cv2.sepFilter2D(off, -1, TAPS, TAPS, low, borderType=cv2.BORDER_REFLECT_101)
        cv2.blur(low, (COMPARED_PX, COMPARED_PX), band)
        cv2.subtract(low, band, band)
        cv2.sqrBoxFilter(band, cv2.CV_32F, (COMPARED_PX, COMPARED_PX), energy)
        scale, part = np.float32(spread * between * COMPARED_NOISE), np.float32(part)
        blend_middle(off, energy, self._smooth, scale, self._blur, part, mean, self._noise)
        return 1 / between

    def _shrink(self, mean: np.ndarray, scale: float) -> None:
        """Scale the bands of the mean; `scale` is the value that `_use_middle` returns."""
        now, low, band, energy = self._now, self._low, self._band, self._energy
        off, off_low, off_energy = self._off, self._off_low, self._off_energy
        now[:], mean[:], off_energy[:] = mean, 0, 0
        for number, one in enumerate(BANDS):
            taps = np.zeros(4 * 2**number + 1, np.float32)
            taps[:: 2**number] = TAPS
            if scale:
                if number:  # `_use_middle` has already filtered the finest band
                    cv2.sepFilter2D(
                        off, -1, taps, taps, off_low, borderType=cv2.BORDER_REFLECT_101
                    )
                cv2.subtract(off, off_low, band)
                cv2.sqrBoxFilter(band, cv2.CV_32F, (one.compared_px,) * 2, off_energy)
                off, off_low = off_low, off
            cv2.sepFilter2D(now, -1, taps, taps, low, borderType=cv2.BORDER_REFLECT_101)
            cv2.subtract(now, low, band)
            cv2.sqrBoxFilter(band, cv2.CV_32F, (one.energy_px,) * 2, energy)
            add_scaled(
                band, energy, self._noise, off_energy, np.float32(scale), self._blur, one, mean
            )
            now, low = low, now
        mean += now

    def _spread(self) -> float | None:
        """Return the variance of the mean by the rate, spikes per plane; None = unknown."""
        halves = self._rates.halves(self._rows)
        if halves is None:
            return None
        (before, after), (early, late) = halves
        squared = (before - after) ** 2 * np.float32(early * late / (early + late) ** 2)
        rate = (early * before + late * after) / np.float32(early + late)
        region = FLAT_PX, 1
        squared, rate = (cv2.blur(one, region)[:, ::COLUMN_STEP] for one in (squared, rate))
        return float(np.quantile(squared / np.maximum(rate, LEAST_RATE), FLAT_SHARE))


def shot_noise(history: SpikeHistory) -> float:
    """Return the relative variance of an interval by shot noise; 0 if it cannot be measured.

    A sensor that collects n photons per spike has 1/n. The difference of two successive intervals
    of mean length L has twice this variance, and .5 from rounding three spikes to whole planes.
    """
    last, middle, first = history.before[:3, ::COLUMN_STEP, ::COLUMN_STEP]
    known = first != NEVER
    late, early = (last - middle)[known], (middle - first)[known]
    length = (late + early).astype(np.float32) / 2
    long = length >= LEAST_INTERVAL
    if np.count_nonzero(long) < LEAST_PAIRS:
        return 0.0
    length, change = length[long], (late - early)[long].astype(np.float32)
    squared, half = change**2 / (2 * length**2), len(length) // 2
    # The lower half, because motion changes some of the intervals.
    spread = np.partition(squared, half)[:half].mean() / LOWER_HALF
    rounding = np.median(0.25 / length**2)
    return float(np.clip(spread - rounding, 0, MOST_SHOT_NOISE))


@njit(nogil=True, cache=True, error_model='numpy')
def _write_variance(rates, around, spread, shot):
    """Replace rates by the variance of the noise in them."""
    height, width = rates.shape
    zero, least = np.float32(0), np.float32(LEAST_RATE)
    per_plane, dark = np.float32(1 / MEAN_PLANES), np.float32(DARK_SPIKES / MEAN_PLANES)
    for y in range(height):
        row, level = rates[y], around[y]
        for x in range(width):
            rate = max(row[x], least)
            interval = shot * rate * min(rate, per_plane)
            row[x] = spread * rate + (interval if level[x] < dark else zero)
