# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pictures for the page: 8 bits, not larger than a screen needs, compressed when someone looks."""

import cv2
import numpy as np

LARGEST_WIDTH = 800
JPEG_QUALITY = 80


class Picture:
    """An image and its time; compressed at most once, and only if somebody asks.

    Args:
        image: uint8, uint16 or float32 in 0..1, [H, W] or BGR [H, W, 3].
        stamp_ns: time of the image.
    """

    def __init__(self, image: np.ndarray, stamp_ns: int) -> None:
        self.stamp_ns = stamp_ns
        self._image: np.ndarray | None = image
        self._jpeg: bytes | None = None

    @staticmethod
    def compressed(jpeg: bytes, stamp_ns: int) -> 'Picture':
        """Return a picture of bytes that `jpeg` gave."""
        picture = Picture(np.empty(0, np.uint8), stamp_ns)
        picture._image, picture._jpeg = None, jpeg
        return picture

    def jpeg(self) -> bytes:
        """Return the picture as JPEG, at most LARGEST_WIDTH wide."""
        if self._jpeg is None:
            assert self._image is not None
            small = _shrunk(eight_bits(self._image))
            quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
            self._jpeg = cv2.imencode('.jpg', small, quality)[1].tobytes()
        return self._jpeg

    def file(self) -> tuple[bytes, str]:
        """Return the picture as a file to keep, and its type: PNG in full size, if it is there."""
        if self._image is None:
            return self.jpeg(), 'jpeg'
        return cv2.imencode('.png', eight_bits(self._image))[1].tobytes(), 'png'


def eight_bits(image: np.ndarray) -> np.ndarray:
    """Return an image as uint8; a view if it is one already."""
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return (image >> 8).astype(np.uint8)
    return np.rint(255 * np.clip(np.nan_to_num(image), 0, 1)).astype(np.uint8)


def _shrunk(image: np.ndarray) -> np.ndarray:
    step = -(-image.shape[1] // LARGEST_WIDTH)
    if step <= 1:
        return image
    size = (max(1, image.shape[1] // step), max(1, image.shape[0] // step))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
