# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The newest spike planes themselves, as most published networks for spike cameras read them.

Comes in: Windows of SpikePlanes. Goes out: float32 [planes, height, width], 0 or 1, the oldest
plane first. Knows nothing about networks. Training and the live node both call this.
"""

import numpy as np

from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.windows.window import Window


class SpikeStack:
    """Implements Representation; planes before the first one count as without spikes.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        planes: how many, at most 64.
        lookahead_planes: planes between the instant and the newest one.

    Raises:
        UserError: if so many planes are not kept.
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
