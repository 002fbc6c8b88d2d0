# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Shows plain grey where nothing has moved since the state was zeroed.

Beside the first moving object of a still camera a network infers that the background is brighter
or darker than the object. The guess fades out where its context ends: a halo of up to 70 pixels
around the object, on a background of which no event tells anything.
"""

import cv2
import numpy as np

from spike_recon_ros.jit import njit

LARGEST_GAP = 4
"""Gaps between seen tiles that are filled, tiles: a plain coat is seen at its outline only."""
_SMOOTHING = np.float32([0.25, 0.5, 0.25])
F32 = np.float32


class SeenTiles:
    """The tiles of a sensor in which something has moved since the state was zeroed.

    Args:
        shape: rows and columns of tiles.
        tile_px: side of a tile in the image, pixels.
        grey: intensity of what was not seen.
    """

    def __init__(self, shape: tuple[int, ...], tile_px: int, grey: float) -> None:
        self._tile_px, self._grey = tile_px, F32(grey)
        self._seen = np.zeros(shape, np.bool_)
        self.reset()

    def reset(self) -> None:
        """Forget what was seen."""
        self._seen.fill(False)
        self._update()

    def add(self, tiles: np.ndarray) -> None:
        """Add tiles in which something moves.

        Args:
            tiles: bool [rows, columns].
        """
        if (tiles & ~self._seen).any():
            self._seen |= tiles
            self._update()

    def add_all(self) -> None:
        """Count every tile as seen."""
        self.add(np.ones_like(self._seen))

    @property
    def unseen_share(self) -> float:
        """Share of the image that is shown as grey, 0 to 1."""
        return 1.0 - self._share

    def fade(self, image: np.ndarray) -> None:
        """Replace what was not seen by grey, in place, with a smooth transition.

        Args:
            image: float32 [height, width].
        """
        if self._share < 1.0:
            _mix(image, self._weights, self._grey)

    def _update(self) -> None:
        """Compute the weight of each pixel: 1 where something was seen, 0 far from there."""
        filled = _filled(self._seen)
        self._share = float(filled.mean())
        rows, columns = filled.shape
        smooth = cv2.sepFilter2D(
            filled.astype(F32), -1, _SMOOTHING, _SMOOTHING, borderType=cv2.BORDER_REPLICATE
        )
        size = columns * self._tile_px, rows * self._tile_px
        self._weights = cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR)


def _filled(seen: np.ndarray) -> np.ndarray:
    """Fill small gaps, and areas that are enclosed by seen ones."""
    kernel = np.ones((LARGEST_GAP + 1, LARGEST_GAP + 1), np.uint8)
    # Beyond the image nothing is seen, so that nothing is added at its borders.
    padded = np.pad(seen.astype(np.uint8), LARGEST_GAP + 1)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
    cv2.floodFill(closed, None, (0, 0), 2)
    inner = slice(LARGEST_GAP + 1, -LARGEST_GAP - 1)
    return closed[inner, inner] != 2


@njit(nogil=True, cache=True)
def _mix(image, weights, grey):
    """Mix an image with grey, in place."""
    height, width = image.shape
    for y in range(height):
        for x in range(width):
            image[y, x] = grey + weights[y, x] * (image[y, x] - grey)
