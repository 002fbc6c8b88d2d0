# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whether the first planes of a spike camera suffice for a recurrent state.

Images for an instant before the first plane are extrapolated, and in the dark the first images are
guessed from one spike per pixel. A network that kept the state of these steps was 2 dB worse two
images later.
"""

import numpy as np

from spike_recon_ros.packets.spike_planes import SpikePlanes

ENOUGH_SPIKES = 2.0
"""Mean number of spikes of a pixel since a reset, from which on the state is kept: fewer spikes
bound no interval, so brightness is guessed."""
MOST_PLANES = 128
"""Planes after which the state is kept in any case: the planes that are remembered, twice."""


class FirstPlanes:
    """Counts the planes since a reset, and the spikes in them.

    Args:
        lookahead_planes: see Model.
        pixels: number of pixels of the sensor.
    """

    def __init__(self, lookahead_planes: int, pixels: int) -> None:
        self._lookahead_planes, self._pixels = lookahead_planes, pixels
        self.reset()

    def reset(self) -> None:
        """Begin again with the next planes."""
        self._planes = self._spikes = 0

    def suffice_with(self, planes: SpikePlanes) -> bool:
        """Return whether to keep a state that has read further planes."""
        if self._planes > MOST_PLANES:
            return True
        self._planes += len(planes)
        self._spikes += np.count_nonzero(np.unpackbits(planes.bits))
        if self._planes <= self._lookahead_planes:
            return False
        return self._planes > MOST_PLANES or self._spikes >= ENOUGH_SPIKES * self._pixels
