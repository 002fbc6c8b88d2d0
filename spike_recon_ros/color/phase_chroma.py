# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colours from the four phases of a Bayer pattern, without their noise.

Each phase of an event camera guesses its own brightness from its own events. So the differences
between phases, which are the colours, hold as much noise as signal unless the scene is
colourful. The two green phases see the same colour: their difference is a sample of that noise, at
each scale. Colours are reduced at each scale to the share that is not noise (a Wiener filter on a
Laplacian pyramid).

For spike cameras, which measure brightness, the same removes shot noise, and the false colours at
edges: there the two green phases differ, because they see the edge at different places.
"""

import math

import cv2
import numpy as np

LEVELS = 5
"""Scales of the pyramid, each of half the size of the one before, beside the smallest image."""
SMALLEST_SIDE = 4
"""The pyramid ends before its images are smaller, pixels."""
SMOOTHED_IMAGES = 10
"""Images over which powers of signal and noise are averaged, so that colours do not flicker."""
SMALLEST_POWER = 1e-9
LUMA_SHARES = {'r': 0.299, 'g': 0.587, 'b': 0.114}
"""Of the colours in the luma (ITU-R BT.601)."""


class PhaseChroma:
    """Colours of one sensor with a Bayer pattern.

    Args:
        pattern: Bayer pattern, as `rggb`.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._red, self._blue = NoiseFilter(), NoiseFilter()

    def step(self, images: list[np.ndarray]) -> np.ndarray:
        """Return uint8 [height, width, 2], Cr and Cb, of half the size of the sensor.

        Args:
            images: float32 [height, width] of each phase, 0 to 1.
        """
        by_colour: dict[str, list[np.ndarray]] = {letter: [] for letter in LUMA_SHARES}
        for number, (image, letter) in enumerate(zip(images, self._pattern, strict=True)):
            by_colour[letter].append(centred(image, number))
        first, second = by_colour['g']
        # A colour minus the mean of two greens has 3/4 of the noise power of their difference.
        noise, green = math.sqrt(0.75) * (first - second), 0.5 * (first + second)
        red = self._red.step(by_colour['r'][0] - green, noise)
        blue = self._blue.step(by_colour['b'][0] - green, noise)
        luma = LUMA_SHARES['r'] * red + LUMA_SHARES['b'] * blue  # minus green, as red and blue are
        # The factors give Cr and Cb the range of red, green and blue.
        cr = (red - luma) * (0.5 / (1 - LUMA_SHARES['r']))
        cb = (blue - luma) * (0.5 / (1 - LUMA_SHARES['b']))
        return np.clip(np.rint(128 + 255 * np.dstack([cr, cb])), 0, 255).astype(np.uint8)

    def reset(self) -> None:
        """Forget the powers of earlier images."""
        self._red, self._blue = NoiseFilter(), NoiseFilter()


def centred(image: np.ndarray, phase: int) -> np.ndarray:
    """Return the image of a phase as at the centres of the groups of four pixels.

    Without, phases would differ at every edge, which they see at different places.

    Args:
        image: float32 [height, width].
        phase: 0 to 3, see PHASES.
    """
    # The pixels of a phase lie a quarter of their distance beside the centres.
    x, y = 0.25 - 0.5 * (phase % 2), 0.25 - 0.5 * (phase // 2)
    shift = np.array([[1, 0, x], [0, 1, y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        image, shift, image.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


class NoiseFilter:
    """Multiplies a difference of phases, at each scale, by its share that is not noise."""

    def __init__(self) -> None:
        self._count = 0
        self._powers: list[np.ndarray] = []

    def step(self, difference: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Return the difference without noise, float32 [height, width].

        Args:
            difference: float32 [height, width], with noise.
            noise: float32 [height, width], a sample of noise of the same power at each scale.
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
        bands.append((difference, noise))
        shares = self._shares(bands)
        kept = difference * shares[-1]
        for (band, _), share in zip(bands[-2::-1], shares[-2::-1], strict=True):
            kept = cv2.pyrUp(kept, dstsize=band.shape[::-1]) + band * share
        return kept

    def _shares(self, bands: list[tuple[np.ndarray, np.ndarray]]) -> list[np.float32]:
        """Return the share of the power of each band that is not noise, 0 to 1."""
        now = [np.array([np.mean(np.square(one)) for one in pair], np.float64) for pair in bands]
        self._count = min(self._count + 1, SMOOTHED_IMAGES)
        before = self._powers or now
        self._powers = [
            old + (new - old) / self._count for old, new in zip(before, now, strict=True)
        ]
        return [
            np.float32(max(0.0, 1 - noise / max(power, SMALLEST_POWER)))
            for power, noise in self._powers
        ]
