# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Light between the pixels of a spike camera, sampled by the motion of the scene.

A scene point that moves by fractions of a pixel is seen at many positions relative to the pixels,
so the planes around an instant sample the image more densely than the sensor does. Each mean rate
is moved back along its path to the position at the instant and added to the nearest points of a
finer grid (shift-and-add, Farsiu et al., "Fast and Robust Multiframe Super Resolution", TIP 2004).

What is written is the difference from the bicubic enlargement of the native image. It is zero
where there are no samples, and where the native image already explains them.
"""

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.jit import njit
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.mean_rates import mean_rates
from spike_recon_ros.spike_history.predicted_rates import PredictedRates
from spike_recon_ros.spike_history.scene_path import ScenePath

SCALES = 2, 3, 4
"""Points per pixel along each side."""
REACH, SPAN = 30, 2
"""Planes on either side of the instant that are sampled, and planes of a sample. On simulated
scenes that move by .3 pixels per plane, the longer spans of `motion_compensated_rates` give .3 dB
less."""
DOUBT = 2.0
"""Samples of a point at which half of its difference is kept: noise decreases with their number.
Samples count less with their distance from the instant."""
_CUTS = np.arange(REACH, -REACH - 1, -SPAN)
"""Borders of the spans, in planes after the instant, newest first."""


class SubpixelSamples:
    """Samples the light on a finer grid; keeps its working memory.

    Args:
        history: spikes of the pixels; read at each call.
        scale: points per pixel along each side, one of SCALES.

    Raises:
        UserError: there is no such scale.
    """

    def __init__(self, history: SpikeHistory, scale: int) -> None:
        if scale not in SCALES:
            raise UserError(f'phases is {scale!r}; it must be 0, 2, 3 or 4')
        self._history, self._scale = history, scale
        self._predicted = PredictedRates(history)
        height, width = history.height, history.width
        self._rates = np.empty((len(_CUTS) - 1, height, width), np.float32)
        self._sums = np.empty((scale * height, scale * width, 2), np.float32)

    def write(self, image: np.ndarray, path: ScenePath | None, out: np.ndarray) -> None:
        """Write the differences and the coverage of the grid.

        Args:
            image: float32 [height, width], native image at the instant, spikes per plane.
            path: of the scene; None = no samples.
            out: float32 [2 scale^2, height, width]: for each point of a pixel, row by row, the
                mean difference in spikes per plane, reduced where there are few samples; then for
                each point the coverage, from 0 without samples to 1.
        """
        ages = self._history.lookahead - _CUTS
        seen = self._history.has(ages)
        cuts = _CUTS[seen]
        if path is None or len(cuts) < 2:
            out[:] = 0
            return
        rates, times = self._rates[: len(cuts) - 1], (cuts[:-1] + cuts[1:]) / 2
        mean_rates(self._history, ages[seen], rates)
        self._predicted.write(image, path, cuts, rates)
        weights = (1 - np.abs(times) / REACH).astype(np.float32)
        left, share = path.segments(times)
        self._sums[:] = 0
        _add(rates, left, share, weights, path.shift, self._scale, self._sums)
        rows, columns, _ = self._sums.shape
        enlarged = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_CUBIC)
        _write(self._sums, enlarged, self._scale, out)


@njit(nogil=True, cache=True)
def _put(line, column, weight, rate):
    line[column, 0] += weight * rate
    line[column, 1] += weight


@njit(nogil=True, cache=True, error_model='numpy')
def _add(rates, left, share, weights, shift, scale, sums):
    """Add weight times rate, and weight, to the four nearest points of each sample.

    A pixel shows the scene point that its own displacement leads back to; this is exact where
    neighbouring pixels move alike.
    """
    _, height, width = rates.shape
    rows, columns, _ = sums.shape
    zero, one, half, fine = np.float32(0), np.float32(1), np.float32(0.5), np.float32(scale)
    last_x, last_y = np.float32(columns - 1), np.float32(rows - 1)
    # Row by row, so that the rows that all spans add to stay in the cache.
    for y in range(height):
        for span in range(len(rates)):
            before, after = shift[left[span]], shift[left[span] + 1]
            x0, x1, y0, y1 = before[0, y], after[0, y], before[1, y], after[1, y]
            row, part, weight = rates[span, y], share[span], weights[span]
            for x in range(width):
                dx = x0[x] + part * (x1[x] - x0[x])
                dy = y0[x] + part * (y1[x] - y0[x])
                at_x = fine * (np.float32(x) + half - dx) - half
                at_y = fine * (np.float32(y) + half - dy) - half
                if not (zero <= at_x < last_x and zero <= at_y < last_y):
                    continue
                column, line = np.int32(at_x), np.int32(at_y)
                right, down, rate = at_x - np.float32(column), at_y - np.float32(line), row[x]
                upper, lower = weight * (one - down), weight * down
                _put(sums[line], column, upper * (one - right), rate)
                _put(sums[line], column + 1, upper * right, rate)
                _put(sums[line + 1], column, lower * (one - right), rate)
                _put(sums[line + 1], column + 1, lower * right, rate)


@njit(nogil=True, cache=True, error_model='numpy')
def _write(sums, enlarged, scale, out):
    points, height, width = scale**2, out.shape[1], out.shape[2]
    one, doubt = np.float32(1), np.float32(DOUBT)
    for y in range(height):
        for point in range(points):
            line, first = scale * y + point // scale, point % scale
            difference, coverage = out[point, y], out[points + point, y]
            sums_of_row, native = sums[line], enlarged[line]
            for x in range(width):
                place = scale * x + first
                total, weight = sums_of_row[place, 0], sums_of_row[place, 1]
                share = one / (weight + doubt)
                difference[x] = (total - weight * native[place]) * share
                coverage[x] = weight * share
