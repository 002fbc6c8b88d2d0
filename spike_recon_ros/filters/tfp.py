# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""TFP, texture from playback: the mean over a number of spike planes.

Zhu, Dong, Huang, Tian: A Retina-Inspired Sampling Method for Visual Texture Reconstruction, ICME
2019.
"""

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.filters.spike_filter import SpikeFilter
from spike_recon_ros.settings import Settings
from spike_recon_ros.spike_history.history import PLANES_KEPT


class Tfp(SpikeFilter):
    """Mean over consecutive planes, centred on the instant.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        planes: number of planes, odd; half of them add to the latency.

    Raises:
        UserError: the number of planes is even, or larger than the history.
    """

    name = 'tfp'

    def __init__(self, width: int, height: int, planes: int = Settings.tfp_planes) -> None:
        if not (0 < planes < PLANES_KEPT and planes % 2):
            raise UserError(f'tfp_planes is {planes}; it must be odd and below {PLANES_KEPT}')
        self._planes = planes
        super().__init__(width, height, planes // 2)

    def _intensity(self) -> np.ndarray:
        return self._history.count(0, self._planes).astype(np.float32) / np.float32(self._planes)
