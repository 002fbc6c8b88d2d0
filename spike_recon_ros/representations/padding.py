# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sizes that a network with strides can halve, and the way back.

Comes in: arrays of such a size, of which the sensor fills the top left. Goes out: their views and
what lies beyond the sensor. Knows nothing about what the arrays hold.
"""

import numpy as np


def padded_size(height: int, width: int, multiple: int) -> tuple[int, int]:
    """Return the smallest size that holds height x width and is divisible by `multiple`."""
    return -(-height // multiple) * multiple, -(-width // multiple) * multiple


def crop(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the view [..., height, width] that the sensor fills."""
    return array[..., :height, :width]


def mirror_beyond(array: np.ndarray, height: int, width: int) -> None:
    """Fill the rows below and the columns to the right with the mirror image, in place.

    Args:
        array: [..., rows, columns] whose top left height x width are filled; at most as much
            lies beyond them.
        height: rows that are filled.
        width: columns that are filled.
    """
    rows, columns = array.shape[-2] - height, array.shape[-1] - width
    if rows:
        array[..., height:, :width] = array[..., height - rows - 1 : height - 1, :width][
            ..., ::-1, :
        ]
    if columns:
        array[..., width:] = array[..., width - columns - 1 : width - 1][..., ::-1]
