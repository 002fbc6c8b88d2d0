# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One image of the aligned camera, and its pixels in the forms that the pipeline uses."""

from dataclasses import dataclass

import cv2
import numpy as np

from spike_recon_ros.errors import UserError

LEAST_CONTRAST = 2.0
"""Standard deviation, in grey levels, below which an image shows nothing: black or saturated."""
DARKEST, BRIGHTEST = 12.0, 243.0
"""An image shows nothing if 98 % of its pixels lie below, or above: noise on black or white."""

LARGEST_FLOAT = 1.5
"""A float image above it does not lie in 0..1; a resampled one may exceed 1 a little."""

DARKEST_16_BITS = 4096
"""A 16-bit image with all pixels below this shows nothing: it is black, or its pixels have 12 bits
that were not shifted up."""


@dataclass(frozen=True, slots=True, eq=False)
class CameraFrame:
    """An image of a camera that is aligned pixel by pixel with the event camera.

    Attributes:
        stamp_ns: host time of the image, on the clock of the packets.
        image: uint8, grey [H, W] or colour in BGR order [H, W, 3].
    """

    stamp_ns: int
    image: np.ndarray

    @property
    def is_colour(self) -> bool:
        """Whether the image has colour."""
        return self.image.ndim == 3

    def grey(self) -> np.ndarray:
        """Return uint8 [H, W]; a view where the image is grey."""
        return grey_image(self.image)

    def is_blank(self) -> bool:
        """Return whether the image shows nothing, as with a closed lens or in full saturation."""
        pixels = self.grey()[::2, ::2]
        low, high = np.percentile(pixels, (2, 98))
        return bool(pixels.std() < LEAST_CONTRAST or high < DARKEST or low > BRIGHTEST)


def camera_frame(stamp_ns: int, image: np.ndarray) -> CameraFrame:
    """Return the frame of an image as it was recorded or sent.

    Args:
        stamp_ns: host time of the image.
        image: [H, W] or [H, W, channels] with 1, 3 (BGR) or 4 (BGRA) channels; uint8, uint16, or
            float in 0..1.

    Raises:
        UserError: float pixels are not numbers, or do not lie in 0..1.
    """
    _check_floats(image)
    if image.dtype == np.uint16 and image.max(initial=0) < DARKEST_16_BITS:
        image = np.zeros(image.shape, np.uint8)  # refused as blank, with a sentence
    image = eight_bits(image)
    if image.ndim == 3:
        image = image[:, :, :3] if image.shape[2] >= 3 else image[:, :, 0]
    return CameraFrame(stamp_ns, np.ascontiguousarray(image))


def _check_floats(image: np.ndarray) -> None:
    if image.dtype.kind != 'f':
        return
    unknown = int(np.count_nonzero(~np.isfinite(image)))
    if unknown:
        raise UserError(
            f'{unknown} of {image.size} pixels of a float frame are not finite numbers (is it a '
            'depth image?); fill them, or publish the frames as mono8'
        )
    low, high = float(image.min(initial=0)), float(image.max(initial=0))
    if high > LARGEST_FLOAT or low < 1 - LARGEST_FLOAT:
        raise UserError(
            f'the pixels of a float frame lie in {low:g} to {high:g}, not in 0 to 1; scale them, '
            'or publish the frames as mono8'
        )


def eight_bits(image: np.ndarray) -> np.ndarray:
    """Return an image of any pixel type as uint8 of the same shape; float images lie in 0..1."""
    if image.dtype == np.uint16:
        image = image.astype(np.float32) / np.float32(65_535)
    if image.dtype != np.uint8:
        image = np.rint(255 * np.clip(np.nan_to_num(image), 0, 1)).astype(np.uint8)
    return image


def grey_image(image: np.ndarray) -> np.ndarray:
    """Return uint8 [height, width] of an image of any encoding; float images lie in 0..1."""
    image = eight_bits(image)
    if image.ndim == 3 and image.shape[2] >= 3:
        return cv2.cvtColor(image[:, :, :3], cv2.COLOR_BGR2GRAY)
    image = image.reshape(*image.shape[:2], -1)[:, :, 0]
    return np.ascontiguousarray(image)
