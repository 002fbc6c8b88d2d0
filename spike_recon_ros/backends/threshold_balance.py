# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Measures by how much the ON and OFF thresholds of each pixel differ, under a flickering lamp.

The light of a lamp returns to where it was, so the steps of whole periods must cancel. Those of a
pixel do not, because its two thresholds differ from the nominal ones: hundreds of events a second
would add up to noise. The surplus of one polarity, as a share of all events of the pixel, shows
the difference.

A scene that changes leaves a surplus, too, and its contrast would fade if that were corrected. But
neighbouring pixels see nearly the same scene, while their thresholds differ independently. So a
pixel is compared with its neighbourhood; only the mean of all pixels is corrected as well, because
the thresholds of a whole sensor can be set unequal.
"""

import cv2
import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events

MEMORY_S = 10.0
"""Time constant of the counts of a pixel's events."""
FEW_EVENTS = 30.0
"""Events of a pixel at which half of its difference from the neighbourhood is corrected."""
SIDE_PX = 13
"""Rows and columns of the neighbourhood."""
F32 = np.float32


class ThresholdBalance:
    """The surplus of ON events of each pixel of one sensor.

    Args:
        width: columns, pixels.
        height: rows, pixels.

    Attributes:
        on_weights: weight of an ON event of each pixel, float32 [height, width]; that of an OFF
            event is 2 minus it.
    """

    def __init__(self, width: int, height: int) -> None:
        self._off_on = np.zeros((2, height, width), F32)
        self.on_weights = np.ones((height, width), F32)

    def add(self, events: Events, seconds: float) -> None:
        """Count the events of one or more whole periods of the lamp."""
        self._off_on *= F32(np.exp(-seconds / MEMORY_S))
        _count(events.x, events.y, events.p, self._off_on)
        self.on_weights = self._weights()

    def _weights(self) -> np.ndarray:
        off, on = self._off_on
        total, surplus = on + off, on - off
        near_total, near_surplus = (cv2.blur(one, (SIDE_PX, SIDE_PX)) for one in (total, surplus))
        unlike = surplus - total * near_surplus / np.maximum(near_total, F32(1e-3))
        mean = surplus.sum() / max(total.sum(), F32(1))
        return F32(1) - mean - unlike * total / (total * total + F32(FEW_EVENTS**2))


@njit(nogil=True, cache=True)
def _count(xs, ys, ps, off_on):
    for i in range(xs.size):
        off_on[ps[i], ys[i], xs[i]] += F32(1)
