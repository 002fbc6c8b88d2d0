# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Keeps small changes of a pixel out of a voxel grid until they add up to a step.

What averaging leaves of a flickering lamp is a fraction of an event per window and pixel, and a
network draws it as noise. It has either sign or grows slowly. An edge of the scene moves a pixel
by an event or more at once.
"""

import numpy as np

from spike_recon_ros.jit import njit

STEP_EVENTS = np.float32(0.7)
"""Change from which on a pixel is no longer held back."""
MEMORY_S = 0.03
"""Time constant with which held-back changes are dropped."""
F32 = np.float32


class DeadZone:
    """The held-back changes of the pixels of one sensor.

    Args:
        width: columns, pixels.
        height: rows, pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._before = np.zeros((height, width), F32)
        self._after = self._before.copy()
        self._t_start_ns: int | None = None

    def apply(self, grid: np.ndarray, t_start_ns: int, t_end_ns: int) -> None:
        """Hold back small changes.

        Args:
            grid: float32 [bins, height, width]; changed in place.
            t_start_ns: start of the grid's window. A window with the start of the last one
                replaces it.
            t_end_ns: its end.
        """
        if t_start_ns != self._t_start_ns:
            self._t_start_ns = t_start_ns
            self._before, self._after = self._after, self._before
        kept = F32(np.exp(-(t_end_ns - t_start_ns) / 1e9 / MEMORY_S))
        np.multiply(self._before, kept, out=self._after)
        _hold_back(grid, self._after)


@njit(nogil=True, cache=True)
def _hold_back(grid, held):
    for y in range(held.shape[0]):
        for x in range(held.shape[1]):
            change = held[y, x]
            for k in range(grid.shape[0]):
                change += grid[k, y, x]
                grid[k, y, x] = F32(0)
                if abs(change) >= STEP_EVENTS:
                    grid[k, y, x] = change
                    change = F32(0)
            held[y, x] = change
