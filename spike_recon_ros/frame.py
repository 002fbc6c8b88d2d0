# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One reconstructed frame, the output of the pipeline."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One reconstructed frame.

    Attributes:
        t_ns: sensor time of the image: the end of the window, or with spike planes the lookahead
            of the model before it. It continues without a step where the camera's clock jumped.
        stamp_ns: host time of the image; equals `t_ns` if the packets have no host time, and with
            `grid_origin` sensor_time.
        t_start_ns: sensor time at which the window began.
        samples: Events or SpikePlanes of the window, as the model received them.
        intensity: float32 [H, W], output of the model, in its own range.
        image: uint8, uint16 or float32 [H, W], rendered; None if rendering is switched off.
        color: uint8 [H, W, 3] in the order of `color_encoding`; None without the setting `color`,
            or while nobody wants it.
    """

    t_ns: int
    stamp_ns: int
    t_start_ns: int
    samples: Any
    intensity: np.ndarray
    image: np.ndarray | None
    color: np.ndarray | None = None

    def __repr__(self) -> str:
        image = None if self.image is None else _described(self.image)
        color = '' if self.color is None else f', color={_described(self.color)}'
        return (
            f'Frame(t_ns={self.t_ns}, stamp_ns={self.stamp_ns}, t_start_ns={self.t_start_ns}, '
            f'samples={self.samples!r}, intensity={_described(self.intensity)}, image={image}'
            f'{color})'
        )


def _described(array: np.ndarray) -> str:
    return f'<{array.dtype} {list(array.shape)}>'
