# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Firing rates at an instant from all planes around it, with motion compensation.

A pixel fires only every few planes. Few planes give a coarse rate; many planes give a blurred one,
because the scene moves. The mean over many planes is fine-grained and sharp if each plane is
warped by the motion between it and the instant. The rates of `mean_rates` are warped, not the
spikes: on three public simulated clips the mean of the warped rates has a PSNR of 33.4 dB, and the
mean of warped spikes at best 31.1 dB (Zhao et al., "High-Speed Motion Scene Reconstruction for
Spike Camera via Motion Aligned Filtering", ISCAS 2020).
"""

from itertools import pairwise

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.spike_history.history import PLANES_KEPT, SpikeHistory
from spike_recon_ros.spike_history.mean_rates import mean_rates
from spike_recon_ros.spike_history.motion_blur import write_motion_blur
from spike_recon_ros.spike_history.plane_motion import FAST, FINE, PlaneMotion, one_thread
from spike_recon_ros.spike_history.predicted_rates import PredictedRates
from spike_recon_ros.spike_history.scene_path import ScenePath, warped_means, warped_rows

SIDE = 2, 4, 6, 9, 12, 16, 20, 25, 30
"""Borders of the spans on either side, in planes from the instant; a span is warped as a whole.
Spans are short near the instant. Farther away they may be longer, because the error of the
optical flow exceeds their length there."""
GROUP_ENDS = 30, 20, 12, 6, 2, -2, -6, -12, -20, -30
"""Borders of the groups of spans, in planes after the instant, which is in the middle."""
REACH = SIDE[-1]
"""Planes on either side of the instant that are used if available."""
_CUTS = np.array([*SIDE[::-1], 0, *(-planes for planes in SIDE)])
"""Borders of the spans, in planes after the instant, newest first."""
_LATER = (_CUTS[:-1] + _CUTS[1:]) / 2
"""Centre of each span, in planes after the instant."""
_WEIGHTS = (-np.diff(_CUTS) * (1 - np.abs(_LATER) / REACH)).astype(np.float32)
"""Weight of each span in the mean over all; the error of the flow grows with the distance."""
_BOUNDS = list(pairwise(np.searchsorted(-_CUTS, [-planes for planes in GROUP_ENDS]).tolist()))
"""First and end index of the spans of each group, the newest group first."""
GROUPS = len(_BOUNDS)
_ALL = np.zeros((GROUPS + 1, len(_LATER)), np.float32)
for _row, (_begin, _end) in zip(_ALL, _BOUNDS, strict=False):
    _row[_begin:_end] = 1
_ALL[GROUPS] = _WEIGHTS
"""Weight of each span in each group, and in the mean over all."""
MIDDLE_REACH = 16
"""Planes on either side of the instant in the mean over the middle spans."""
_MIDDLE = (-np.diff(_CUTS) * np.maximum(1 - np.abs(_LATER) / MIDDLE_REACH, 0)).astype(np.float32)
"""Weight of each span in that mean."""
_NEAR, _NEAREST = (_WEIGHTS * (np.abs(_LATER) < planes) for planes in (16, 9))
"""Weights of the means that predict the light: nearly as sharp and as free of noise as the mean
over all spans, and made faster."""


class MotionCompensatedRates:
    """Computes motion-compensated rates at the instant.

    Args:
        history: spikes of the pixels; read at each call.
        fast: take a third less time. The mean of all spans loses .01 dB on simulated scenes;
            the network that reads the groups loses .1 dB.

    Raises:
        UserError: the lookahead leaves too few planes before the instant.
    """

    def __init__(self, history: SpikeHistory, *, fast: bool = False) -> None:
        if history.lookahead + REACH >= PLANES_KEPT:
            raise UserError(
                f'lookahead_planes is {history.lookahead}; with motion compensation it may be '
                f'at most {PLANES_KEPT - 1 - REACH}'
            )
        self._history = history
        search, self._near = (FAST, _NEAREST) if fast else (FINE, _NEAR)
        self._motion = PlaneMotion(history.width, history.height, len(_LATER), search)
        self._predicted = PredictedRates(history)
        self._image = np.empty((history.height, history.width), np.float32)
        self._rates = np.empty((len(_LATER), history.height, history.width), np.float32)
        self._means = np.empty((GROUPS + 2, history.height, history.width), np.float32)
        self._written: tuple[int, np.ndarray, ScenePath | None] = (0, self._rates[:0], None)
        mean_rates(history, np.arange(2), self._rates[:1])  # compile before the first packet

    @property
    def available(self) -> bool:
        """Whether there are planes enough for `write` to change the mean."""
        return int(np.count_nonzero(self._seen())) > 1

    def write(
        self,
        mean: np.ndarray,
        groups: np.ndarray | None = None,
        middle: np.ndarray | None = None,
    ) -> ScenePath | None:
        """Write the mean rates in spikes per plane.

        Args:
            mean: float32 [height, width], weighted mean over all spans; unchanged if no span is
                available.
            groups: float32 [GROUPS, height, width], mean over the spans of each group, oldest
                first. A group without an available span is set to the previous `mean`.
            middle: float32 [height, width], mean over the spans within MIDDLE_REACH planes; less
                blurred than `mean` where the path is wrong, and noisier. Set to `mean` if no such
                span is available.

        Returns: the path used; None if there was none.
        """
        first, rates = self._spans()
        cuts = _CUTS[first : first + len(rates) + 1]
        path = None
        if len(rates):
            with one_thread():
                path = self._motion.path(rates, cuts)
        if path is not None:
            self._refine(first, rates, cuts, path)
        self._write_means(first, rates, path, mean, groups, middle)
        self._written = first, rates, path
        return path

    def halves(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the means over the spans before and after the instant of the last `write`.

        Args:
            rows: int64 [rows].

        Returns: float32 [2, rows, width], spikes per plane; float32 [2], the sums of their weights
            in the mean over all spans. None if one of them has no span.
        """
        _, rates, path = self._written
        used = self._used()
        weights = _WEIGHTS[used] * np.stack([_LATER[used] < 0, _LATER[used] > 0])
        sums = weights.sum(1)
        if not sums.all():
            return None
        if path is not None:
            return warped_rows(rates, _LATER[used], weights, path, rows), sums
        return np.einsum('ms,srw->mrw', weights / sums[:, None], rates[:, rows]), sums

    def middle_noise(self) -> tuple[float, float]:
        """Return the variance of noise in the last `middle`, and in its difference from `mean`.

        Both are relative to the variance in `mean`, for noise that is independent in all planes.
        """
        used = self._used()
        mean, middle = _WEIGHTS[used], _MIDDLE[used]
        if not middle.any():
            return 1.0, 0.0
        mean, middle = mean / mean.sum(), middle / middle.sum()
        lengths = -np.diff(_CUTS)[used]
        whole, part, between = (
            float((one**2 / lengths).sum()) for one in (mean, middle, middle - mean)
        )
        return part / whole, between / whole

    def write_blur(self, rate: np.ndarray, out: np.ndarray) -> None:
        """Write the motion blur in the last `mean`; see write_motion_blur.

        Args:
            rate: float32 [height, width], spikes per plane.
            out: float32 [height, width], pixels; 0 without a path.
        """
        path, used = self._written[2], self._used()
        if path is None:
            out.fill(0)
            return
        write_motion_blur(path, _LATER[used], -np.diff(_CUTS)[used], _WEIGHTS[used], rate, out)

    def _used(self) -> slice:
        """Return which spans the last `write` used."""
        first, rates, _ = self._written
        return slice(first, first + len(rates))

    def _refine(self, first: int, rates: np.ndarray, cuts: np.ndarray, path: ScenePath) -> None:
        """Replace the rates by those that follow the light inside the intervals."""
        if self._near[first : first + len(rates)].any():
            _means(rates, first, self._near[None], path, self._image[None])
            self._predicted.write(self._image, path, cuts, rates)

    def _write_means(
        self,
        first: int,
        rates: np.ndarray,
        path: ScenePath | None,
        mean: np.ndarray,
        groups: np.ndarray | None,
        middle: np.ndarray | None,
    ) -> None:
        wanted = _ALL if groups is not None else _ALL[GROUPS:]
        if middle is not None:
            wanted = np.vstack((_MIDDLE, wanted))
        seen = wanted[:, first : first + len(rates)].any(1)
        found = self._means[: np.count_nonzero(seen)]
        if len(found):
            _means(rates, first, wanted[seen], path, found)
        within = found[:0]
        if middle is not None:
            ahead, seen = int(seen[0]), seen[1:]
            within, found = found[:ahead], found[ahead:]
        if groups is not None:
            newest_first = groups[::-1]
            newest_first[~seen[:GROUPS]] = mean
            newest_first[seen[:GROUPS]] = found[: np.count_nonzero(seen[:GROUPS])]
        if len(rates):
            mean[:] = found[-1]
        if middle is not None:
            middle[:] = within[0] if len(within) else mean

    def _spans(self) -> tuple[int, np.ndarray]:
        """Return the index of the newest available span, and the rates of all available spans."""
        history, seen = self._history, self._seen()
        cuts = history.lookahead - _CUTS
        first, spans = int(np.argmax(seen)), max(0, np.count_nonzero(seen) - 1)
        if spans:
            mean_rates(history, cuts[seen], self._rates[:spans])
        return first, self._rates[:spans]

    def _seen(self) -> np.ndarray:
        """Return which borders of the spans lie within the planes that are kept, bool."""
        return self._history.has(self._history.lookahead - _CUTS)


def _means(
    rates: np.ndarray, first: int, weights: np.ndarray, path: ScenePath | None, out: np.ndarray
) -> None:
    """Write weighted means of spans, warped along a path if there is one.

    Args:
        rates: float32 [spans, height, width].
        first: index of the first of them among all spans.
        weights: [means, all spans].
        path: of the scene points.
        out: float32 [means, height, width].
    """
    used = slice(first, first + len(rates))
    if path is not None:
        warped_means(rates, _LATER[used], weights[:, used], path, out)
        return
    for row, mean in zip(weights[:, used].astype(np.float32), out, strict=True):
        # Not a matrix product: BLAS threads would spin while they wait for the next one.
        np.einsum('s,shw->hw', row / row.sum(), rates, out=mean)
