# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Read an image file after a check of the size that its header declares.

A PNG of a megabyte can declare a gigapixel, and a decoder allocates all of it.
"""

from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.regular_file import check_regular

PNG_MAGIC, JPEG_MAGIC = b'\x89PNG\r\n\x1a\n', b'\xff\xd8'
HEAD_BYTES = 2**16
LARGEST_IMAGE_SIDE = 2**14
START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def read_image_file(path: Path, flags: int) -> np.ndarray:
    """Return an image as OpenCV decodes it.

    Args:
        path: the file.
        flags: `cv2.IMREAD_...`.

    Raises:
        UserError: if it cannot be read, or declares sides above 16,384 pixels.
    """
    check_regular(path)
    try:
        with path.open('rb') as file:
            sides = declared_sides(file.read(HEAD_BYTES))
    except OSError as error:
        raise UserError(f'{shown(path)} cannot be read: {error.strerror or error}') from error
    if max(sides) > LARGEST_IMAGE_SIDE:
        raise UserError(
            f'the image {shown(path)} declares {sides[0]}x{sides[1]} pixels; it is damaged, or '
            'too large to be a frame'
        )
    image = cv2.imread(str(path), flags)
    if image is None:
        raise UserError(f'{shown(path)} cannot be read as an image; copy it again, or name a PNG')
    return image


def declared_sides(head: bytes) -> tuple[int, int]:
    """Return width and height from the first bytes of a PNG or JPEG; (0, 0) = not found."""
    if head.startswith(PNG_MAGIC):
        return int.from_bytes(head[16:20], 'big'), int.from_bytes(head[20:24], 'big')
    at = len(JPEG_MAGIC)
    while head.startswith(JPEG_MAGIC) and at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in START_OF_FRAME:
            height, width = head[at + 5 : at + 7], head[at + 7 : at + 9]
            return int.from_bytes(width, 'big'), int.from_bytes(height, 'big')
        at += 2 + int.from_bytes(head[at + 2 : at + 4], 'big')
    return 0, 0
