# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What goes out: an image and the moment that it shows.

Comes in: nothing. Goes out: a value type. Knows nothing about ROS or files.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One reconstructed frame.

    Attributes:
        t_ns: sensor time that the image is for; with spike planes some planes before the end of
            the window, as far as the model looks ahead.
        stamp_ns: host time of the frame; equals `t_ns` where the packets carry no host time.
        t_start_ns: sensor time at which the frame's window began.
        samples: Events or SpikePlanes of the window, as the model received them.
        intensity: float32 [H, W], what the model returned, in its own range.
        image: uint8, uint16 or float32 [H, W], rendered; None if rendering was switched off.
    """

    t_ns: int
    stamp_ns: int
    t_start_ns: int
    samples: Any
    intensity: np.ndarray
    image: np.ndarray | None
