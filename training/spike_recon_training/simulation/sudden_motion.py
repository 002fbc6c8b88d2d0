# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Motion with constant velocity between corners, a few milliseconds apart.

The paths of `paths.py` bend slowly and change their speed only every 30 to 600 ms, so the few
milliseconds that a spike camera averages are nearly straight. Here each mover shifts, spins or
zooms at a constant rate, and turns, reverses, stops or starts at every corner.
"""

import math

import torch

from spike_recon_training.simulation.paths import POSE, log_uniform, uniform

SPANS = 64
"""Number of spans between corners; after the last one everything stands still."""
SHIFTS, SPINS = 0.6, 0.25
"""Share of the movers that shift, and of those that spin; the others zoom."""
STOPS, REVERSALS = 0.2, 0.3
"""Share of spans without motion, and of those opposite to the span before."""
SLOWEST = 0.2
"""Minimum speed of the other spans, as a share of the maximum."""
MOST_ZOOM = 0.5
"""Maximum log scale; there a zoom reverses."""


class SuddenMotion:
    """Paths with corners for a batch of worlds.

    Args:
        generator: random generator, on the device of the result.
        greatest_px_s: float32 [batch, movers], maximum speed, pixels/s.
        half_px: distance from the image centre to a corner, pixels.
        share: share of worlds that move like this.
        span_ms: range of the time between two corners, ms.
        allowed: bool [batch], the worlds that may; None = all.
        grid: period and phase in s; in half of the worlds all corners lie at phase + n period.
            Data sets that are made from videos have their corners and their ground truth at the
            frames of the video. None = corners at any time.

    Attributes:
        worlds: bool [batch], the worlds that move like this.
    """

    def __init__(
        self,
        generator: torch.Generator,
        greatest_px_s: torch.Tensor,
        half_px: float,
        share: float,
        span_ms: tuple[float, float],
        allowed: torch.Tensor | None = None,
        grid: tuple[float, float] | None = None,
    ) -> None:
        shape = (*greatest_px_s.shape, SPANS)
        self.worlds = uniform(generator, shape[:1], 0, 1) < share
        if allowed is not None:
            self.worlds &= allowed
        self._length_s = log_uniform(generator, shape, span_ms[0] / 1e3, span_ms[1] / 1e3)
        phase_s = 0.0
        if grid is not None:
            period_s, phase_s = grid[0], grid[1] % grid[0]
            whole = (self._length_s / period_s).round().clamp(min=1) * period_s
            keyed = uniform(generator, (*shape[:1], 1, 1), 0, 1) < 0.5
            self._length_s = torch.where(keyed, whole, self._length_s)
        self._start_s = self._length_s.cumsum(-1) - self._length_s + phase_s
        speed = log_uniform(generator, shape, SLOWEST, 1.0) * greatest_px_s[..., None]
        speed = torch.where(uniform(generator, shape, 0, 1) < STOPS, 0.0, speed)
        heading = uniform(generator, shape, 0, 2 * math.pi)
        back = uniform(generator, shape, 0, 1) < REVERSALS
        heading[..., 1:] = torch.where(
            back[..., 1:], heading[..., :-1] + math.pi, heading[..., 1:]
        )
        sign = torch.where(uniform(generator, (*shape[:2], 1), 0, 1) < 0.5, -1.0, 1.0)
        kind = uniform(generator, (*shape[:2], 1), 0, 1)
        shift = torch.where(kind < SHIFTS, speed, 0.0)
        spins = (kind >= SHIFTS) & (kind < SHIFTS + SPINS)
        spin = torch.where(spins, sign * speed / half_px, 0.0)
        zoom = torch.where(kind >= SHIFTS + SPINS, sign * speed / half_px, 0.0)
        still = torch.zeros_like(speed)
        self._rate = torch.stack(
            [shift * heading.cos(), shift * heading.sin(), spin, zoom, still, still], -1
        )
        self._rate[~self.worlds] = 0.0

    def pose(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return the poses, float32 [batch, times, movers, 6], at float32 [batch, times], s.

        They are 0 in the other worlds; POSE gives the units of the six components.
        """
        elapsed_s = (t_s[:, :, None, None] - self._start_s[:, None]).clamp(min=0)
        elapsed_s = torch.minimum(elapsed_s, self._length_s[:, None])
        pose = torch.einsum('btms,bmsc->btmc', elapsed_s, self._rate)
        zoom = POSE.index('zoom')
        folded = (pose[..., zoom] + MOST_ZOOM) % (4 * MOST_ZOOM)
        pose[..., zoom] = MOST_ZOOM - (folded - 2 * MOST_ZOOM).abs()
        return pose
