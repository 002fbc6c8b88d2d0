# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Put colours onto a reconstructed image without changing its brightness."""

import cv2
import numpy as np


def with_luma(luma: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Return the colours of one image with the brightness of another.

    Luma is replaced in YCrCb (ITU-R BT.601). Where the result would leave the range of 8 bits, it
    is clipped, so the brightness of saturated colours may change there.

    Args:
        luma: uint8 [height, width].
        colour: uint8 [rows, columns, 3], BGR; resized if its size is another one.

    Returns: uint8 [height, width, 3], BGR.
    """
    return merged(luma, chroma_of(colour))


def chroma_of(colour: np.ndarray) -> np.ndarray:
    """Return uint8 [height, width, 2], Cr and Cb of a BGR image; 128 = no colour."""
    return np.ascontiguousarray(cv2.cvtColor(colour, cv2.COLOR_BGR2YCrCb)[:, :, 1:])


def luma_of(colour: np.ndarray) -> np.ndarray:
    """Return uint8 [height, width], the luma of a BGR image."""
    return cv2.cvtColor(colour, cv2.COLOR_BGR2YCrCb)[:, :, 0]


def merged(luma: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Return uint8 [height, width, 3], BGR, of luma and chroma; chroma is resized to luma.

    Args:
        luma: uint8 [height, width].
        chroma: uint8 [rows, columns, 2], Cr and Cb.
    """
    height, width = luma.shape
    if chroma.shape[:2] != luma.shape:
        chroma = cv2.resize(chroma, (width, height), interpolation=cv2.INTER_LINEAR)
    cr, cb = cv2.split(chroma)
    return cv2.cvtColor(cv2.merge((luma, cr, cb)), cv2.COLOR_YCrCb2BGR)


def grey_in_colour(luma: np.ndarray) -> np.ndarray:
    """Return uint8 [height, width, 3], an image without colour."""
    return cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR)
