# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The discrete wavelet transform db8 as matrices."""

import numpy as np

LOW_PASS = (
    *(-0.00011747678400228192, 0.0006754494059985568, -0.0003917403729959771),
    *(-0.00487035299301066, 0.008746094047015655, 0.013981027917015516),
    *(-0.04408825393106472, -0.01736930100202211, 0.128747426620186),
    *(0.00047248457399797254, -0.2840155429624281, -0.015829105256023893),
    *(0.5853546836548691, 0.6756307362980128, 0.3128715909144659, 0.05441584224308161),
)
"""Decomposition filter of db8 (Daubechies, "Ten Lectures on Wavelets", 1992)."""


def wavelet_matrices(length: int, levels: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the transform of a signal as matrices, finest level first, the low-pass band last.

    Values outside of the signal count as zero.

    Args:
        length: of the signal.
        levels: number of times that the low-pass band is decomposed.

    Returns: from the signal to the coefficients of each band, [count, length], and from these to
        the signal, [length, count]; if its length is odd, the inverse transform gives one more.
    """
    low = np.array(LOW_PASS)
    high = low[::-1] * (-1.0) ** np.arange(1, len(low) + 1)
    analyses, lows = [], np.eye(length)
    for _ in range(levels):
        analyses.append(_decomposition(high, len(lows)) @ lows)
        lows = _decomposition(low, len(lows)) @ lows
    counts = [len(matrix) for matrix in analyses]
    highs = [_recomposition(high, count) for count in counts]
    syntheses = [_up(matrix, counts, level) for level, matrix in enumerate(highs)]
    last = _up(_recomposition(low, counts[-1]), counts, levels - 1)
    return [*analyses, lows], [*syntheses, last]


def _up(matrix: np.ndarray, counts: list[int], level: int) -> np.ndarray:
    """Carry what a level gives through the low-pass filters of all finer ones."""
    low = np.array(LOW_PASS)
    for finer in reversed(range(level)):
        matrix = _recomposition(low, counts[finer]) @ matrix[: counts[finer]]
    return matrix


def _decomposition(taps: np.ndarray, count: int) -> np.ndarray:
    """Return one step of the transform, [(count + taps - 1) // 2, count]."""
    length = len(taps)
    matrix = np.zeros(((count + length - 1) // 2, count))
    for row in range(len(matrix)):
        for tap, value in enumerate(taps):
            if 0 <= (column := 2 * row + 1 - tap) < count:
                matrix[row, column] = value
    return matrix


def _recomposition(taps: np.ndarray, count: int) -> np.ndarray:
    """Return one step of the inverse transform, [2 count - taps + 2, count]."""
    length = len(taps)
    matrix = np.zeros((2 * count - length + 2, count))
    for row in range(len(matrix)):
        for column in range(count):
            if 0 <= (tap := row + length - 2 - 2 * column) < length:
                matrix[row, column] = taps[length - 1 - tap]
    return matrix
