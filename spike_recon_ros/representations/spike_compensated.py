# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the spikes around an instant say of the light, with the scene's motion taken out.

Comes in: Windows of SpikePlanes. Goes out: float32 [1 + 6 + 9 + 2, height, width]. In spikes a
plane: the mean over all planes, carried along with the scene to where it is at the instant
(`spike_history/motion_compensated_rates.py`), the interval rates, and the means over groups
of planes that are carried along, the oldest first. In pixels to the right and down: where what is
seen here was one window ago. Knows nothing about networks. Training and the live node both call
this.

The rates are of one pixel each and know nothing of motion: where the groups disagree, because
something was hidden or the flow is wrong, they still tell the light. Groups whose planes have not
been seen have the likeliest rate, as in `spike_intervals`.
"""

import numpy as np

from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.spike_history.interval_rates import RATES, interval_rates
from spike_recon_ros.spike_history.motion_compensated_rates import GROUPS, MotionCompensatedRates
from spike_recon_ros.windows.window import Window

AXES = 2
STILL = slice(1, 1 + len(RATES))
MEANS = slice(STILL.stop, STILL.stop + GROUPS)


class SpikeCompensated:
    """Implements Representation.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: planes between the instant and the newest one; beyond 30 more do not
            help.

    Raises:
        UserError: planes would be looked ahead that are not kept.
    """

    channels = MEANS.stop + AXES

    def __init__(self, width: int, height: int, lookahead_planes: int) -> None:
        self.lookahead_planes = lookahead_planes
        self._history = SpikeHistory(width, height, lookahead_planes)
        self._moved = MotionCompensatedRates(self._history)

    def write(self, window: Window[SpikePlanes], out: np.ndarray) -> None:
        """See Representation."""
        self._history.push(window.samples.bits)
        interval_rates(self._history, out[STILL])
        out[0] = out[STILL.start]
        velocity = self._moved.write(out[0], out[MEANS])
        gone = 0 if velocity is None else velocity.transpose(2, 0, 1) * -len(window.samples)
        out[-AXES:] = gone

    def reset(self) -> None:
        """See Representation."""
        self._history.reset()
