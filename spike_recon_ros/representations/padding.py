# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pad arrays to a multiple of a network's stride, the sensor in the top left, and crop them."""

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
        array: [..., rows, columns] with data in its top left height x width; the padding is
            smaller than the data.
        height: rows of data.
        width: columns of data.
    """
    rows, columns = array.shape[-2] - height, array.shape[-1] - width
    if rows:
        array[..., height:, :width] = array[..., height - rows - 1 : height - 1, :width][
            ..., ::-1, :
        ]
    if columns:
        array[..., width:] = array[..., width - columns - 1 : width - 1][..., ::-1]
