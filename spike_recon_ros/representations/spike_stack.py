# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The newest spike planes as they are: the input of most published networks for spike cameras.

The tensor is float32 [planes, height, width] of 0 and 1, with the oldest plane first.
"""

import numpy as np

from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.windows.window import Window


class SpikeStack:
    """Implements Representation; planes before the start of the stream are zero.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        planes: number of planes, at most 64.
        lookahead_planes: future planes used for each image; adds that much latency.

    Raises:
        UserError: the history does not keep that many planes.
    """

    def __init__(self, width: int, height: int, planes: int, lookahead_planes: int) -> None:
        self.channels, self.lookahead_planes = planes, lookahead_planes
        self._history = SpikeHistory(width, height, lookahead_planes)

    def write(self, window: Window[SpikePlanes], out: np.ndarray) -> None:
        """See Representation."""
        self._history.push(window.samples.bits)
        out[:] = self._history.stack(self.channels)

    def reset(self) -> None:
        """See Representation."""
        self._history.reset()
