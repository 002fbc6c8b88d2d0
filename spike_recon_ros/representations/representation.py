# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The Representation protocol: from windows to the input tensor of a network."""

from typing import Protocol

import numpy as np

from spike_recon_ros.windows.window import Window


class Representation(Protocol):
    """Computes one tensor from each window; between windows it keeps sensor data only.

    Attributes:
        channels: number of channels of the tensor.
        lookahead_planes: planes between the image's instant and the end of the window; 0 for
            events.
    """

    channels: int
    lookahead_planes: int

    def write(self, window: Window, out: np.ndarray) -> None:
        """Write the tensor of the next window to `out`, float32 [channels, rows, columns].

        `out` has the sensor's size and may be a view of a larger array.
        """

    def reset(self) -> None:
        """Clear everything kept from earlier windows."""
