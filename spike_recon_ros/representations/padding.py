# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sizes that a network with strides can halve, and the way back.

Comes in: arrays [..., height, width]. Goes out: the same, with rows added below and columns added
on the right, or without them again. Knows nothing about what the arrays hold.
"""

import numpy as np

PADDINGS = ('reflect', 'zero')


def padded_size(height: int, width: int, multiple: int) -> tuple[int, int]:
    """Return the smallest size that holds height x width and is divisible by `multiple`."""
    return -(-height // multiple) * multiple, -(-width // multiple) * multiple


def pad(array: np.ndarray, multiple: int, padding: str = 'reflect') -> np.ndarray:
    """Return [..., height, width] extended to a multiple; the array itself where it fits already.

    Args:
        array: any type, at least two dimensions.
        multiple: what both sizes must be divisible by, at least 1.
        padding: `reflect` mirrors the image at its last row and column, `zero` adds zeros.

    Raises:
        ValueError: if `padding` is neither.
    """
    if padding not in PADDINGS:
        raise ValueError(f'padding {padding!r} is none of {PADDINGS}')
    height, width = array.shape[-2:]
    padded_height, padded_width = padded_size(height, width, multiple)
    if (padded_height, padded_width) == (height, width):
        return array
    extra = [(0, 0)] * (array.ndim - 2)
    extra += [(0, padded_height - height), (0, padded_width - width)]
    if padding == 'zero':
        return np.pad(array, extra)
    return np.pad(array, extra, mode='reflect')


def crop(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the view [..., height, width] that `pad` extended."""
    return array[..., :height, :width]
