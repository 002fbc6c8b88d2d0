# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Read an image file after a check of the size that its header declares.

A PNG of a megabyte can declare a gigapixel, and a decoder allocates all of it.
"""

import os
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.regular_file import check_regular

PNG_MAGIC, JPEG_MAGIC = b'\x89PNG\r\n\x1a\n', b'\xff\xd8'
HEAD_BYTES = 2**16
LARGEST_IMAGE_SIDE = 2**14
LARGEST_DEFLATE_RATIO = 1032
"""Bytes that one byte of a PNG can stand for; no JPEG exceeds it in pixels either."""
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def read_image_file(path: Path, flags: int) -> np.ndarray:
    """Return an image as OpenCV decodes it.

    Args:
        path: the file.
        flags: `cv2.IMREAD_...`.

    Raises:
        UserError: if it cannot be read, or declares sides above 16,384 pixels, or more data than
            a file of its size can hold.
    """
    check_regular(path)
    try:
        with path.open('rb') as file:
            head = file.read(HEAD_BYTES)
            n_bytes = os.fstat(file.fileno()).st_size
            is_cut = head.startswith(PNG_MAGIC) and not _are_chunks_inside(file, n_bytes)
    except OSError as error:
        raise UserError(f'{shown(path)} cannot be read: {error.strerror or error}') from error
    if is_cut:
        raise UserError(f'{shown(path)} cannot be read as an image: it is cut; copy it again')
    sides = declared_sides(head)
    if max(sides) > LARGEST_IMAGE_SIDE:
        raise UserError(
            f'the image {shown(path)} declares {sides[0]}x{sides[1]} pixels; it is damaged, or '
            'too large to be a frame'
        )
    if sides[1] * _bytes_of_row(head, sides[0]) > LARGEST_DEFLATE_RATIO * n_bytes:
        raise UserError(
            f'the image {shown(path)} declares {sides[0]}x{sides[1]} pixels, more than its '
            f'{n_bytes:,} bytes can hold; it is damaged, copy it again'
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


def _are_chunks_inside(file: BinaryIO, n_bytes: int) -> bool:
    """Return whether each chunk of a PNG ends in the file; decoders allocate the declared size."""
    at = len(PNG_MAGIC)
    while at < n_bytes:
        file.seek(at)
        chunk = file.read(8)
        at += 12 + int.from_bytes(chunk[:4], 'big')
        if chunk[4:] == b'IEND':
            break
    return at <= n_bytes


def _bytes_of_row(head: bytes, width: int) -> int:
    """Return how many bytes a row has at least before it is compressed."""
    if not head.startswith(PNG_MAGIC):
        return width
    bits, kind = head[24:25], head[25:26]
    channels = PNG_CHANNELS.get(kind[0], 1) if kind else 1
    return -(-width * channels * (bits[0] if bits else 8) // 8)
