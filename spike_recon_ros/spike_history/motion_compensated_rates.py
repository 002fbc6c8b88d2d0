# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The light at an instant from all planes around it, each carried there along with the scene.

Comes in: a SpikeHistory. Goes out: means over groups of spans, and one over all. Knows nothing
about packets, filters or networks.

A pixel fires every few planes, and in that time the scene has moved on: what one pixel tells is
either coarse or blurred. All planes together tell it finely, once each is moved by how far the
scene went until the instant. What is moved is not whether a pixel fired at a plane but how fast it
was filling up (`mean_rates.py`): on three public simulated clips the mean has a PSNR of
33.4 dB so, and of 31.1 at best where planes are moved (Zhao et al., "High-Speed Motion Scene
Reconstruction for Spike Camera via Motion Aligned Filtering", ISCAS 2020).
"""

from itertools import pairwise

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.spike_history.history import PLANES_KEPT, SpikeHistory
from spike_recon_ros.spike_history.mean_rates import mean_rates
from spike_recon_ros.spike_history.plane_motion import PlaneMotion, one_thread

SIDE = 2, 4, 6, 9, 12, 16, 20, 25, 30
"""Planes from the instant to where spans end on either side; the planes of one are moved as one.
Near the instant they are short; far from it the flow is less sure than they are long."""
GROUP_ENDS = 30, 20, 12, 6, 2, -2, -6, -12, -20, -30
"""The same of the groups, planes after the instant; it is in the middle of them all."""
REACH = SIDE[-1]
"""Planes on either side of the instant that are used if they have been seen."""
_CUTS = np.array([*SIDE[::-1], 0, *(-planes for planes in SIDE)])
"""Between the spans, planes after the instant, the newest first."""
_LATER = (_CUTS[:-1] + _CUTS[1:]) / 2
"""Planes from the instant to the middle of each span."""
_WEIGHTS = (-np.diff(_CUTS) * (1 - np.abs(_LATER) / REACH)).astype(np.float32)
"""Of each span in the mean over all: the flow is the less certain the further it reaches."""
_BOUNDS = list(pairwise(np.searchsorted(-_CUTS, [-planes for planes in GROUP_ENDS]).tolist()))
"""Of each group, the first span and the one after its last."""
GROUPS = len(_BOUNDS)


class MovedRates:
    """Tells rates at the instant.

    Args:
        history: of the pixels; is read whenever something is asked for.

    Raises:
        UserError: the history does not reach far enough behind the instant.
    """

    def __init__(self, history: SpikeHistory) -> None:
        if history.lookahead + REACH >= PLANES_KEPT:
            raise UserError(
                f'lookahead_planes is {history.lookahead}; what moves planes along with the scene '
                f'takes at most {PLANES_KEPT - 1 - REACH}'
            )
        self._history = history
        self._motion = PlaneMotion(history)
        self._rates = np.empty((len(_LATER), history.height, history.width), np.float32)
        mean_rates(history, np.arange(2), self._rates[:1])  # compiles now, not later

    def write(self, mean: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray | None:
        """Write the means.

        Args:
            mean: over all spans, the near ones most: float32 [height, width], spikes a plane.
                What it holds stays where no span has been seen.
            groups: over those of each group, the oldest first: float32 [GROUPS, height, width].
                One of which no span has been seen becomes what `mean` held.

        Returns: the velocity by which they are moved, see PlaneMotion.
        """
        first, rates = self._spans()
        with one_thread():
            velocity = self._motion.velocity()
            if velocity is not None:
                for rate, later in zip(rates, _LATER[first:], strict=False):
                    self._motion.move(rate, velocity, float(later))
        if groups is not None:
            for group, (begin, end) in zip(groups[::-1], _BOUNDS, strict=True):
                seen = rates[max(0, begin - first) : max(0, end - first)]
                group[:] = seen.mean(0) if len(seen) else mean
        if len(rates):
            weights = _WEIGHTS[first : first + len(rates)]
            # No product of matrices: the threads of BLAS would wait, busily, for the next one.
            np.einsum('s,shw->hw', weights / weights.sum(), rates, out=mean)
        return velocity

    def _spans(self) -> tuple[int, np.ndarray]:
        """Return which is the newest span that has been seen, and the rates of all that have."""
        history = self._history
        cuts = history.lookahead - _CUTS
        seen = (cuts >= 0) & (cuts <= min(PLANES_KEPT - 1, history.end))
        first, spans = int(np.argmax(seen)), max(0, np.count_nonzero(seen) - 1)
        if spans:
            mean_rates(history, cuts[seen], self._rates[:spans])
        return first, self._rates[:spans]
