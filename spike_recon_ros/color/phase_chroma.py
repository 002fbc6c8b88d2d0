# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colours from the four phases of a Bayer pattern whose images are noisy guesses.

Each phase of an event camera guesses its own brightness from its own events. So the differences
between phases, which are the colours, hold as much noise as signal unless the scene is
colourful. The two green phases see the same colour: their difference is a sample of that noise, at
each scale. Colours are reduced at each scale to the share that is not noise (a Wiener filter on a
Laplacian pyramid).
"""

import math

import cv2
import numpy as np

LEVELS = 5
"""Scales of the pyramid, each of half the size of the one before."""
SMALLEST_SIDE = 4
"""The pyramid ends before its images are smaller, pixels."""
SMALLEST_POWER = 1e-9
LUMA_SHARES = {'r': 0.299, 'g': 0.587, 'b': 0.114}
"""Of the colours in the luma (ITU-R BT.601)."""


def phase_chroma(images: list[np.ndarray], pattern: str) -> np.ndarray:
    """Return uint8 [height, width, 2], Cr and Cb, of half the size of the sensor.

    Args:
        images: float32 [height, width] of each phase, 0 to 1.
        pattern: Bayer pattern, as `rggb`.
    """
    by_colour = {
        letter: [image for image, one in zip(images, pattern, strict=True) if one == letter]
        for letter in 'rgb'
    }
    first, second = by_colour['g']
    # A colour minus the mean of two greens has 3/4 of the noise power of the greens' difference.
    noise, green = math.sqrt(0.75) * (first - second), 0.5 * (first + second)
    red, blue = (without_noise(by_colour[one][0] - green, noise) for one in 'rb')
    # Luma minus green; red and blue are relative to green as well.
    luma = LUMA_SHARES['r'] * red + LUMA_SHARES['b'] * blue
    # The factors give Cr and Cb the range of red, green and blue.
    cr = (red - luma) * (0.5 / (1 - LUMA_SHARES['r']))
    cb = (blue - luma) * (0.5 / (1 - LUMA_SHARES['b']))
    return np.clip(np.rint(128 + 255 * np.dstack([cr, cb])), 0, 255).astype(np.uint8)


def without_noise(difference: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return a difference of phases, at each scale multiplied by its share that is not noise.

    Args:
        difference: float32 [height, width], with noise.
        noise: float32 [height, width], a sample of noise of the same strength at each scale.
    """
    bands: list[tuple[np.ndarray, np.ndarray]] = []
    while len(bands) < LEVELS and min(difference.shape) >= 2 * SMALLEST_SIDE:
        size = difference.shape[::-1]
        smaller = [cv2.pyrDown(one) for one in (difference, noise)]
        fine = [
            one - cv2.pyrUp(half, dstsize=size)
            for one, half in zip((difference, noise), smaller, strict=True)
        ]
        bands.append((fine[0], fine[1]))
        difference, noise = smaller
    kept = difference * _share(difference, noise)
    for band, noise_of_band in reversed(bands):
        kept = cv2.pyrUp(kept, dstsize=band.shape[::-1]) + band * _share(band, noise_of_band)
    return kept


def _share(signal: np.ndarray, noise: np.ndarray) -> np.float32:
    """Return the share of the power of a signal that is not noise, 0 to 1."""
    power, of_noise = (float(np.mean(np.square(one))) for one in (signal, noise))
    return np.float32(max(0.0, 1 - of_noise / max(power, SMALLEST_POWER)))
