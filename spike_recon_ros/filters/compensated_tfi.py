# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""TFI averaged over many instants, each warped along the scene's motion to the image's instant.

A mean over milliseconds is nearly free of rounding to whole planes. Its sharpness depends on the
estimated optical flow. In the dark it consists of few spikes. rate_noise.py removes noise and
sharpens what motion has blurred.
"""

from functools import cached_property

import numpy as np

from spike_recon_ros.filters.rate_noise import RateNoise
from spike_recon_ros.filters.spike_intervals import SpikeIntervals
from spike_recon_ros.spike_history.motion_compensated_rates import REACH, MotionCompensatedRates


class CompensatedTfi(SpikeIntervals):
    """Motion-compensated mean of interval rates; see MotionCompensatedRates.

    Until enough planes around the instant have arrived, the image is that of SpikeIntervals. The
    arguments are the same, with a larger default lookahead.
    """

    name = 'compensated_tfi'

    def __init__(self, width: int, height: int, lookahead_planes: int = REACH) -> None:
        super().__init__(width, height, lookahead_planes)

    @cached_property
    def _moved(self) -> MotionCompensatedRates:
        return MotionCompensatedRates(self._history, fast=True)

    @cached_property
    def _noise(self) -> RateNoise:
        return RateNoise(self._history, self._moved)

    def _intensity(self) -> np.ndarray:
        if not self._moved.available:
            return super()._intensity()
        intensity, middle = np.empty((2, self._history.height, self._history.width), np.float32)
        self._moved.write(intensity, middle=middle)
        self._noise.remove(intensity, middle)
        return np.clip(intensity, 0, 1, intensity)  # sharpening may overshoot
