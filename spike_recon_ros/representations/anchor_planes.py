# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The channels in which a network for events reads the latest frame of an aligned camera.

They follow the channels of the voxel grid: the grey of the frame, 0 to 1; whether the state has
not been updated with this frame yet, 1 or 0; and how recent it is, 1 for age 0, a half for
HALF_AGE_S, and 0 where there is no frame. Without a frame all three are 0.

Training writes the same channels, so the formula is here and not in the runtime's input.
"""

import numpy as np

CHANNELS = 3
HALF_AGE_S = 0.1
"""Age at which a frame counts half."""


def recency(age_s: float) -> float:
    """Return how recent a frame is, from 1 for age 0 towards 0."""
    return 1.0 / (1.0 + max(age_s, 0.0) / HALF_AGE_S)


def write_anchor(planes: np.ndarray, grey: np.ndarray, age_ns: int, is_new: bool) -> None:
    """Write a frame.

    Args:
        planes: float32 [CHANNELS, height, width], overwritten.
        grey: float32 [height, width], 0 to 1.
        age_ns: end of the window minus time of the frame.
        is_new: whether the state has not been updated with this frame yet.
    """
    planes[0] = grey
    planes[1] = float(is_new)
    planes[2] = recency(age_ns / 1e9)
