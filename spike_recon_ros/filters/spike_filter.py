# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Base class of the filters for spike cameras; intensity is in spikes per plane, 0 to 1."""

from abc import ABC, abstractmethod

import numpy as np

from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.windows.window import Window

# Two milliseconds at 20,000 planes per second. On public simulated clips, whose dark parts spike
# every thirtieth plane, more planes gain less than 0.01 dB.
LOOKAHEAD_PLANES = 40


class SpikeFilter(ABC):
    """A filter whose state is a SpikeHistory, 24 bytes per pixel.

    The image is for the instant `lookahead_planes` before the end of the window.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: future planes used for each image; adds that much latency.

    Raises:
        UserError: the history does not keep that many planes.
    """

    name: str
    hop_planes = 0
    longest_window_ns = 0

    def __init__(self, width: int, height: int, lookahead_planes: int = LOOKAHEAD_PLANES) -> None:
        self.lookahead_planes = lookahead_planes
        self._history = SpikeHistory(width, height, lookahead_planes)
        self._intensity()  # compiles now instead of at the first packet

    def step(self, window: Window[SpikePlanes]) -> np.ndarray:
        """Process one window; return float32 [height, width] in spikes per plane."""
        self._history.push(window.samples.bits)
        return self._intensity()

    @abstractmethod
    def _intensity(self) -> np.ndarray:
        """Return the intensity at the instant, float32 [height, width]."""

    def reset(self) -> None:
        """Forget every plane."""
        self._history.reset()

    def close(self) -> None:
        """Do nothing: the filter holds only memory."""
        return
