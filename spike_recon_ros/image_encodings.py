# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pixel types of images, by their ROS names."""

import numpy as np

DTYPES: dict[str, type[np.generic]] = {
    'mono8': np.uint8,
    'mono16': np.uint16,
    '32FC1': np.float32,
}


_NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def encoding_of(image: np.ndarray) -> str:
    """Return the ROS encoding of an image.

    Raises:
        KeyError: the pixel type is not in DTYPES.
    """
    return _NAMES[image.dtype]
