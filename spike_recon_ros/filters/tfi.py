# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""TFI, texture from interval: the reciprocal of the time between two spikes.

Zhu, Dong, Huang, Tian: A Retina-Inspired Sampling Method for Visual Texture Reconstruction, ICME
2019.
"""

import numpy as np

from spike_recon_ros.filters.spike_filter import SpikeFilter
from spike_recon_ros.jit import njit


class Tfi(SpikeFilter):
    """Reciprocal of the interval around the instant, from the last spike before it to the next.

    An interval that has not ended is assumed to end now, but to be at least as long as the one
    before.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: future planes in which the interval may end; adds that much latency.

    Raises:
        UserError: the history does not keep that many planes.
    """

    name = 'tfi'

    def _intensity(self) -> np.ndarray:
        history = self._history
        intensity = np.empty((history.height, history.width), np.float32)
        _over_intervals(history.before, history.after(), history.end, intensity)
        return intensity


# Lengths are never zero. Without numba's check for that, the loop is vectorised.
@njit(nogil=True, cache=True, error_model='numpy')
def _over_intervals(before, after, end, intensity):
    one = np.float32(1.0)
    height, width = intensity.shape
    for y in range(height):
        latest, earlier, next_one, image = before[0, y], before[1, y], after[0, y], intensity[y]
        for x in range(width):
            length = next_one[x] - latest[x]
            if next_one[x] == end:
                length = max(length, latest[x] - earlier[x])
            image[x] = one / np.float32(np.int32(length))
