# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the filters for spike cameras do alike.

Comes in: Windows of SpikePlanes. Goes out: intensity in spikes a plane, 0 to 1. Knows nothing
about how each filter makes it from the spikes around the instant.
"""

from abc import ABC, abstractmethod

import numpy as np

from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.windows.window import Window

# Two milliseconds of a camera that reads 20,000 planes a second. On public simulated clips, whose
# dark parts fire every thirtieth plane, more gain less than .01 dB.
LOOKAHEAD_PLANES = 40


class SpikeFilter(ABC):
    """A filter whose state is a SpikeHistory, 24 bytes a pixel.

    The image is for the plane that came `lookahead_planes` before the last one of the window.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: planes after the instant that its image may use.

    Raises:
        UserError: if so many planes are not kept.
    """

    name: str
    hop_planes = 0
    longest_window_ns = 0

    def __init__(self, width: int, height: int, lookahead_planes: int = LOOKAHEAD_PLANES) -> None:
        self.lookahead_planes = lookahead_planes
        self._history = SpikeHistory(width, height, lookahead_planes)
        self._intensity()  # compiles now, not at the first packet

    def step(self, window: Window[SpikePlanes]) -> np.ndarray:
        """Take the planes of one window in; return float32 [height, width], spikes a plane."""
        self._history.push(window.samples.bits)
        return self._intensity()

    @abstractmethod
    def _intensity(self) -> np.ndarray:
        """Return the intensity at the instant, float32 [height, width]."""

    def reset(self) -> None:
        """Forget every plane."""
        self._history.reset()

    def close(self) -> None:
        """Nothing to give back."""
        return
