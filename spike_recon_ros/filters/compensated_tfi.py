# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""TFI averaged over many instants, each carried along with the scene to the one of the image.

Comes in: Windows of SpikePlanes. Goes out: intensity. A mean over milliseconds is nearly free of
the rounding to whole planes, and as sharp as the scene's motion is known.
"""

from functools import cached_property

import numpy as np

from spike_recon_ros.filters.spike_intervals import SpikeIntervals
from spike_recon_ros.spike_history.motion_compensated_rates import REACH, MotionCompensatedRates


class CompensatedTfi(SpikeIntervals):
    """Mean of what is between spikes, moved by the flow of the planes; see MotionCompensatedRates.

    Until planes around the instant have been seen, the image is that of SpikeIntervals, which
    takes the same arguments, but looks further ahead where it is not told.
    """

    name = 'compensated_tfi'

    def __init__(self, width: int, height: int, lookahead_planes: int = REACH) -> None:
        super().__init__(width, height, lookahead_planes)

    @cached_property
    def _moved(self) -> MotionCompensatedRates:
        return MotionCompensatedRates(self._history)

    def _intensity(self) -> np.ndarray:
        intensity = super()._intensity()
        self._moved.write(intensity)
        return np.clip(intensity, 0, 1, intensity)  # between pixels the cubics may overshoot
