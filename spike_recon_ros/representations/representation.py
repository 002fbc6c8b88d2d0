# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What turns windows into the tensor of a network, and what all of them have in common.

Comes in: nothing. Goes out: a protocol. Knows nothing about events, spike planes or networks.
"""

from typing import Protocol

import numpy as np

from spike_recon_ros.windows.window import Window


class Representation(Protocol):
    """Makes one tensor of each window; what it remembers between them is of the sensor only.

    Attributes:
        channels: of the tensor.
        lookahead_planes: planes between the instant that the image is for and the window's end;
            0 for events.
    """

    channels: int
    lookahead_planes: int

    def write(self, window: Window, out: np.ndarray) -> None:
        """Take the next window in; write its tensor to `out`, float32 [channels, rows, columns].

        `out` has the sensor's size and may be a view of a larger array.
        """

    def reset(self) -> None:
        """Forget every window."""
