# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the spikes around an instant say of the light, with the scene's motion taken out.

Comes in: Windows of SpikePlanes. Goes out: float32 [6 + 9 + 2, height, width]. In spikes a plane:
the rates of `front_end/interval_rates.py`, then the means over groups of planes in a row, the
oldest first, each carried along with the scene to where it is at the instant
(front_end/plane_motion.py). In pixels to the right and down: where what is seen here was one
window ago. Knows nothing about networks. Training and the live node both call this.

The rates are of one pixel each and know nothing of motion: where the groups disagree, because
something was hidden or the flow is wrong, they still tell the light. Groups whose planes have not
been seen have the likeliest rate, as in `spike_intervals`.
"""

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.front_end.interval_rates import RATES, interval_rates
from spike_recon_ros.front_end.plane_motion import MOST_COUNTED, REACH, PlaneMotion, one_thread
from spike_recon_ros.front_end.spike_history import PLANES_KEPT, SpikeHistory
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.windows.window import Window

GROUPS = 3, 3, 2, 2, 1, 2, 2, 3, 3
"""Of each mean, how many times MOST_COUNTED planes; these are moved one by one, because a scene
moves on during nine planes. The instant is in the middle of them all."""

AXES = 2
MEANS = slice(len(RATES), len(RATES) + len(GROUPS))


class SpikeCompensated:
    """Implements Representation.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: planes between the instant and the newest one; beyond 31 more do not
            help.

    Raises:
        UserError: planes would be looked ahead that are not kept.
    """

    channels = len(RATES) + len(GROUPS) + AXES

    def __init__(self, width: int, height: int, lookahead_planes: int) -> None:
        if lookahead_planes + REACH >= PLANES_KEPT:
            raise UserError(
                f'spike_compensated with {lookahead_planes} planes ahead: take at most '
                f'{PLANES_KEPT - 1 - REACH}'
            )
        self.lookahead_planes = lookahead_planes
        self._history = SpikeHistory(width, height, lookahead_planes)
        self._motion = PlaneMotion(self._history)

    def write(self, window: Window[SpikePlanes], out: np.ndarray) -> None:
        """See Representation."""
        self._history.push(window.events.bits)
        interval_rates(self._history, out[: len(RATES)])
        with one_thread():
            velocity = self._motion.velocity()
            self._write_means(velocity, out[MEANS], likely=out[0])
        gone = 0 if velocity is None else velocity.transpose(2, 0, 1) * -len(window.events)
        out[-AXES:] = gone

    def _write_means(
        self, velocity: np.ndarray | None, means: np.ndarray, likely: np.ndarray
    ) -> None:
        first = self.lookahead_planes - REACH
        for mean, times in zip(means[::-1], GROUPS, strict=True):  # the newest first
            begins = range(first, first + times * MOST_COUNTED, MOST_COUNTED)
            first = begins.stop
            seen = [
                self._motion.count(begin, MOST_COUNTED, velocity)
                for begin in begins
                if 0 <= begin <= self._history.end - MOST_COUNTED
            ]
            mean[:] = np.mean(seen, 0) if seen else likely

    def reset(self) -> None:
        """See Representation."""
        self._history.reset()
