# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The length of the rows in a file of packed spike planes, which the file does not state.

Neighbouring rows see nearly the same light, so the bits repeat, weakly, after one row, three rows,
five rows and so on. At a wrong length these distances are anywhere in the image. Even multiples
are left out, because twice half a row is a row.
"""

import numpy as np

LOOKED_AT_BYTES = 2**16
SHORTEST_ROW = 8
"""Bytes; the bits of shorter rows repeat within the rows of any scene."""
LONGEST_ROW = 512
MULTIPLES = np.arange(1, 16, 2)
LEAST_SUPPORT, LEAST_SIGMAS = 0.01, 6.0
"""Correlation below which rows are too dark or too uniform to be distinguished, and the same as a
multiple of what chance gives."""
LEAST_RATIO = 2.0
"""How many times as well as the assumed length another one must fit."""
BESIDE, LEAST_PEAK = (2, 3, 4), 1.5
"""Distances of lengths, bytes, and how many times as well as those beside it a length must fit.
Along stripes every length fits."""


def better_row(data: np.ndarray, row_bytes: int) -> int | None:
    """Return the length of a row that fits clearly better than an assumed one.

    Args:
        data: packed rows without gaps, uint8, any shape.
        row_bytes: assumed length.

    Returns: bytes of a row; None = the assumed length fits, or nothing can be known. It is below
        three times the assumed length, because stripes in the scene repeat after several rows.
    """
    bits = np.unpackbits(data.reshape(-1)[:LOOKED_AT_BYTES], bitorder='little')
    correlation = _correlation(bits, min(LONGEST_ROW, 3 * row_bytes))
    support = correlation.mean(axis=1)
    beside = np.max([np.roll(support, k) for n in BESIDE for k in (n, -n)], axis=0)
    is_peak = (support >= LEAST_PEAK * beside)[: 3 * row_bytes]
    best = int(np.argmax(np.where(is_peak, support[: 3 * row_bytes], 0.0)))
    assumed = support[row_bytes] if row_bytes < len(support) else 0.0
    if best == 2 * row_bytes:  # Stripes fit two rows better than one, but the next row best.
        assumed = max(assumed, correlation[row_bytes, 0])
    chance = 1 / np.sqrt(max(bits.size, 1) * len(MULTIPLES))
    least = max(LEAST_SUPPORT, LEAST_SIGMAS * chance, LEAST_RATIO * assumed)
    return best if best >= SHORTEST_ROW and support[best] >= least else None


def _correlation(bits: np.ndarray, longest: int) -> np.ndarray:
    """Return the correlation at MULTIPLES of lengths from 0 to `longest` bytes, or fewer."""
    some = bits.astype(np.float32)
    some -= bits.sum() / max(bits.size, 1)
    most = min(longest, bits.size // (16 * int(MULTIPLES[-1])))
    energy = float(some @ some)
    if not most or not energy:
        return np.zeros((1, len(MULTIPLES)))
    size = 1 << (2 * bits.size - 1).bit_length()
    spectrum = np.fft.rfft(some, size)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)
    lags = 8 * np.outer(np.arange(most + 1), MULTIPLES)
    found: np.ndarray = correlation[lags] / energy / (1 - lags / bits.size)
    found[0] = 0.0
    return found
