# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Motion-compensated spike rates around an instant.

The tensor is float32 [1 + 6 + 9 + 2 + 2 phases^2, height, width]. In spikes per plane: the mean
over all planes, warped along the scene's motion to the instant
(`spike_history/motion_compensated_rates.py`); the interval rates; and the means over warped groups
of planes, the oldest first. In pixels to the right and down: the displacement to the position of
the scene point one window earlier. With `phases`: the light between the pixels
(`spike_history/subpixel_samples.py`), for super-resolution.

The interval rates are computed per pixel without motion. They stay valid where the groups disagree
because of occlusion or wrong optical flow. Groups with missing planes hold the most likely rate,
as in `spike_intervals`.
"""

import numpy as np

from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.interval_rates import RATES, interval_rates
from spike_recon_ros.spike_history.motion_compensated_rates import GROUPS, MotionCompensatedRates
from spike_recon_ros.spike_history.subpixel_samples import SubpixelSamples
from spike_recon_ros.windows.window import Window

AXES = 2
STILL = slice(1, 1 + len(RATES))
MEANS = slice(STILL.stop, STILL.stop + GROUPS)
MOTION = slice(MEANS.stop, MEANS.stop + AXES)


class SpikeCompensated:
    """Implements Representation.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: future planes used for each image; more than 30 do not improve it.
        phases: points per pixel along each side between which light is sampled: 2, 3, 4, or 0 for
            none.

    Raises:
        UserError: the history does not keep that many planes, or `phases` has another value.
    """

    def __init__(self, width: int, height: int, lookahead_planes: int, phases: int = 0) -> None:
        self.lookahead_planes = lookahead_planes
        self.channels = MOTION.stop + 2 * phases**2
        self._history = SpikeHistory(width, height, lookahead_planes)
        self._moved = MotionCompensatedRates(self._history)
        self._between = SubpixelSamples(self._history, phases) if phases else None

    def write(self, window: Window[SpikePlanes], out: np.ndarray) -> None:
        """See Representation."""
        self._history.push(window.samples.bits)
        interval_rates(self._history, out[STILL])
        out[0] = out[STILL.start]
        path = self._moved.write(out[0], out[MEANS])
        out[MOTION] = 0 if path is None else path.at(-len(window.samples))
        if self._between is not None:
            self._between.write(out[0], path, out[MOTION.stop :])

    def reset(self) -> None:
        """See Representation."""
        self._history.reset()
