# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pad arrays to a multiple of a network's stride, the sensor in the top left, and crop them.

The padding is the mirror image of the sensor. With zeros, which look like a place where nothing
moves, a network draws a strip of another grey along that side.
"""

import numpy as np


def padded_size(height: int, width: int, multiple: int) -> tuple[int, int]:
    """Return the smallest size that holds height x width and is divisible by `multiple`."""
    return -(-height // multiple) * multiple, -(-width // multiple) * multiple


def crop(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a view of the sensor's part, [..., height, width]."""
    return array[..., :height, :width]


def mirror_beyond(array: np.ndarray, height: int, width: int) -> None:
    """Fill the padding below and to the right with the mirror image, in place.

    Args:
        array: [..., rows, columns] with data in its top left height x width, at least one pixel.
        height: rows of data.
        width: columns of data.
    """
    rows, columns = array.shape[-2:]
    if rows > height:
        array[..., height:, :width] = array[..., mirrored_index(height, rows), :width]
    if columns > width:
        array[..., width:] = array[..., mirrored_index(width, columns)]


def mirrored_index(count: int, end: int) -> np.ndarray:
    """Return the index below `count` whose value mirroring repeats at `count` ... `end` - 1.

    The last element is the mirror and is not repeated. Padding longer than the data goes back and
    forth.
    """
    last = count - 1
    return last - np.abs(np.arange(count, end) % max(2 * last, 1) - last)
